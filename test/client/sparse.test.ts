/** Files with holes: what is a hole is not sent, and is a hole again where it arrives. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import { type Client, connect, type Server } from "../../src/index.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { refusalCode } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { allocatedOf, HAS_HOLES, sameFiles, sparseFile } from "../support/sparse.ts";

const GiB = 1024 * MiB;
/** Far more than any of these tests could send in time. */
const HUGE = 300 * GiB;

const library = new TemporaryFolder();
const local = new TemporaryFolder();
let server: Server;
let client: Client;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
  proxy = new FaultProxy(server.port, () => ({}));
  client = await connect(proxy.address);
});

afterAll(async () => {
  await client.close();
  proxy[Symbol.dispose]();
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
  local[Symbol.dispose]();
});

const FAST = { durability: "none" } as const;

/** Data at the start of a block, across two of them, just before a hole, and at the end. */
const PIECES = {
  [5 * GiB]: contents(100, 1),
  [77 * GiB - 10]: contents(20, 2),
  [200 * GiB + MiB - 1]: "x",
  [HUGE - 3]: "end",
} as const;
/** Blocks in which there is data: one, two, one, one. */
const FILLED = 5 * MiB;

describe.skipIf(!HAS_HOLES)("a file with holes", () => {
  test("comes down with them, and nothing of them is sent", async () => {
    const path = sparseFile(library.at("down"), HUGE, PIECES);
    const before = proxy.down;
    await client.download("down", local.at("down"), FAST);
    expect(sameFiles(path, local.at("down"))).toBe(true);
    expect(allocatedOf(local.at("down"))).toBeLessThanOrEqual(FILLED + MiB);
    expect(proxy.down - before).toBeLessThan(FILLED + MiB);
    await (await client.get("down")).save(local.at("saved"), FAST);
    expect(sameFiles(path, local.at("saved"))).toBe(true);
  });

  test("goes up with them, and nothing of them is sent", async () => {
    const path = sparseFile(local.at("up"), HUGE, PIECES);
    const before = proxy.up;
    const { entry, crc32: sum } = await client.put("up", Bun.file(path));
    expect(entry.size).toBe(HUGE);
    expect(sameFiles(path, library.at("up"))).toBe(true);
    expect(allocatedOf(library.at("up"))).toBeLessThanOrEqual(FILLED + MiB);
    expect(proxy.up - before).toBeLessThan(FILLED + MiB);
    // The server sums the file in its own way.
    const { digest } = await client.checksum("up", "CRC32");
    expect(Buffer.from(digest).readUInt32BE()).toBe(sum);
  });

  test("of nothing else, of less than a block, and of whole blocks", async () => {
    for (const size of [MiB, MiB + 1, 2 * MiB - 1, 3 * MiB, HUGE, HUGE + 1]) {
      const path = sparseFile(library.at("empty"), size);
      await client.download("empty", local.at("empty"), FAST);
      expect([size, sameFiles(path, local.at("empty"))]).toEqual([size, true]);
      expect(allocatedOf(local.at("empty"))).toBeLessThanOrEqual(MiB);
      const receipt = await client.put("again", Bun.file(path), { ifExists: "replace" });
      expect([size, sameFiles(path, library.at("again"))]).toEqual([size, true]);
      expect(allocatedOf(library.at("again"))).toBeLessThanOrEqual(MiB);
      if (size < 4 * MiB) expect(receipt.crc32).toBe(crc32(new Uint8Array(size)));
    }
  });

  test("with holes at random is the same on both ways", async () => {
    for (let round = 0; round < 10; round += 1) {
      const size = Math.floor(Math.random() * 30 * MiB) + 1;
      const pieces: Record<number, Uint8Array> = {};
      for (let count = Math.floor(Math.random() * 8); count > 0; count -= 1) {
        const at = Math.floor(Math.random() * size);
        pieces[at] = contents(Math.min(size - at, Math.floor(Math.random() * 3 * MiB)), round);
      }
      const path = sparseFile(library.at("random"), size, pieces);
      await client.download("random", local.at("random"), FAST);
      expect(sameFiles(path, local.at("random"))).toBe(true);
      await client.put("random-up", Bun.file(local.at("random")), { ifExists: "replace" });
      expect(sameFiles(path, library.at("random-up"))).toBe(true);
    }
  });

  test("is zeros where it is read, in a range as well", async () => {
    const size = 20 * MiB + 5;
    const path = sparseFile(library.at("read"), size, { [7 * MiB - 2]: "data", [size - 2]: "!" });
    const whole = readFileSync(path);
    expect(Buffer.compare(await (await client.get("read")).bytes(), whole)).toBe(0);
    for (const [offset, length] of [
      [1, size - 1],
      [MiB, 4 * MiB],
      [3 * MiB + 7, 10 * MiB],
      [MiB + 1, 3 * MiB],
      [18 * MiB, MiB + 100],
    ] as const) {
      const range = await client.get("read", { offset, length });
      const bytes = await range.bytes();
      expect(Buffer.compare(bytes, whole.subarray(offset, offset + length))).toBe(0);
      await (await client.get("read", { offset, length })).save(local.at("part"), FAST);
      expect(Buffer.compare(readFileSync(local.at("part")), bytes)).toBe(0);
    }
  });

  test("is read block by block, as slowly as its reader, and given up at any time", async () => {
    sparseFile(library.at("slow"), HUGE, { 0: "first" });
    const download = await client.get("slow");
    let read = 0;
    for await (const bytes of download) {
      read += bytes.length;
      expect(bytes.length).toBeLessThanOrEqual(BLOCK_SIZE);
      if (read > 50 * MiB) break;
    }
    expect(await client.ping()).toBeGreaterThan(0);
  });

  test("tells of progress as if all of it were sent", async () => {
    const path = sparseFile(library.at("progress"), HUGE, PIECES);
    const [down, up]: [number[], number[]] = [[], []];
    await client.download("progress", local.at("progress"), {
      ...FAST,
      onProgress: (bytes) => void down.push(bytes),
    });
    await client.put("progress-up", Bun.file(path), { onProgress: (bytes) => void up.push(bytes) });
    for (const told of [down, up]) {
      expect(told.at(-1)).toBe(HUGE);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
    }
  });

  test("with SHA-256 is sent byte by byte: all of them count", async () => {
    const path = sparseFile(library.at("digest"), 8 * MiB, { [5 * MiB]: "data" });
    const before = proxy.down;
    const bytes = await (await client.get("digest", { sha256: true })).bytes();
    expect(Buffer.compare(bytes, readFileSync(path))).toBe(0);
    expect(proxy.down - before).toBeGreaterThan(8 * MiB);
    const receipt = await client.put("digest-up", Bun.file(path), { sha256: true });
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest();
    expect(Buffer.compare(receipt.sha256!, hash)).toBe(0);
  });

  test("in a tree, in both directions", async () => {
    mkdirSync(library.at("tree"), { recursive: true });
    const path = sparseFile(library.at("tree", "sparse"), HUGE, PIECES);
    writeFileSync(library.at("tree", "small"), "small");
    await client.getTree("tree", local.at("tree"), FAST);
    expect(sameFiles(path, local.at("tree", "sparse"))).toBe(true);
    await client.putTree(local.at("tree"), "tree-up");
    expect(sameFiles(path, library.at("tree-up", "sparse"))).toBe(true);
    expect(allocatedOf(library.at("tree-up", "sparse"))).toBeLessThanOrEqual(FILLED + MiB);
    await client.syncDown("tree", local.at("synced"), FAST);
    await client.syncUp(local.at("synced"), "synced");
    for (const copy of [local.at("synced", "sparse"), library.at("synced", "sparse")]) {
      expect(sameFiles(path, copy)).toBe(true);
      expect(allocatedOf(copy)).toBeLessThanOrEqual(FILLED + MiB);
    }
  });

  test("needs no more free space than its data", async () => {
    const path = sparseFile(local.at("free"), 2 ** 43, { 0: "x" });
    await client.put("free", Bun.file(path));
    await client.download("free", local.at("free-down"), FAST);
    expect(sameFiles(path, local.at("free-down"))).toBe(true);
  });
});

describe.skipIf(!HAS_HOLES)("a file that changes while it is sent", () => {
  /** Data for longer than the first window: the rest is sent when the file has changed. */
  const LONG = { [10 * MiB]: contents(30 * MiB, 3) };

  test("fails when a hole is filled behind the reader", async () => {
    const path = sparseFile(library.at("filled"), 80 * MiB, LONG);
    const download = await client.get("filled");
    const fd = openSync(path, "r+");
    writeSync(fd, "late", 2 * MiB);
    closeSync(fd);
    expect(await refusalCode(download.bytes())).toBe("CHANGED");
  });

  test("is compared, holes too, when it was only touched", async () => {
    const path = sparseFile(library.at("touched"), HUGE, LONG);
    const { mtime } = statSync(path);
    const download = await client.get("touched");
    chmodSync(path, 0o600);
    await download.save(local.at("touched"), FAST);
    expect(sameFiles(path, local.at("touched"))).toBe(true);
    expect(statSync(path).mtime).toEqual(mtime);
  });

  test("fails when it is cut off inside a hole", async () => {
    const path = sparseFile(library.at("cut-off"), 80 * MiB, LONG);
    const download = await client.get("cut-off");
    truncateSync(path, 50 * MiB);
    expect(await refusalCode(download.bytes())).toBe("CHANGED");
  });
});
