/** TLS, in every model: which clients and servers trust each other, and what those hear that do not. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  type Client,
  type ClientTls,
  connect,
  LeatError,
  type Log,
  type Server,
  type ServerOptions,
  type ServerTls,
} from "../../src/index.ts";
import { parseAddress, type SocketAddress } from "../../src/client/connection/address.ts";
import { Authority } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";
import { until } from "../support/until.ts";
import { createUsers } from "../support/users.ts";

const authority = new Authority();
const LOCAL = { name: "server", alternatives: "DNS:localhost,IP:127.0.0.1" };
const server1 = authority.issue(LOCAL);
const TRUST: ClientTls = { ca: authority.cert };
const CONTENTS = Buffer.alloc(3_000_007, "0123456789abcdefghijklmnopqrs");

class Served implements AsyncDisposable {
  readonly library = new TemporaryFolder();
  readonly lines: string[] = [];
  server!: Server;

  static async start(tls: ServerTls | undefined, options: ServerOptions = {}): Promise<Served> {
    const served = new Served();
    served.library.file("served", CONTENTS);
    const { path } = served.library;
    const log = served.log;
    served.server = await startServer({ library: path, tls, log, durability: "none", ...options });
    return served;
  }

  get log(): Log {
    const line = (facts: object, message: string) =>
      void this.lines.push(`${message} ${JSON.stringify(facts)}`);
    return { debug: line, info: line, warn: line, error: line };
  }

  connect(tls?: ClientTls, host = "127.0.0.1"): Promise<Client> {
    const address = `tls://${host}:${this.server.port}`;
    return connect(address, tls === undefined ? {} : { tls });
  }

  /** Waits for a line of the log. */
  async logged(pattern: RegExp): Promise<string> {
    await until(() => this.lines.some((line) => pattern.test(line)));
    return this.lines.find((line) => pattern.test(line))!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ drain: 0 });
    this.library[Symbol.dispose]();
  }
}

/** What a promise is rejected with. */
async function refusal(promise: Promise<Client>): Promise<LeatError> {
  const thrown = await promise.then(
    (client) => client.close(),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(LeatError);
  return thrown as LeatError;
}

describe("a server with TLS", () => {
  test("says so in its address, and moves whole files both ways", async () => {
    await using served = await Served.start(server1);
    expect(served.server.address).toBe(`tls://127.0.0.1:${served.server.port}`);
    await using client = await connect(served.server.address, { tls: TRUST });
    await (await client.get("served")).save(served.library.at("got"));
    expect(readFileSync(served.library.at("got")).equals(CONTENTS)).toBe(true);
    await client.put("sent", Bun.file(served.library.at("got")));
    expect(readFileSync(served.library.at("sent")).equals(CONTENTS)).toBe(true);
  });
});

/** The fingerprint of a certificate, as openssl tells it. */
function pinOf({ certFile }: { readonly certFile: string }): string {
  const words = ["x509", "-in", certFile, "-noout", "-fingerprint", "-sha256"];
  const { stdout } = Bun.spawnSync(["openssl", ...words]);
  return `sha256:${stdout.toString().trim().split("=")[1]}`;
}

describe("a client", () => {
  const self = authority.selfSigned("self");
  const other = new Authority();
  const foreign = other.issue(LOCAL);

  test.each<[string, ServerTls, string, RegExp]>([
    [
      "of an unknown authority",
      foreign,
      "127.0.0.1",
      /signed by no authority that is trusted here/,
    ],
    ["of itself", self, "127.0.0.1", /signed by no authority that is trusted here/],
    [
      "for another name",
      authority.issue({ name: "x", alternatives: "DNS:example.org" }),
      "localhost",
      /is for another name: DNS:example\.org/,
    ],
    [
      "for a name, not for the address",
      authority.issue({ name: "x", alternatives: "DNS:localhost" }),
      "127.0.0.1",
      /is for another name: DNS:localhost/,
    ],
    ["that has expired", authority.issue({ ...LOCAL, days: -1 }), "127.0.0.1", /has expired/],
  ])("refuses a certificate %s, and names its fingerprint", async (_what, tls, host, why) => {
    await using served = await Served.start(tls);
    const error = await refusal(served.connect(TRUST, host));
    expect([error.code, error.retryable]).toEqual(["UNAUTHENTICATED", false]);
    expect(error.message).toMatch(why);
    expect(error.message).toMatch(/ fingerprint is sha256:[0-9a-f]{64}:/);
  });

  test("has the authorities of the system unless others are given", async () => {
    await using served = await Served.start(server1);
    const error = await refusal(served.connect());
    expect(error.message).toContain("signed by no authority that is trusted here");
  });

  test.each<[string, typeof self]>([
    ["of itself", self],
    ["of an unknown authority", foreign],
    ["for another name", authority.issue({ name: "x", alternatives: "DNS:example.org" })],
    ["that has expired", authority.issue({ ...LOCAL, days: -1 })],
  ])("takes a certificate %s if it is pinned, or insecure is said", async (_what, certificate) => {
    await using served = await Served.start(certificate);
    const pin = pinOf(certificate);
    const base64 = Buffer.from(pin.slice(7).replaceAll(":", ""), "hex").toString("base64");
    const trusts: ClientTls[] = [{ pin }, { pin: `sha256:${base64}` }, { insecure: true }];
    for (const tls of trusts) {
      await using client = await served.connect(tls);
      expect((await client.stat("served")).size).toBe(CONTENTS.length);
    }
  });

  test("sends no credentials to another machine that it has not proven", async () => {
    // To each other, these two addresses are those of different machines.
    await using served = await Served.start(self, { hostname: "127.0.0.2" });
    const address = `tls://127.0.0.2:${served.server.port}`;
    const credentials = { token: "a secret" };
    const error = await refusal(connect(address, { tls: { insecure: true }, credentials }));
    expect(error.message).toContain("others could read");
    const sent = await refusal(connect(address, { tls: { pin: pinOf(self) }, credentials }));
    expect(sent.message).not.toContain("others could read");
    expect(sent.code).toBe("UNAUTHENTICATED"); // of the server, which has no such user
  });

  test("refuses every other certificate than the pinned one, also of a trusted authority", async () => {
    await using served = await Served.start(server1);
    const error = await refusal(served.connect({ pin: pinOf(self) }));
    expect([error.code, error.message]).toEqual([
      "UNAUTHENTICATED",
      `tls://127.0.0.1:${served.server.port} shows the certificate ${shown(pinOf(server1))}, and not the one that is pinned`,
    ]);
  });

  test.each<[string, ClientTls, RegExp]>([
    [
      "a pin that is none",
      { pin: "sha256:abc" },
      /^tls\.pin is "sha256:abc"; it should be sha256:/,
    ],
    ["a pin of another kind", { pin: `sha1:${"0".repeat(40)}` }, /^tls\.pin is /],
    ["authorities that are none", { ca: "nothing" }, /^tls\.ca has no certificate in PEM form$/],
    ["pin and authorities", { ca: authority.cert, pin: pinOf(self) }, /exclude each other$/],
    ["insecure and a pin", { insecure: true, pin: pinOf(self) }, /exclude each other$/],
    ["a certificate without its key", { cert: self.cert }, /^tls\.cert needs tls\.key, too$/],
    [
      "the key of another one",
      { cert: self.cert, key: foreign.key },
      /is not the key of tls\.cert$/,
    ],
  ])("refuses %s", async (_what, tls, why) => {
    const error = await refusal(connect("tls://127.0.0.1:1", { tls }));
    expect([error.code, error.message]).toEqual(["INVALID_ARGUMENT", expect.stringMatching(why)]);
  });

  test.each(["tcp://127.0.0.1:1", "unix:/nowhere", "ssh://nowhere/x"])(
    "refuses options of TLS for %s, which has none",
    async (address) => {
      const error = await refusal(connect(address, { tls: TRUST }));
      expect(error.code).toBe("INVALID_ARGUMENT");
      expect(error.message).toContain("options of TLS are given");
    },
  );

  test("speaks TLS to this machine without a scheme if options of TLS are given", async () => {
    await using served = await Served.start(server1);
    await using client = await connect(`127.0.0.1:${served.server.port}`, { tls: TRUST });
    expect((await client.stat("served")).size).toBe(CONTENTS.length);
    const error = await refusal(connect(`127.0.0.1:${served.server.port}`, { tls: {} }));
    expect(error.message).toContain("the server speaks TLS");
  });

  test("speaks TLS to other machines unless tcp:// is written", () => {
    const kinds = (
      [
        "example.org:1",
        "192.0.2.1",
        "[2001:db8::1]:1",
        "tcp://example.org",
        "localhost",
        "127.9.9.9:1",
        "[::1]",
        "tls://localhost",
        "0.0.0.0:1",
      ] as const
    ).map((text) => [text, (parseAddress(text) as SocketAddress).isSecure]);
    expect(Object.fromEntries(kinds)).toEqual({
      "example.org:1": true,
      "192.0.2.1": true,
      "[2001:db8::1]:1": true,
      "tcp://example.org": false,
      localhost: false,
      "127.9.9.9:1": false,
      "[::1]": false,
      "tls://localhost": true,
      "0.0.0.0:1": false,
    });
  });
});

const shown = (pin: string): string =>
  pin.replaceAll(":", "").toLowerCase().replace("sha256", "sha256:");

describe("TLS on one side only", () => {
  test("a client without TLS hears that the server has it, and the server logs it", async () => {
    await using served = await Served.start(server1);
    const error = await refusal(connect(`tcp://127.0.0.1:${served.server.port}`));
    expect([error.code, error.retryable]).toEqual(["PROTOCOL_ERROR", false]);
    expect(error.message).toMatch(/^the server speaks TLS: .* tls:\/\/$/);
    await served.logged(/^the client speaks no TLS, and this server requires it/);
  });

  test("a client with TLS hears that the server has none, and the server logs it", async () => {
    await using served = await Served.start(undefined);
    const error = await refusal(served.connect(TRUST));
    expect([error.code, error.retryable]).toEqual(["PROTOCOL_ERROR", false]);
    expect(error.message).toBe(
      `tls://127.0.0.1:${served.server.port} answers without TLS: if that is meant, its address begins with tcp://`,
    );
    await served.logged(/^the client speaks TLS, and this server does not/);
  });
});

describe("other clients", () => {
  async function openssl(port: number, ...words: string[]): Promise<string> {
    const child = Bun.spawn(["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return out + err;
  }

  test("need TLS 1.3", async () => {
    await using served = await Served.start(server1);
    const { port } = served.server;
    expect(await openssl(port, "-alpn", "leat/1", "-tls1_2")).toContain("alert protocol version");
    await served.logged(/^the client has no TLS 1\.3/);
    expect(await openssl(port, "-alpn", "leat/1")).toMatch(/New, TLSv1\.3, .*/);
  });

  test("need the protocol leat/1", async () => {
    await using served = await Served.start(server1);
    const { port } = served.server;
    expect(await openssl(port, "-alpn", "h2")).toContain("alert no application protocol");
    await openssl(port);
    await until(
      () => served.lines.filter((line) => /speaks TLS, but not leat/.test(line)).length === 2,
    );
  });

  test("get no session to resume: each shows its certificate when it connects", async () => {
    await using served = await Served.start(server1);
    // The answer to bytes that are no Hello, and the end, come behind all tickets.
    const words = ["-connect", `127.0.0.1:${served.server.port}`, "-alpn", "leat/1", "-ign_eof"];
    const child = Bun.spawn(["openssl", "s_client", ...words], {
      stdin: Buffer.from("no Hello\n"),
      stdout: "pipe",
      stderr: "ignore",
    });
    const text = await child.stdout.text();
    expect([text.includes("ALPN protocol: leat/1"), text.includes("New Session Ticket")]).toEqual([
      true,
      false,
    ]);
  });
});

describe("mutual TLS", () => {
  const mutual: ServerTls = { ...server1, clientCa: authority.cert };
  const other = new Authority();
  const as = ({ cert, key }: ServerTls): ClientTls => ({ ...TRUST, cert, key });

  test.each<[string, string, string | undefined]>([
    ["anna@example.org", "Anna", "email:anna@example.org"],
    ["build-7.example.org", "x", "DNS:build-7.example.org,DNS:other.example.org"],
    ["spiffe://example.org/backup", "x", "URI:spiffe://example.org/backup"],
    ["bert", "bert", undefined],
    ["bert", "bert", "IP:127.0.0.1"],
  ])("takes the user %s from a certificate", async (user, name, alternatives) => {
    await using served = await Served.start(mutual);
    const own = authority.issue({ name, ...(alternatives === undefined ? {} : { alternatives }) });
    await using client = await served.connect(as(own));
    expect((await client.stat("served")).size).toBe(CONTENTS.length);
    expect(await served.logged(/^hello /)).toContain(`"identity":"${user}"`);
  });

  test.each<[string, ClientTls, RegExp]>([
    ["no certificate", TRUST, /asks for a client's certificate, and the client has none$/],
    ["one of another authority", as(other.issue({ name: "mallory" })), /is not accepted: /],
    [
      "one of itself",
      as(authority.selfSigned("mallory")),
      /is not accepted: self signed certificate$/,
    ],
    [
      "an expired one",
      as(authority.issue({ name: "anna", days: -1 })),
      /is not accepted: certificate has expired$/,
    ],
    ["a name with a space", as(authority.issue({ name: "anna smith" })), /names no user/],
    [
      "a name that looks like two",
      as(authority.issue({ name: "x", alternatives: "email:a b@example.org" })),
      /names no user/,
    ],
    [
      "a name of 300 bytes",
      as(authority.issue({ name: "x", alternatives: `URI:x:${"y".repeat(300)}` })),
      /names no user/,
    ],
  ])("refuses a client with %s: both sides hear why", async (_what, tls, why) => {
    await using served = await Served.start(mutual);
    const error = await refusal(served.connect(tls));
    expect([error.code, error.retryable]).toEqual(["UNAUTHENTICATED", false]);
    expect(error.message).toMatch(why);
    await served.logged(new RegExp(why.source.replace("$", "")));
  });
});

testExcept(["iterative"], "one client at a time")(
  "a user who is removed does not come in by a certificate that is still valid",
  async () => {
    using folder = new TemporaryFolder();
    const users = createUsers(folder, { anna: {}, bert: {} });
    const tls = { ...server1, clientCa: authority.cert };
    await using served = await Served.start(tls, { users: users.path });
    const as = (name: string): ClientTls => {
      const { cert, key } = authority.issue({ name });
      return { ...TRUST, cert, key };
    };
    const [anna, bert, carla] = [as("anna"), as("bert"), as("carla")];
    await using client = await served.connect(anna);
    expect((await client.stat("served")).size).toBe(CONTENTS.length);
    users.write({ bert: {} });
    await served.server.reload();
    await client.closed;
    for (const tried of [anna, carla]) {
      const error = await refusal(served.connect(tried));
      expect(error.code).toBe("UNAUTHENTICATED");
      expect(error.message).toMatch(/names (anna|carla), who is no user of this server/);
    }
    await (await served.connect(bert)).close();
  },
);

describe("another certificate", () => {
  const next = authority.issue({ ...LOCAL, name: "next" });

  const stays = testExcept(["iterative"], "the first client is served until it leaves");
  stays("is for those that connect from now on; those that are connected stay", async () => {
    await using served = await Served.start(server1);
    await using before = await served.connect({ pin: pinOf(server1) });
    await served.server.reload({ tls: next });
    await until(async () => {
      const client = await served.connect({ pin: pinOf(next) }).catch(() => undefined);
      await client?.close();
      return client !== undefined;
    });
    expect((await refusal(served.connect({ pin: pinOf(server1) }))).code).toBe("UNAUTHENTICATED");
    expect((await before.stat("served")).size).toBe(CONTENTS.length);
  });

  test("that is none is refused, and the one before goes on", async () => {
    await using served = await Served.start(server1);
    const wrong = { cert: server1.cert, key: next.key };
    const thrown = await served.server.reload({ tls: wrong }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "tls.key is not the key of tls.cert",
    });
    await using client = await served.connect({ pin: pinOf(server1) });
    expect((await client.stat("served")).size).toBe(CONTENTS.length);
  });

  test("is nothing for a server without TLS", async () => {
    await using served = await Served.start(undefined);
    const thrown = await served.server.reload({ tls: next }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test.each<[string, object, RegExp]>([
  ["a certificate without its key", { cert: server1.cert }, /^tls\.cert needs tls\.key, too$/],
  ["no values at all", {}, /^tls\.cert /],
  ["values that are undefined", { cert: undefined, key: undefined }, /^tls\.cert /],
  ["a text that is no key", { ...server1, key: "x" }, /^tls\.key has no private key in PEM form$/],
  [
    "authorities that are none",
    { ...server1, clientCa: "" },
    /^tls\.clientCa has no certificate in PEM form$/,
  ],
])("a server is not started with %s", async (_what, tls, why) => {
  using library = new TemporaryFolder();
  const started = startServer({ library: library.path, tls: tls as ServerTls });
  const thrown = await started.catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(why) });
});

test("a Unix socket has no TLS", async () => {
  using library = new TemporaryFolder();
  const started = startServer({ library: library.path, tls: server1, unix: library.at("s") });
  expect(await started.catch((error: unknown) => error)).toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});
