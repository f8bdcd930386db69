/** Holes in what clients send, right and wrong ones, and clients that know of none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { crc32Join, crc32OfZeros } from "../../src/crc32.ts";
import { crc32 } from "../../src/hash.ts";
import { connect, createServer, openDiskStore, type Server, type Store } from "../../src/index.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { HOLES } from "../../src/wire/features.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { allocatedOf, HAS_HOLES, sparseFile } from "../support/sparse.ts";
import { createUsers } from "../support/users.ts";
import { until } from "../support/until.ts";
import { testTogether } from "../support/ways.ts";

const library = new TemporaryFolder();
let server: Server;
let names = 0;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

const peerOf = (features: readonly string[] = [HOLES], port = server.port): Promise<RawPeer> =>
  RawPeer.welcomed(port, 32 * MiB, undefined, undefined, features);

const hole = (offset: number, length: number, sum = crc32OfZeros(length)): FrameBodyInit => ({
  case: "hole",
  value: { offset, length, crc32: sum },
});

type PutInit = Extract<
  NonNullable<Extract<FrameBodyInit, { case: "request" }>["value"]["operation"]>,
  { case: "put" }
>["value"];

/** Begins an upload. @returns its name */
function put(peer: RawPeer, stream: number, over: PutInit = {}): string {
  names += 1;
  const path = `file-${names}`;
  const uploadId = crypto.getRandomValues(new Uint8Array(16));
  peer.request(stream, { case: "put", value: { path, uploadId, ...over } });
  return path;
}

/** How a stream ends: "receipt", or the code of its failure. */
async function end(peer: RawPeer, stream: number): Promise<string> {
  while (true) {
    const body = await peer.body(stream);
    if (body.case === "receipt") return "receipt";
    if (body.case === "failure") return body.value.code;
  }
}

const BLOCK = new Uint8Array(MiB).fill(7);
const SUM = crc32(BLOCK);
/** What fits the credit of a stream that begins. */
const SLICE = 64 * KiB;
const finish = (size: number, sum: number): FrameBodyInit => ({
  case: "finish",
  value: { size, crc32: sum },
});

describe("an upload with holes", () => {
  test("is stored, whether its size was declared or not", async () => {
    using peer = await peerOf();
    const sum = crc32Join(SUM, crc32OfZeros(3 * MiB + 9), 3 * MiB + 9);
    for (const [stream, size] of [
      [1, undefined],
      [2, 4 * MiB + 9],
    ] as const) {
      const path = put(peer, stream, { size });
      while ((await peer.body(stream)).case !== "response");
      for (let at = 0; at < MiB; at += SLICE) {
        const isLast = at + SLICE === MiB;
        peer.data(stream, at, BLOCK.subarray(at, at + SLICE), isLast ? SUM : undefined);
      }
      peer.frame(stream, hole(MiB, 2 * MiB));
      peer.frame(stream, hole(3 * MiB, MiB));
      peer.frame(stream, hole(4 * MiB, 9));
      peer.frame(stream, finish(4 * MiB + 9, sum));
      expect(await end(peer, stream)).toBe("receipt");
      const bytes = readFileSync(library.at(path));
      expect(Buffer.compare(bytes, Buffer.concat([BLOCK, new Uint8Array(3 * MiB + 9)]))).toBe(0);
      if (HAS_HOLES) expect(allocatedOf(library.at(path))).toBeLessThanOrEqual(2 * MiB);
    }
  });

  test("is stored when all of it comes before the Response", async () => {
    using peer = await peerOf();
    const bytes = new TextEncoder().encode("behind the holes");
    let path = "";
    peer.together(() => {
      path = put(peer, 1);
      peer.frame(1, hole(0, MiB));
      peer.frame(1, hole(MiB, 2 * MiB));
      peer.data(1, 3 * MiB, bytes, crc32(bytes));
      const sum = crc32Join(crc32OfZeros(3 * MiB), crc32(bytes), bytes.length);
      peer.frame(1, finish(3 * MiB + bytes.length, sum));
    });
    expect(await end(peer, 1)).toBe("receipt");
    expect(
      readFileSync(library.at(path))
        .subarray(3 * MiB)
        .toString(),
    ).toBe("behind the holes");
  });

  const WRONG: [string, string, PutInit, (peer: RawPeer) => void][] = [
    ["out of order", "PROTOCOL_ERROR", {}, (peer) => peer.frame(1, hole(MiB, MiB))],
    [
      "over bytes that came",
      "PROTOCOL_ERROR",
      {},
      (peer) => {
        peer.data(1, 0, BLOCK.subarray(0, 10));
        peer.frame(1, hole(0, 2 * MiB));
      },
    ],
    [
      "inside a block",
      "PROTOCOL_ERROR",
      {},
      (peer) => {
        peer.data(1, 0, BLOCK.subarray(0, 10));
        peer.frame(1, hole(10, MiB));
      },
    ],
    ["of nothing", "PROTOCOL_ERROR", {}, (peer) => peer.frame(1, hole(0, 0))],
    [
      "beyond 2^53",
      "PROTOCOL_ERROR",
      {},
      (peer) => {
        peer.frame(1, hole(0, MiB));
        peer.frame(1, hole(MiB, 2 ** 53 - MiB));
      },
    ],
    [
      "beyond the declared size",
      "SIZE_MISMATCH",
      { size: 3 * MiB },
      (peer) => peer.frame(1, hole(0, 4 * MiB)),
    ],
    [
      "behind a part of a block",
      "PROTOCOL_ERROR",
      {},
      (peer) => {
        peer.frame(1, hole(0, 100));
        peer.data(1, 100, BLOCK.subarray(0, 10), crc32(BLOCK.subarray(0, 10)));
      },
    ],
    ["with a wrong checksum", "CHECKSUM_MISMATCH", {}, (peer) => peer.frame(1, hole(0, MiB, 5))],
    [
      "with SHA-256, which would have to sum all of it",
      "PROTOCOL_ERROR",
      { sha256: true },
      (peer) => peer.frame(1, hole(0, 2 ** 50)),
    ],
    ["larger than any file", "TOO_LARGE", {}, (peer) => peer.frame(1, hole(0, 2 ** 53 - MiB))],
    [
      "summed up wrongly at the end",
      "CHECKSUM_MISMATCH",
      {},
      (peer) => {
        peer.frame(1, hole(0, 4 * MiB));
        peer.frame(1, finish(4 * MiB, 1));
      },
    ],
  ];

  test.each(WRONG)("%s fails, and nothing of it stays", async (_what, code, over, send) => {
    for (const together of [true, false]) {
      using peer = await peerOf();
      let path = "";
      if (together) {
        peer.together(() => {
          path = put(peer, 1, over);
          send(peer);
        });
      } else {
        path = put(peer, 1, over);
        await peer.body(1);
        send(peer);
      }
      expect(await end(peer, 1)).toBe(code);
      expect(existsSync(library.at(path))).toBe(false);
      peer.frame(0, { case: "ping", value: { nonce: 1 } });
      expect((await peer.body(0)).case).toBe("pong");
    }
    await until(() => readdirSync(library.at(PARTIALS)).length === 0);
  });

  testTogether("may come in any number of pieces, between which others are served", async () => {
    using peer = await peerOf();
    await using neighbour = await connect(server.address);
    const path = put(peer, 1);
    const COUNT = 30_000;
    for (let first = 0; first < COUNT; first += 5000) {
      peer.together(() => {
        for (let i = first; i < first + 5000; i += 1) peer.frame(1, hole(i * MiB, MiB));
      });
      await neighbour.ping();
    }
    peer.frame(1, finish(COUNT * MiB, crc32OfZeros(COUNT * MiB)));
    expect(await end(peer, 1)).toBe("receipt");
    expect(statSync(library.at(path)).size).toBe(COUNT * MiB);
  });

  test("on a stream that has ended is ignored", async () => {
    using peer = await peerOf();
    put(peer, 1);
    peer.frame(1, { case: "cancel", value: {} });
    peer.frame(1, hole(0, MiB));
    expect(await end(peer, 1)).toBe("CANCELLED");
    peer.frame(1, hole(MiB, MiB));
    peer.frame(0, { case: "ping", value: { nonce: 1 } });
    expect((await peer.body(0)).case).toBe("pong");
  });

  test("counts in a quota like any other bytes", async () => {
    using folder = new TemporaryFolder();
    folder.folder("library");
    const users = createUsers(folder, { alice: { limits: { bytes: 10 * MiB } } });
    await using bounded = await startServer({
      library: folder.at("library"),
      users: users.path,
      durability: "none",
    });
    const token = users.token("alice");
    using peer = await RawPeer.welcomed(bounded.port, MiB, undefined, token, [HOLES]);
    for (const [stream, size, code] of [
      [1, undefined, "QUOTA_EXCEEDED"],
      [2, 20 * MiB, "QUOTA_EXCEEDED"],
      [3, undefined, "receipt"],
    ] as const) {
      put(peer, stream, { size, allocated: 0 });
      const length = stream === 3 ? 9 * MiB : 20 * MiB;
      peer.frame(stream, hole(0, length));
      peer.frame(stream, finish(length, crc32OfZeros(length)));
      expect([stream, await end(peer, stream)]).toEqual([stream, code]);
    }
  });
});

describe("a client that knows no holes", () => {
  test.skipIf(!HAS_HOLES)("gets every byte, and its hint is not looked at", async () => {
    sparseFile(library.at("sparse"), 3 * MiB, { [MiB]: "data" });
    using peer = await peerOf([]);
    peer.request(1, { case: "get", value: { path: "sparse" } });
    const response = await peer.body(1);
    expect(response).toMatchObject({ value: { result: { value: { length: 3 * MiB } } } });
    expect(JSON.stringify(response)).not.toContain("allocated");
    let bytes = 0;
    for (let next = await peer.next(); ; next = await peer.next()) {
      if (next === "end" || next === "closed") throw new Error(next);
      if ("bytes" in next) bytes += next.bytes.length;
      else if (next.body?.case === "finish") break;
      else expect(next.body?.case).toBe("ping");
    }
    expect(bytes).toBe(3 * MiB);
    put(peer, 2, { size: 2 ** 50, allocated: 0 });
    expect(await end(peer, 2)).toBe("NO_SPACE");
  });

  test("may send none", async () => {
    using peer = await peerOf([]);
    put(peer, 1);
    peer.frame(1, hole(0, MiB));
    expect(await end(peer, 1)).toBe("PROTOCOL_ERROR");
  });
});

test.skipIf(!HAS_HOLES)(
  "a store that takes no holes gets bytes, and so do its clients",
  async () => {
    using folder = new TemporaryFolder();
    await using disk = openDiskStore(folder.path);
    const store: Store = {
      readOnly: false,
      page: (...asked) => disk.page(...asked),
      stat: (path) => disk.stat(path),
      open: (path) => disk.open(path),
      create: (path, options) => disk.create(path, options),
      remove: (path) => disk.remove(path),
      makeDirectory: (...asked) => disk.makeDirectory(...asked),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    await using plain = await createServer({ store, durability: "none" });
    await using client = await connect(plain.address);
    const local = sparseFile(library.at("to-plain"), 3 * MiB + 1, { [MiB]: "data" });
    await client.put("up", Bun.file(local));
    expect(allocatedOf(folder.at("up"))).toBeGreaterThanOrEqual(3 * MiB);
    await client.download("up", library.at("from-plain"), { durability: "none" });
    expect(Buffer.compare(readFileSync(library.at("from-plain")), readFileSync(local))).toBe(0);
  },
);
