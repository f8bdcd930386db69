/** Walks as a client asks for them that is hostile, or slow. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { crc32 } from "../../src/hash.ts";
import { connect, type Server } from "../../src/index.ts";
import {
  LEAVE_OUT_BYTES,
  LEAVE_OUT_MOST,
  MAX_WALKS,
  WALK_PATHS_BYTES,
  WALK_PATHS_MOST,
} from "../../src/limits.ts";
import { IncomingWalk, type WalkedItem } from "../../src/transfer/incoming-walk.ts";
import type { Walk } from "../../src/wire/gen/messages.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  library.file("file", "a file");
  library.folder(".leat-not");
  for (let index = 0; index < 500; index += 1) library.file(`t/${index}`, Buffer.alloc(1000));
  server = await startServer({ library: library.path, durability: "none" });
});
afterAll(async () => {
  await server.stop();
  library[Symbol.dispose]();
});

/** What comes on a stream until its Finish. */
async function itemsOf(peer: RawPeer, contentsUpTo: number): Promise<WalkedItem[]> {
  const incoming = new IncomingWalk(contentsUpTo);
  const items: WalkedItem[] = [];
  for (;;) {
    const heard = await peer.next();
    if (typeof heard === "string" || !("bytes" in heard)) return items;
    incoming.push(heard.bytes, crc32(heard.bytes));
    for (let item = incoming.next(); item !== undefined; item = incoming.next()) items.push(item);
  }
}

const walk = (fields: Partial<Walk>) =>
  ({ case: "walk", value: { path: "t", ...fields } }) as const;

describe("a walk", () => {
  test.each<[Partial<Walk>, string]>([
    [{ path: "file" }, "NOT_A_DIRECTORY"],
    [{ path: "missing" }, "NOT_FOUND"],
    [{ path: "../t" }, "INVALID_NAME"],
    [{ path: ".leat" }, "INVALID_NAME"],
    [{ path: "t".repeat(5000) }, "INVALID_NAME"],
    [{ after: "../x" }, "INVALID_NAME"],
    [{ after: "/" }, "INVALID_NAME"],
    [{ after: "a//" }, "INVALID_NAME"],
    [{ after: "x".repeat(5000) }, "INVALID_ARGUMENT"],
    [{ paths: ["0", "../file"] }, "INVALID_NAME"],
    [{ path: "", paths: [".leat/receipts"] }, "INVALID_NAME"],
    [{ path: "", paths: ["/file"] }, "INVALID_NAME"],
    [{ path: "..", paths: ["file"] }, "INVALID_NAME"],
    [{ paths: ["0"], after: "0" }, "INVALID_ARGUMENT"],
  ])("of %j is refused", async (fields, code) => {
    using peer = await RawPeer.welcomed(Number(server.port));
    peer.request(1, walk(fields));
    expect((await peer.failure(1)).code).toBe(code);
    // The connection goes on.
    peer.request(2, { case: "stat", value: { path: "file" } });
    expect((await peer.body(2)).case).toBe("response");
  });

  test.each<[string, string[]]>([
    ["no name", [""]],
    ["a path", ["a/b"]],
    ["only a star", ["*"]],
    ["two stars", ["**a"]],
    ["a star in the middle", ["a*b"]],
    ["brackets", ["[a]"]],
    ["too many", Array.from({ length: LEAVE_OUT_MOST + 1 }, () => "a")],
    ["too much", ["a".repeat(LEAVE_OUT_BYTES + 1)]],
  ])("that is to leave out %s is refused", async (_, leaveOut) => {
    using peer = await RawPeer.welcomed(Number(server.port));
    peer.request(1, walk({ leaveOut }));
    expect((await peer.failure(1)).code).toBe("INVALID_ARGUMENT");
  });

  test.each([0, 2000])(
    "sends nothing of what it is to leave out (contents up to %d)",
    async (contentsUpTo) => {
      for (const name of [
        "a.tmp",
        "in/a.tmp",
        "in/skip/deep/x",
        "skip/y",
        "in/first/z",
        "first/z",
      ]) {
        library.file(`left/${name}`, "left out");
      }
      library.file("left/kept", "kept");
      for (let index = 0; index < 3000; index += 1) library.file(`left/in/many/${index}.tmp`);
      using peer = await RawPeer.welcomed(Number(server.port));
      peer.request(1, walk({ path: "left", leaveOut: ["*.tmp", "skip/", "/first"], contentsUpTo }));
      expect((await peer.body(1)).case).toBe("response");
      const items = await itemsOf(peer, contentsUpTo);
      const names = items.map(({ message: { leave, entry } }) => [leave, entry?.name]);
      expect(names).toEqual([
        [0, "in"],
        [0, "first"],
        [0, "z"],
        [1, "many"],
        [2, "kept"],
      ]);
      rmSync(library.at("left"), { recursive: true });
    },
  );

  test("of too many paths, or too long ones, is refused", async () => {
    using peer = await RawPeer.welcomed(Number(server.port));
    const long = (count: number, bytes: number) => Array<string>(count).fill("0".repeat(bytes));
    peer.request(1, walk({ paths: long(WALK_PATHS_MOST + 1, 1) }));
    expect((await peer.failure(1)).code).toBe("INVALID_ARGUMENT");
    peer.request(2, walk({ paths: long(64, WALK_PATHS_BYTES / 64 + 1) }));
    expect((await peer.failure(2)).code).toBe("INVALID_ARGUMENT");
    peer.request(3, walk({ paths: long(WALK_PATHS_MOST, WALK_PATHS_BYTES / WALK_PATHS_MOST) }));
    expect((await peer.body(3)).case).toBe("response");
  });

  test("of paths has an item for each, in their order, and small files come along", async () => {
    library.file("t/large", Buffer.alloc(5000));
    symlinkSync("0", library.at("t/link"));
    library.file("t/in/deep", "deep");
    using peer = await RawPeer.welcomed(Number(server.port));
    const paths = ["7", "in/deep", "missing", "large", "in", "0", "link", "7"];
    peer.request(1, walk({ paths, contentsUpTo: 2000 }));
    const answer = await peer.body(1);
    expect(answer).toMatchObject({ case: "response", value: { result: { case: "walk" } } });
    const items: unknown[] = [];
    for (const item of await itemsOf(peer, 2000)) {
      const { entry, failure, leave } = item.message;
      expect(leave).toBe(0);
      items.push([entry?.name ?? failure?.code, entry?.kind, entry?.size, item.contents?.length]);
    }
    expect(items).toEqual([
      ["7", "FILE", 1000, 1000],
      ["deep", "FILE", 4, 4],
      ["NOT_FOUND", undefined, undefined, undefined],
      ["large", "FILE", 5000, undefined],
      ["in", "DIRECTORY", 0, undefined],
      ["0", "FILE", 1000, 1000],
      ["link", "FILE", 1000, undefined], // a get follows it
      ["7", "FILE", 1000, 1000],
    ]);
    for (const name of ["large", "link"]) rmSync(library.at("t", name));
    rmSync(library.at("t/in"), { recursive: true });
  });

  test("goes on in a folder that has the name of the server's own, and is not it", async () => {
    library.file("nested/.leat/a");
    library.file("nested/.leat/b");
    using peer = await RawPeer.welcomed(Number(server.port), 1000);
    peer.request(1, walk({ path: "", after: ".leat/a" }));
    expect((await peer.failure(1)).code).toBe("INVALID_NAME");
    peer.request(2, walk({ path: "nested", after: ".leat/a" }));
    expect((await peer.body(2)).case).toBe("response");
  });

  test("takes part with others: so many at once of a connection, and as many as come one after another", async () => {
    using peer = await RawPeer.welcomed(Number(server.port), 1000);
    for (let id = 1; id <= MAX_WALKS; id += 1) {
      peer.request(id, walk({ contentsUpTo: 1000 }));
      expect((await peer.body(id)).case).toBe("response");
    }
    peer.request(10, walk({}));
    expect((await peer.failure(10)).code).toBe("RESOURCE_EXHAUSTED");
    peer.request(11, { case: "list", value: { path: "t" } });
    expect((await peer.body(11)).case).toBe("response");
    for (let id = 1; id <= MAX_WALKS; id += 1) peer.frame(id, { case: "cancel", value: {} });
    for (let id = 1; id <= MAX_WALKS; id += 1) await peer.failure(id);
    for (let id = 20; id < 120; id += 1) {
      peer.request(id, walk({ path: ".leat-not" }));
      expect((await peer.body(id)).case).toBe("response");
      expect((await peer.body(id)).case).toBe("finish");
    }
  });

  test("sends no more than its credit, however little that is", async () => {
    using peer = await RawPeer.welcomed(Number(server.port), 700);
    peer.request(1, walk({ contentsUpTo: 2000 }));
    expect((await peer.body(1)).case).toBe("response");
    let bytes = 0;
    while (bytes < 700) {
      const heard = await peer.next();
      if (heard === "end" || heard === "closed" || !("bytes" in heard)) throw new Error("no Data");
      bytes += heard.bytes.length;
    }
    expect(bytes).toBe(700);
    peer.frame(1, { case: "cancel", value: {} });
    expect((await peer.failure(1)).code).toBe("CANCELLED");
  });

  test("of a client that leaves in the middle leaves nothing open", async () => {
    for (let round = 0; round < 100; round += 1) {
      using peer = await RawPeer.welcomed(Number(server.port), 5000);
      peer.request(1, walk({ contentsUpTo: 2000 }));
      await peer.body(1);
    }
    await using client = await connect(server.address);
    using local = new TemporaryFolder();
    expect(await client.getTree("t", local.at("t"))).toMatchObject({ files: 500 });
  });
});
