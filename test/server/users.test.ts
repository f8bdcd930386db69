/** Who is admitted, and what those hear who are not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { connect, createServer, type Server } from "../../src/index.ts";
import { createRuntime } from "../../src/connection/runtime.ts";
import { Link } from "../../src/client/connection/link.ts";
import { HELLO_DEADLINE, PASSWORD_CHECKS, PASSWORDS_WAITING } from "../../src/limits.ts";
import { memoryPair } from "../../src/net/memory.ts";
import type { Transport } from "../../src/net/transport.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { createToken } from "../../src/server/users/tokens.ts";
import { Users } from "../../src/server/users/users.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { Raw, TestRuntime } from "../connection/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { ELSEWHERE, testExcept, testTogether } from "../support/ways.ts";
import { createUsers, type TestUsers, withPassword } from "../support/users.ts";

type Hello = Extract<FrameBodyInit, { case: "hello" }>["value"];
type Credentials = NonNullable<Hello["credentials"]>;

const PASSWORD = "correct horse";

const folder = new TemporaryFolder();
let server: Server;
let users: TestUsers;

beforeAll(async () => {
  folder.file("library/f", "contents");
  users = createUsers(folder, { alice: {}, bob: await withPassword(PASSWORD) });
  server = await start();
});

/** A server of its own has no memory of wrong passwords. */
function start(): Promise<Server> {
  const library = folder.at("library");
  return startServer({ library, users: users.path, durability: "none" });
}

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const token = (value: string): Credentials => ({ kind: { case: "token", value } });
const password = (user: string, word: string): Credentials => ({
  kind: { case: "userPassword", value: { user, password: word } },
});

const hello = (credentials?: Credentials): FrameBodyInit => ({
  case: "hello",
  value: { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 1024, credentials },
});

/** The Failure that answers a Hello with a request right behind it: no answer to that may come before. */
async function refusal(credentials: Credentials | undefined) {
  await using own = await start();
  using peer = await RawPeer.connect(own.port);
  peer.together(() => {
    peer.frame(0, hello(credentials));
    peer.request(1, { case: "get", value: { path: "f" } });
  });
  const first = await peer.next();
  if (first === "end" || first === "closed" || !("body" in first)) throw new Error("no frame");
  expect([first.stream, first.body?.case]).toEqual([0, "failure"]);
  await peer.ended();
  return first.body?.case === "failure" ? first.body.value : undefined;
}

describe("a client that is not admitted", () => {
  const wrong = "the user, or the password, is wrong";
  const unknown = "the token is not, or no longer, that of a user";
  const table: readonly [string, () => Credentials | undefined, string, string | RegExp][] = [
    ["no credentials", () => undefined, "UNAUTHENTICATED", /asks for a token/],
    ["empty ones", () => ({}), "UNAUTHENTICATED", /of a kind that is not known/],
    ["an empty token", () => token(""), "UNAUTHENTICATED", unknown],
    ["a wrong token", () => token(createToken()), "UNAUTHENTICATED", unknown],
    ["the hash of a token", () => token(hashOf(users.token("alice"))), "UNAUTHENTICATED", unknown],
    ["a token with a space", () => token(`${users.token("alice")} `), "UNAUTHENTICATED", unknown],
    ["a token of 4,097 bytes", () => token("x".repeat(4097)), "INVALID_ARGUMENT", /4097 bytes/],
    ["a wrong password", () => password("bob", "wrong horse"), "UNAUTHENTICATED", wrong],
    ["an empty password", () => password("bob", ""), "UNAUTHENTICATED", wrong],
    ["a user that is not there", () => password("carol", PASSWORD), "UNAUTHENTICATED", wrong],
    ["a user without a password", () => password("alice", PASSWORD), "UNAUTHENTICATED", wrong],
    ["a name that every object has", () => password("constructor", "x"), "UNAUTHENTICATED", wrong],
    ["a user of 129 bytes", () => password("x".repeat(129), "x"), "INVALID_ARGUMENT", /129 bytes/],
    [
      "a password of 1,025 bytes",
      () => password("bob", "x".repeat(1025)),
      "INVALID_ARGUMENT",
      /1025/,
    ],
  ];
  test.each(table)("with %s", async (_name, credentials, code, message) => {
    const failure = await refusal(credentials());
    expect(failure).toMatchObject({ code, retryable: false });
    expect(failure?.message).toMatch(message);
  });

  test("by a second Hello is cut, even with the right token", async () => {
    using peer = await RawPeer.connect(server.port);
    peer.frame(0, hello(token(users.token("alice"))));
    expect((await peer.body(0)).case).toBe("welcome");
    peer.frame(0, hello(token(users.token("alice"))));
    expect(await peer.failure(0)).toMatchObject({ code: "PROTOCOL_ERROR" });
    await peer.ended();
  });

  test("whose credentials are too long for a Hello hears so at once", async () => {
    using peer = await RawPeer.connect(server.port);
    peer.frame(0, hello(token("x".repeat(17_000))));
    expect(await peer.failure(0)).toMatchObject({ code: "TOO_LARGE" });
  });
});

function hashOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

describe("a client that is admitted", () => {
  test("by its token or its password is served, requests behind its Hello included", async () => {
    for (const credentials of [token(users.token("alice")), password("bob", PASSWORD)]) {
      using peer = await RawPeer.connect(server.port);
      peer.together(() => {
        peer.frame(0, hello(credentials));
        peer.request(1, { case: "stat", value: { path: "f" } });
      });
      expect((await peer.body(0)).case).toBe("welcome");
      expect((await peer.body(1)).case).toBe("response");
    }
  });

  testExcept(["iterative"], "it serves one client at a time")(
    "uses the library as others do",
    async () => {
      await using client = await connect(server.address, {
        credentials: { token: users.token("alice") },
      });
      expect(await (await client.get("f")).text()).toBe("contents");
      const other = connect(server.address, { credentials: { user: "bob", password: "wrong" } });
      await expect(other).rejects.toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
      await using bob = await connect(server.address, {
        credentials: { user: "bob", password: PASSWORD },
      });
      expect(await bob.stat("f")).toMatchObject({ size: 8 });
    },
  );

  testTogether("without credentials is the user anonymous, where there is one", async () => {
    using own = new TemporaryFolder();
    own.file("library/f", "contents");
    const { path } = createUsers(own, { anonymous: {} });
    await using open = await startServer({ library: own.at("library"), users: path });
    await using client = await connect(open.address);
    expect(await client.stat("f")).toMatchObject({ size: 8 });
    const wrong = connect(open.address, { credentials: { token: "wrong" } });
    await expect(wrong).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("users that change", () => {
  const several = testExcept(["iterative"], "it serves one client at a time");

  several("are served as the file says after reload, and one that is gone is cut", async () => {
    using own = new TemporaryFolder();
    own.file("library/f", "contents");
    const file = createUsers(own, { alice: {}, bob: {} });
    const library = own.at("library");
    await using changing = await startServer({ library, users: file.path });
    const come = (name: string) =>
      connect(changing.address, { credentials: { token: file.token(name) } });
    await using alice = await come("alice");
    await using bob = await come("bob");
    file.write({ bob: {}, carol: {} });
    await changing.reload();
    await alice.closed;
    await using carol = await come("carol");
    for (const client of [bob, carol]) expect(await client.stat("f")).toMatchObject({ size: 8 });
    await expect(come("alice")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  several("stay as they were while the file is wrong, or others can read it", async () => {
    using own = new TemporaryFolder();
    own.file("library/f", "contents");
    const file = createUsers(own, { alice: {} });
    const library = own.at("library");
    await using changing = await startServer({ library, users: file.path });
    const credentials = { token: file.token("alice") };
    await using alice = await connect(changing.address, { credentials });
    own.file("users.json", '{ "users": { "alice": { "tokens": "all" } } }');
    await expect(changing.reload()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/users\.json" is wrong: users\.alice\.tokens: .*Array/),
    });
    file.write({});
    chmodSync(file.path, 0o640);
    await expect(changing.reload()).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("chmod 600"),
    });
    expect(await alice.stat("f")).toMatchObject({ size: 8 });
    await using again = await connect(changing.address, { credentials });
    expect(await again.stat("f")).toMatchObject({ size: 8 });
  });
});

describe("a users file", () => {
  const record = '{ "tokens": [] }';
  const wrong: readonly [string, string, RegExp][] = [
    ["is no JSON", "users: {}", /JSON/],
    ["has another field", '{ "users": {}, "more": 1 }', /more/],
    ["has a user with another field", '{ "users": { "a": { "rot": "" } } }', /users\.a\.rot/],
    ["has a bad hash", '{ "users": { "a": { "password": "secret" } } }', /a\.password: a hash/],
    ["has an expensive hash", JSON.stringify({ users: { a: { password: EXPENSIVE } } }), /a hash/],
    ["has a name with a space", `{ "users": { "a b": ${record} } }`, /name of a user/],
    ["has a bad name", `{ "users": { "../a": ${record} } }`, /name of a user/],
    ["has a name of every object", `{ "users": { "toString": ${record} } }`, /name of a user/],
  ];
  test.each(wrong)("that %s is refused, in one sentence", async (_name, text, why) => {
    using own = new TemporaryFolder();
    chmodSync(own.file("users.json", text), 0o600);
    const starting = createServer({ library: own.path, users: own.at("users.json") });
    await expect(starting).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(why),
    });
  });

  test("that is missing, a folder, or too long is refused", async () => {
    using own = new TemporaryFolder();
    chmodSync(own.file("long", " ".repeat(5 * 1024 * 1024)), 0o600);
    const codes = { nothing: "NOT_FOUND", ".": "NOT_A_REGULAR_FILE", long: "TOO_LARGE" };
    for (const [name, code] of Object.entries(codes)) {
      const starting = createServer({ library: own.path, users: own.at(name) });
      await expect(starting).rejects.toMatchObject({ code });
    }
  });
});

/** Hashes with other costs would tell users that exist from others. */
const EXPENSIVE = `$argon2id$v=19$m=1945600,t=9,p=1$${"A".repeat(43)}$${"A".repeat(43)}`;

describe("credentials", () => {
  test("over a network that others can read are refused, even the right ones", async () => {
    const runtime = createRuntime();
    const library = folder.at("library");
    const options = { library, durability: "none" } as const;
    const host = new Host(openDiskStore(library), options, runtime, new Users(users.path));
    const loop = new LeatServer(host);
    let raw!: Raw;
    memoryPair(
      (transport) => loop.accept(inTheClear(transport)),
      (transport) => (raw = new Raw(transport)),
    );
    raw.frame(0, hello(token(users.token("alice"))));
    expect(await failureOf(raw)).toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("network"),
    });
    raw.transport.close();
    await loop.stop({ drain: 0 });
  });

  test("are not sent by a client over a network that others can read", async () => {
    let raw!: Raw;
    const opened = Promise.withResolvers<Link>();
    memoryPair(
      (transport) => (raw = new Raw(transport)),
      (transport) => {
        const credentials = { token: users.token("alice") };
        const link = new Link(inTheClear(transport), createRuntime(), credentials);
        opened.resolve(link);
        return link.connection;
      },
    );
    const link = await opened.promise;
    const heard: ReturnType<Raw["heard"]> = [];
    const isOver = link.welcomed.then(
      () => undefined,
      (error: unknown) => error,
    );
    const told = await Promise.race([isOver, until(() => heard.push(...raw.heard()) > 0)]);
    expect(heard).toEqual([]);
    expect(told).toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("could read the credentials"),
    });
    expect(raw.heard()).toEqual([]);
  });

  testExcept(ELSEWHERE, "the time is that of this process")(
    "that are not checked in time end with the deadline of Hello",
    async () => {
      const runtime = new TestRuntime();
      const library = folder.at("library");
      const options = { library, durability: "none" } as const;
      const host = new Host(openDiskStore(library), options, runtime, new Users(users.path));
      const loop = new LeatServer(host);
      const raws = Array.from({ length: 8 }, () => {
        let raw!: Raw;
        memoryPair(loop.accept, (transport) => (raw = new Raw(transport)));
        raw.frame(0, hello(password("bob", PASSWORD)));
        return raw;
      });
      await Bun.sleep(0);
      runtime.pass(HELLO_DEADLINE + 1);
      const last = raws.at(-1)!;
      expect(await failureOf(last)).toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining("10 s"),
      });
      for (const raw of raws) raw.transport.close();
      await loop.stop({ drain: 0 });
    },
  );

  const own = testExcept([...ELSEWHERE, "iterative"], "each process or thread checks for itself");
  own("beyond those that may wait are told to come back", async () => {
    await using fresh = await start();
    using all = new DisposableStack();
    const peers = await Promise.all(
      Array.from({ length: PASSWORDS_WAITING * 2 }, () => RawPeer.connect(fresh.port)),
    );
    for (const peer of peers) all.use(peer).frame(0, hello(password("carol", PASSWORD)));
    const failures = await Promise.all(peers.map((peer) => peer.failure(0)));
    const told = failures.map(({ code, message }) => `${code}: ${message}`);
    expect(
      told.filter((line) => line.startsWith("RESOURCE_EXHAUSTED: too many passwords")),
    ).toHaveLength(PASSWORDS_WAITING - PASSWORD_CHECKS);
    expect(told.some((line) => line.startsWith("UNAUTHENTICATED"))).toBe(true);
  });
});

/** The Failure that is its first frame. */
async function failureOf(raw: Raw): Promise<unknown> {
  while (true) {
    const [first] = raw.heard();
    if (first?.body?.case === "failure") return first.body.value;
    if (first !== undefined) throw new Error(`${first.body?.case} came`);
    await Bun.sleep(1);
  }
}

/** The transport of a peer on another machine, without encryption. */
function inTheClear(transport: Transport): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "isPrivate" || name === "isLocal") return false;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

testExcept([...ELSEWHERE, "iterative"], "each process or thread has files of its own")(
  "stores of users take of the files that may be open, and give them back",
  async () => {
    using own = new TemporaryFolder();
    own.folder("library");
    const { path, token } = createUsers(own, { alice: {}, bob: {} });
    const maxOpenFiles = 20;
    await using few = await startServer({ library: own.at("library"), users: path, maxOpenFiles });
    const come = (user: string, retry = 0) =>
      connect(few.address, { credentials: { token: token(user) }, retry });
    const alice = await come("alice");
    await using again = await come("alice");
    const refused = come("bob");
    await expect(refused).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await alice.close();
    await again.close();
    await using bob = await come("bob", 60_000);
    expect(await bob.stat("")).toMatchObject({ kind: "DIRECTORY" });
  },
);

test("a server without users refuses credentials, and says so", async () => {
  using own = new TemporaryFolder();
  await using open = await createServer({ library: own.path });
  await expect(connect(open.address, { credentials: { token: "x" } })).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
    message: expect.stringContaining("no users"),
  });
});
