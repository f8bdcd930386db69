/** What a user of a server can reach: the root, the permissions by folder, and nobody else's uploads. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { type Client, connect, type Server } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, KiB } from "../../src/limits.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";
import { until } from "../support/until.ts";
import { createUsers, type TestUsers } from "../support/users.ts";

type Operation = NonNullable<Extract<FrameBodyInit, { case: "request" }>["value"]["operation"]>;

const ALL = ["list", "read", "write", "overwrite", "delete", "rename", "mkdir", "checksum"];

const several = testExcept(["iterative"], "it serves one client at a time");

const folder = new TemporaryFolder();
let server: Server;
let users: TestUsers;

beforeAll(async () => {
  const files = ["alice/f", "alice/secret/s", "alice/read/r", "alice/inbox/i", "bob/b", "drop/d"];
  for (const file of files) {
    folder.file(`library/${file}`, `contents of ${file}`);
  }
  folder.folder("library/alice/deep/er/open");
  folder.folder("library/alice/box/inner");
  const links = { in: "secret/s", out: "../bob/b", folder: "secret", up: "..", own: "../.leat" };
  for (const [name, target] of Object.entries(links)) {
    symlinkSync(target, folder.at("library", "alice", name));
  }
  users = createUsers(folder, {
    alice: { root: "alice" },
    mallory: { root: "alice" },
    bob: { root: "bob" },
    carol: {
      root: "alice",
      allow: {
        "": ALL,
        secret: [],
        read: ["list", "read", "checksum"],
        inbox: ["write", "mkdir"],
        deep: [],
        "deep/er/open": ["list", "read"],
        "box/inner": [],
      },
    },
    dave: { allow: { bob: ["list"], "alice/read": ["read"] } },
    erin: { allow: { "": ALL, drop: ["write", "mkdir", "rename"] } },
  });
  const library = folder.at("library");
  server = await startServer({ library, users: users.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const as = (user: string): Promise<Client> =>
  connect(server.address, { credentials: { token: users.token(user) } });

const raw = (user: string): Promise<RawPeer> =>
  RawPeer.welcomed(server.port, DOWNLOAD_WINDOW, undefined, users.token(user));

const names = async (client: Client, path = ""): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of client.list(path, { hidden: true })) found.push(name);
  return found;
};

/** All names of the library: nothing was changed where these are the same. */
function everything(path = folder.at("library")): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== ".leat")
    .flatMap((entry) => {
      const below = join(path, entry.name);
      return entry.isDirectory() ? [below, ...everything(below)] : [below];
    })
    .toSorted();
}

describe("a user with a root", () => {
  test("sees it as the library, links that stay inside included", async () => {
    await using alice = await as("alice");
    expect(await names(alice)).toEqual([
      "box",
      "deep",
      "f",
      "folder",
      "in",
      "inbox",
      "out",
      "own",
      "read",
      "secret",
      "up",
    ]);
    expect(await (await alice.get("in")).text()).toBe("contents of alice/secret/s");
    await alice.put("new", Buffer.from("mine"));
    expect(await Bun.file(folder.at("library/alice/new")).text()).toBe("mine");
    await alice.remove("new");
  });

  const id = crypto.getRandomValues(new Uint8Array(16));
  /** Every field of a request that has a name. */
  const fields: Readonly<Record<string, (name: string) => Operation>> = {
    list: (path) => ({ case: "list", value: { path } }),
    stat: (path) => ({ case: "stat", value: { path } }),
    get: (path) => ({ case: "get", value: { path } }),
    put: (path) => ({ case: "put", value: { path, uploadId: id, size: 1, ifExists: "REPLACE" } }),
    "put, resumed": (path) => ({
      case: "put",
      value: { path, uploadId: id, size: 1, resume: true },
    }),
    remove: (path) => ({ case: "remove", value: { path } }),
    "rename from": (from) => ({ case: "rename", value: { from, to: "taken" } }),
    "rename to": (to) => ({ case: "rename", value: { from: "f", to } }),
    make_directory: (path) => ({ case: "makeDirectory", value: { path, parents: true } }),
    checksum: (path) => ({ case: "checksum", value: { path, algorithm: "SHA256" } }),
    walk: (path) => ({ case: "walk", value: { path, contentsUpTo: 1000 } }),
    "walk after": (after) => ({ case: "walk", value: { path: "", after, contentsUpTo: 1000 } }),
    put_tree: (path) => ({ case: "putTree", value: { path } }),
    make_link: (path) => ({ case: "makeLink", value: { path, target: "f" } }),
    set_attributes: (path) => ({ case: "setAttributes", value: { path, mode: 0o600 } }),
  };
  const bad = [
    "../bob/b",
    "/bob/b",
    "..",
    ".",
    "read/../../bob/b",
    "./f",
    "f/../f",
    "read//r",
    "a\0b",
  ];
  const own = [".leat", ".leat/users", ".LEAT/users"];
  const outside = ["out", "up/bob", "up/bob/b", "own/users"];

  for (const [field, request] of Object.entries(fields)) {
    test(`does not get out of it by a name in ${field}`, async () => {
      const before = everything();
      for (const name of [...bad, ...own, ...outside]) {
        // Links that lead outside are named as any file, and removed or renamed themselves.
        const isLast = outside.includes(name) && name === "out";
        if (isLast && /remove|rename|put$|after/.test(field)) continue;
        using peer = await raw("alice");
        peer.request(1, request(name));
        const body = await peer.body(1);
        const codes = ["INVALID_NAME", "NOT_FOUND", "PERMISSION_DENIED"];
        const code = body.case === "failure" ? body.value.code : body.case;
        // A link that is there has the name already.
        const taken = isLast ? ["ALREADY_EXISTS", "NOT_A_DIRECTORY"] : [];
        // Behind a name that is not there, the walk goes on with those that are.
        const goesOn = field === "walk after" && outside.includes(name) ? ["response"] : [];
        expect([name, [...codes, ...taken, ...goesOn].includes(code ?? "")]).toEqual([name, true]);
      }
      expect(everything()).toEqual(before);
    });
  }

  several("gets nothing else by a list of paths", async () => {
    using local = new TemporaryFolder();
    await using alice = await as("alice");
    const roots = ["read/r", ...outside, ...bad, ...own].map((path, index) => ({
      path,
      local: local.at(`${index}`),
    }));
    // A name that is no name makes the request fail, and with it all that is in it.
    for (const group of [roots.slice(0, 1 + outside.length), roots]) {
      const outcomes: (string | undefined)[] = [];
      for await (const { path, error } of alice.getTrees(group)) outcomes.push(error?.code ?? path);
      expect(outcomes).toHaveLength(group.length);
      const came = outcomes.filter(
        (each) => !/^(INVALID_NAME|NOT_FOUND|PERMISSION_DENIED)$/.test(each ?? ""),
      );
      expect(came).toEqual(group === roots ? [] : ["read/r"]);
    }
    await using carol = await as("carol");
    const hidden = ["secret/s", "in", "inbox/i", "f"].map((path) => ({
      path,
      local: local.at(path.replace("/", "-")),
    }));
    const outcomesOf = async (some: typeof hidden): Promise<string[]> => {
      const outcomes: string[] = [];
      for await (const { path, error } of carol.getTrees(some)) outcomes.push(error?.code ?? path);
      return outcomes;
    };
    const each = await Promise.all(hidden.map((root) => outcomesOf([root])));
    expect(each.flat()).toContain("f");
    expect((await outcomesOf(hidden)).toSorted()).toEqual(each.flat().toSorted());
  });

  test("makes no link that leads out of it", async () => {
    await using alice = await as("alice");
    for (const target of ["../bob/b", "..", "/etc/passwd", "read/../../bob/b", "../../x"]) {
      const made = alice.makeLink("leading", target);
      expect(await refusal(made)).toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(await names(alice)).not.toContain("leading");
  });

  several("follows it to another folder of that name", async () => {
    using own = new TemporaryFolder();
    own.file("library/root/one");
    const { path, token } = createUsers(own, { eve: { root: "root" }, new: { root: "a/b" } });
    await using moving = await startServer({ library: own.at("library"), users: path });
    await using eve = await connect(moving.address, { credentials: { token: token("eve") } });
    expect(await names(eve)).toEqual(["one"]);
    renameSync(own.at("library/root"), own.at("library/before"));
    mkdirSync(own.at("library/root"));
    own.file("library/root/two");
    await until(async () => (await names(eve))[0] === "two");
    await using fresh = await connect(moving.address, { credentials: { token: token("new") } });
    await fresh.put("f", Buffer.from("made with its root"));
    expect(await Bun.file(own.at("library/a/b/f")).text()).toBe("made with its root");
  });
});

describe("permissions by folder", () => {
  const data = Buffer.from("x");
  type Row = readonly [what: string, act: (carol: Client) => Promise<unknown>, code: string];
  const refused: readonly Row[] = [
    ["to see what is hidden", (c) => c.stat("secret"), "NOT_FOUND"],
    ["to see what is in it", (c) => c.stat("secret/s"), "NOT_FOUND"],
    ["to see it in another spelling", (c) => c.stat("SECRET/s"), "NOT_FOUND"],
    ["to read what is hidden", (c) => c.get("secret/s"), "NOT_FOUND"],
    ["to sum it up", (c) => c.checksum("secret/s"), "NOT_FOUND"],
    ["to list it", (c) => names(c, "secret"), "NOT_FOUND"],
    ["to write there", (c) => c.put("secret/new", data), "NOT_FOUND"],
    ["to remove it", (c) => c.remove("secret"), "NOT_FOUND"],
    ["to remove what is in it", (c) => c.remove("secret/s"), "NOT_FOUND"],
    ["to rename it", (c) => c.rename("secret", "mine"), "NOT_FOUND"],
    ["to rename out of it", (c) => c.rename("secret/s", "mine"), "NOT_FOUND"],
    ["to rename into it", (c) => c.rename("f", "secret/f"), "NOT_FOUND"],
    ["to make a folder in it", (c) => c.makeDirectory("secret/new"), "NOT_FOUND"],
    ["to read it by a link to the file", (c) => c.get("in"), "PERMISSION_DENIED"],
    ["to read it by a link to the folder", (c) => c.get("folder/s"), "PERMISSION_DENIED"],
    ["to list it by a link", (c) => names(c, "folder"), "PERMISSION_DENIED"],
    ["to write there by a link", (c) => c.put("folder/new", data), "PERMISSION_DENIED"],
    ["to write where it may read", (c) => c.put("read/new", data), "PERMISSION_DENIED"],
    [
      "to replace there",
      (c) => c.put("read/r", data, { ifExists: "replace" }),
      "PERMISSION_DENIED",
    ],
    ["to remove there", (c) => c.remove("read/r"), "PERMISSION_DENIED"],
    ["to rename there", (c) => c.rename("read/r", "read/q"), "PERMISSION_DENIED"],
    ["to rename from there", (c) => c.rename("read/r", "r"), "PERMISSION_DENIED"],
    ["to rename to there", (c) => c.rename("f", "read/f"), "PERMISSION_DENIED"],
    ["to make a folder there", (c) => c.makeDirectory("read/new"), "PERMISSION_DENIED"],
    ["to rename a folder of a rule", (c) => c.rename("read", "mine"), "PERMISSION_DENIED"],
    ["to remove a folder of a rule", (c) => c.remove("inbox"), "PERMISSION_DENIED"],
    ["to rename a folder above one", (c) => c.rename("deep", "mine"), "PERMISSION_DENIED"],
    ["to remove a folder above one", (c) => c.remove("deep/er"), "PERMISSION_DENIED"],
    ["to rename a folder with a hidden one", (c) => c.rename("box", "mine"), "PERMISSION_DENIED"],
    ["to rename to its name", (c) => c.rename("f", "box"), "PERMISSION_DENIED"],
    ["to remove a folder with a hidden one", (c) => c.remove("box"), "PERMISSION_DENIED"],
    ["to list where it may write", (c) => names(c, "inbox"), "PERMISSION_DENIED"],
    ["to read there", (c) => c.get("inbox/i"), "PERMISSION_DENIED"],
    ["to know of files there", (c) => c.stat("inbox/i"), "PERMISSION_DENIED"],
    ["to know of others there", (c) => c.stat("inbox/no"), "PERMISSION_DENIED"],
    [
      "to learn of one by skipping",
      (c) => c.put("inbox/i", data, { ifExists: "skip" }),
      "PERMISSION_DENIED",
    ],
    [
      "to replace one there",
      (c) => c.put("inbox/i", data, { ifExists: "replace" }),
      "PERMISSION_DENIED",
    ],
    ["to sum one up there", (c) => c.checksum("inbox/i"), "PERMISSION_DENIED"],
    ["to rename out of there", (c) => c.rename("inbox/i", "i"), "PERMISSION_DENIED"],
    ["to sum up where it may read", (c) => c.checksum("deep/er/open/x"), "PERMISSION_DENIED"],
    ["to make a link", (c) => c.makeLink("mine", "secret"), "UNIMPLEMENTED"],
    ["to make a link", (c) => c.makeLink("mine", "secret"), "UNIMPLEMENTED"],
    ["to see beside the way", (c) => c.stat("deep/x"), "NOT_FOUND"],
  ];
  test.each(refused)("refuse %s", async (_what, act, code) => {
    const before = everything();
    await using carol = await as("carol");
    expect(await refusal(act(carol))).toMatchObject({ code });
    expect(everything()).toEqual(before);
  });

  test("allow the rest", async () => {
    await using carol = await as("carol");
    expect(await (await carol.get("read/r")).text()).toBe("contents of alice/read/r");
    await carol.checksum("read/r");
    await carol.put("inbox/new", data);
    await carol.makeDirectory("inbox/in/there", { parents: true });
    expect(await carol.stat("inbox")).toMatchObject({ kind: "DIRECTORY" });
    await carol.put("g", data);
    await carol.rename("g", "h");
    await carol.put("h", Buffer.from("yy"), { ifExists: "replace" });
    await carol.remove("h");
    await carol.makeDirectory("deep/er/open", { parents: true });
  });

  test("hide what is hidden in listings and walks, and show the way to what is open", async () => {
    await using carol = await as("carol");
    expect(await names(carol)).toEqual([
      "box",
      "deep",
      "f",
      "folder",
      "in",
      "inbox",
      "out",
      "own",
      "read",
      "up",
    ]);
    expect(await names(carol, "deep")).toEqual(["er"]);
    expect(await names(carol, "deep/er")).toEqual(["open"]);
    using to = new TemporaryFolder();
    const { outcomes } = await fetched(carol, to.at("copy"));
    const copied = readdirSync(to.at("copy"), { recursive: true, encoding: "utf8" });
    expect(copied.toSorted()).toEqual([
      "box",
      "deep",
      "deep/er",
      "deep/er/open",
      "f",
      "inbox",
      "read",
      "read/r",
    ]);
    expect(outcomes.some((name) => name.includes("secret"))).toBe(false);
  });

  several("lead from a root that cannot be listed, page by page", async () => {
    await using dave = await as("dave");
    expect(await names(dave)).toEqual(["alice", "bob"]);
    expect(await names(dave, "alice")).toEqual(["read"]);
    expect(await names(dave, "bob")).toEqual(["b"]);
    using peer = await raw("dave");
    const pages: unknown[] = [];
    let cursor: string | undefined;
    do {
      peer.request(pages.length + 1, { case: "list", value: { path: "", limit: 1, cursor } });
      const page = await peer.body(pages.length + 1);
      const end = await peer.body(pages.length + 1);
      const list =
        page.case === "response" && page.value.result?.case === "list" && page.value.result;
      pages.push(list ? list.value.entries.map(({ name }) => name) : page);
      cursor = end.case === "finish" ? end.value.cursor : undefined;
    } while (cursor !== undefined);
    expect(pages).toEqual([["alice"], ["bob"]]);
    expect(await refusal(dave.get("alice/f"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await refusal(dave.get("bob/b"))).toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("hold for the contents of files that come with a walk", async () => {
    using to = new TemporaryFolder();
    await using dave = await as("dave");
    const failed: string[] = [];
    for await (const { path, error } of dave.getTreeOutcomes("bob", to.at("copy"))) {
      if (error !== undefined) failed.push(`${path} ${error.code}`);
    }
    expect(failed).toEqual(["bob/b PERMISSION_DENIED"]);
    expect(readdirSync(to.at("copy"))).toEqual([]);
  });

  test("are not widened by a rename to where more is allowed", async () => {
    const before = everything();
    await using erin = await as("erin");
    expect(await refusal(erin.rename("drop/d", "mine"))).toMatchObject({
      code: "PERMISSION_DENIED",
    });
    expect(everything()).toEqual(before);
    await erin.put("drop/e", data);
    await erin.rename("drop/e", "drop/g");
    await erin.put("h", data);
    await erin.rename("h", "drop/h");
  });

  test("hold for every item of a tree that comes on one stream", async () => {
    using local = new TemporaryFolder();
    for (const file of ["f2", "secret/s", "read/new", "inbox/tree"])
      local.file(`t/${file}`, "tree");
    await using carol = await as("carol");
    const failed = new Map<string, string>();
    for await (const outcome of carol.putTreeOutcomes(local.at("t"), "")) {
      if (outcome.error !== undefined) failed.set(outcome.path, outcome.error.code);
    }
    expect([...failed].toSorted()).toEqual([
      ["read/new", "PERMISSION_DENIED"],
      ["secret", "NOT_FOUND"],
    ]);
    expect(await Bun.file(folder.at("library/alice/inbox/tree")).text()).toBe("tree");
    expect(everything()).not.toContain(folder.at("library/alice/read/new"));
  });

  test("to make folders take no rights away on those that are there", async () => {
    const there = folder.folder("library/drop/there");
    chmodSync(there, 0o755);
    using local = new TemporaryFolder();
    local.file("there/f", "f");
    chmodSync(local.at("there"), 0o555);
    await using erin = await as("erin");
    await erin.putTree(local.at("there"), "drop/there");
    expect(statSync(there).mode & 0o777).toBe(0o755);
  });
});

test("permissions of a folder with a rule in it leave the way to that open", async () => {
  const box = folder.at("library/alice/box");
  chmodSync(box, 0o755);
  await using carol = await as("carol");
  await carol.setAttributes("box", { mode: 0o050 });
  expect(statSync(box).mode & 0o777).toBe(0o750);
  using local = new TemporaryFolder();
  local.file("box/f", "f");
  chmodSync(local.at("box"), 0o550);
  await carol.putTree(local.at("box"), "box");
  expect(statSync(box).mode & 0o777).toBe(0o750);
  await carol.remove("box/f");
});

async function fetched(client: Client, to: string): Promise<{ outcomes: string[] }> {
  const outcomes: string[] = [];
  for await (const { path } of client.getTreeOutcomes("", to)) outcomes.push(path);
  return { outcomes };
}

describe("uploads belong to their user", () => {
  const size = 2 * BLOCK_SIZE;
  const block = new Uint8Array(BLOCK_SIZE).fill(7);
  const PIECE = 128 * KiB;
  const modified = { seconds: 1_700_000_000, nanoseconds: 0 };

  /** The next frame of stream 1 that is no Credit. */
  async function answer(peer: RawPeer) {
    while (true) {
      const body = await peer.body(1);
      if (body.case !== "credit") return body;
    }
  }

  /** @returns the offset at which the server lets a user go on */
  async function resumed(user: string, path: string, uploadId: Uint8Array): Promise<number> {
    using peer = await raw(user);
    const prefix = { prefixLength: BLOCK_SIZE, prefixCrc32: crc32(block) };
    const value = { path, uploadId, size, modified, resume: true, ...prefix };
    peer.request(1, { case: "put", value });
    const body = await answer(peer);
    if (body.case !== "response" || body.value.result?.case !== "put") {
      throw new Error(`${JSON.stringify(body)}`);
    }
    peer.frame(1, { case: "cancel", value: { keep: true } });
    await answer(peer);
    return body.value.result.value.durableOffset;
  }

  test("a partial is continued by nobody else, who knows its id, path, size, time and first MiB", async () => {
    const uploadId = crypto.getRandomValues(new Uint8Array(16));
    {
      using peer = await raw("alice");
      peer.request(1, { case: "put", value: { path: "big", uploadId, size, modified } });
      await answer(peer);
      for (let at = 0; at < BLOCK_SIZE; at += PIECE) {
        const isLast = at + PIECE === BLOCK_SIZE;
        peer.data(1, at, block.subarray(at, at + PIECE), isLast ? crc32(block) : undefined);
        await Bun.sleep(0);
      }
      peer.frame(1, { case: "cancel", value: { keep: true } });
      await answer(peer);
    }
    expect(await resumed("mallory", "big", uploadId)).toBe(0);
    expect(await resumed("alice", "big", uploadId)).toBe(BLOCK_SIZE);
    const other = crypto.getRandomValues(new Uint8Array(16));
    expect(await resumed("mallory", "big", other)).toBe(0);
    expect(await resumed("alice", "big", other)).toBe(BLOCK_SIZE);
  });

  test("a receipt is told to nobody else, who knows its id", async () => {
    const uploadId = crypto.getRandomValues(new Uint8Array(16));
    const put = async (user: string) => {
      using peer = await raw(user);
      const value = { path: "small", uploadId, size: 1, resume: true };
      peer.request(1, { case: "put", value });
      const first = await answer(peer);
      if (first.case !== "response") return first;
      peer.data(1, 0, Uint8Array.of(1), crc32(Uint8Array.of(1)));
      peer.frame(1, { case: "finish", value: { size: 1, crc32: crc32(Uint8Array.of(1)) } });
      return await answer(peer);
    };
    expect((await put("alice")).case).toBe("receipt");
    expect((await put("alice")).case).toBe("receipt");
    const told = await put("mallory");
    expect(told.case === "failure" && told.value.code).toBe("ALREADY_EXISTS");
  });

  several("a version is of no use to anybody else", async () => {
    await using alice = await as("alice");
    await using mallory = await as("mallory");
    const [hers, his] = [await alice.stat("f"), await mallory.stat("f")];
    expect(hers.size).toBe(his.size);
    expect(hers.version).not.toBe(his.version);
    const removing = mallory.remove("f", { ifMatch: hers.version });
    expect(await refusal(removing)).toMatchObject({ code: "PRECONDITION_FAILED" });
  });
});

test("unfinished uploads of users who do not come back are removed by the next server", async () => {
  using own = new TemporaryFolder();
  const name = `${"a".repeat(32)}.${"b".repeat(32)}`;
  const partial = own.file(`library/.leat/users/${"c".repeat(32)}/partial/${name}`);
  const fresh = own.file(`library/.leat/users/${"c".repeat(32)}/partial/${name.replace("a", "d")}`);
  await Bun.sleep(20);
  await using _server = await startServer({ library: own.at("library"), partialRetention: 60_000 });
  expect([existsSync(partial), existsSync(fresh)]).toEqual([true, true]);
  await using _next = await startServer({ library: own.at("library"), partialRetention: 1 });
  await until(() => !existsSync(partial) && !existsSync(fresh));
});
