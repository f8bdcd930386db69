/** Files with holes whose transfer is cut: it goes on behind the last whole block, or the last hole. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { BlockSums } from "../../src/client/local/block-sums.ts";
import { connect, type Server } from "../../src/index.ts";
import { BLOCK_SIZE, KEPT_SUMS, MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { allocatedOf, HAS_HOLES, sameFiles, sparseFile } from "../support/sparse.ts";
import { behindFaults, left } from "./support.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

/** So many zeros that to read them would take longer than a test may. */
const HOLE = 200 * 1024 * MiB;
const SIZE = HOLE + 12 * MiB + 77;
const FAST = { durability: "none" } as const;
const HEADS = 64 * 1024;
/** 4 MiB, a hole, 3 MiB, a short hole, and some bytes. */
const PIECES = {
  0: contents(4 * MiB, 1),
  [HOLE]: contents(3 * MiB, 2),
  [SIZE - 5]: "bytes",
} as const;
const FILLED = 9 * MiB;

describe.skipIf(!HAS_HOLES)("with holes", () => {
  test("a download goes on wherever it is cut", async () => {
    const path = sparseFile(library.at("down"), SIZE, PIECES);
    using local = new TemporaryFolder();
    for (let round = 0; round < 8; round += 1) {
      const faults = [1, 2].map(() => ({ cutDown: Math.floor(Math.random() * 8 * MiB) + 300 }));
      await behindFaults(server.port, faults, async (client, proxy) => {
        const target = local.at(`file-${round}`);
        await client.download("down", target, FAST);
        expect(sameFiles(path, target)).toBe(true);
        expect(allocatedOf(target)).toBeLessThanOrEqual(FILLED + MiB);
        expect(proxy.down).toBeLessThan(FILLED + faults.length * BLOCK_SIZE + HEADS);
      });
    }
    expect(left(local.path)).toEqual([]);
  });

  test("an upload goes on wherever it is cut", async () => {
    using local = new TemporaryFolder();
    const path = sparseFile(local.at("up"), SIZE, PIECES);
    for (let round = 0; round < 8; round += 1) {
      const faults = [1, 2].map(() => ({ cutUp: Math.floor(Math.random() * 8 * MiB) + 300 }));
      await behindFaults(server.port, faults, async (client, proxy) => {
        await client.put(`up-${round}`, Bun.file(path));
        expect(sameFiles(path, library.at(`up-${round}`))).toBe(true);
        expect(allocatedOf(library.at(`up-${round}`))).toBeLessThanOrEqual(FILLED + MiB);
        // A few blocks may be on their way, and not written, when the connection is cut.
        expect(proxy.up).toBeLessThan(FILLED + faults.length * 3 * BLOCK_SIZE + HEADS);
      });
    }
    expect(readdirSync(library.at(PARTIALS))).toEqual([]);
  });

  /** Leaves a part of a download that ends behind its hole. @returns its partial file */
  async function interrupted(target: string): Promise<string> {
    await behindFaults(
      server.port,
      [{ cutDown: 6 * MiB + HEADS }],
      async (client) => {
        await client.download("down", target, FAST).catch(() => {});
      },
      0,
    );
    const folder = target.slice(0, target.lastIndexOf("/"));
    const name = left(folder).find((one) => statSync(`${folder}/${one}`).size > HOLE);
    return `${folder}/${name}`;
  }

  async function goesOn(target: string): Promise<number> {
    await using client = await connect(server.address);
    let resumed = -1;
    await client.download("down", target, { ...FAST, onResume: (at) => void (resumed = at) });
    expect(sameFiles(library.at("down"), target)).toBe(true);
    return resumed;
  }

  test("another process goes on with a download, and reads nothing of its holes", async () => {
    using local = new TemporaryFolder();
    await interrupted(local.at("file"));
    expect(await goesOn(local.at("file"))).toBeGreaterThanOrEqual(HOLE + MiB);
    expect(allocatedOf(local.at("file"))).toBeLessThanOrEqual(FILLED + MiB);
    expect(left(local.path)).toEqual([]);
  });

  test("a hole of a partial file that was written into since counts no longer", async () => {
    using local = new TemporaryFolder();
    const partial = await interrupted(local.at("file"));
    const fd = openSync(partial, "r+");
    writeSync(fd, "old bytes", 50 * 1024 * MiB + 3);
    closeSync(fd);
    expect(await goesOn(local.at("file"))).toBe(50 * 1024 * MiB);
  });

  test("another process goes on with an upload, which nobody reads its holes for", async () => {
    using local = new TemporaryFolder();
    const path = sparseFile(local.at("up"), SIZE, PIECES);
    await behindFaults(
      server.port,
      [{ cutUp: 7 * MiB }],
      async (client) => {
        await client.put("kept", Bun.file(path)).catch(() => {});
      },
      0,
    );
    await using client = await connect(server.address);
    let resumed = -1;
    await client.put("kept", Bun.file(path), { onResume: (offset) => void (resumed = offset) });
    expect(resumed).toBeGreaterThanOrEqual(HOLE);
    expect(sameFiles(path, library.at("kept"))).toBe(true);
  });
});

test("the sums of a hole are noted at once, and not without end", () => {
  using folder = new TemporaryFolder();
  const path = folder.at("sums");
  const version = "v";
  {
    using sums = BlockSums.create(path, { version, size: 2 ** 53 - 1, sums: [7] })!;
    sums.addHole(3 * MiB);
    expect(sums.count).toBe(4);
    sums.addHole(2 ** 52);
    sums.add(9);
    sums.flush();
    expect(sums.count).toBe(KEPT_SUMS);
  }
  expect(readFileSync(path).length).toBeLessThan(4 * KEPT_SUMS + 1024);
  const known = BlockSums.read(path, 2 ** 52);
  expect([known.size, known.sums.length, known.sums[0]]).toEqual([2 ** 53 - 1, KEPT_SUMS, 7]);
  const zeros = Bun.hash.crc32(new Uint8Array(BLOCK_SIZE));
  expect(new Set(known.sums.slice(1))).toEqual(new Set([zeros]));
});
