/** Bounds of the unfinished uploads that are kept, and the search for them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { type CreateOptions, type Store } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { beyond } from "../../src/store/uploads/kept-partials.ts";
import { crc32 } from "../../src/hash.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { HAS_HOLES } from "../support/sparse.ts";
import { until } from "../support/until.ts";
import { create, refused } from "./support.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = new TemporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

const partials = (): string[] => readdirSync(folder.at(".leat/partial"));
const idOf = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const nameStart = (n: number): string => Buffer.from(idOf(n)).toString("hex");
const kept = (): number[] =>
  partials()
    .map((name) => Number.parseInt(name.slice(0, 2), 16))
    .toSorted((a, b) => a - b);

const how = (n: number, peer = "10.0.0.1:1000"): Partial<CreateOptions> => ({
  uploadId: idOf(n),
  size: 4 * MiB,
  resume: {},
  peer,
});

async function keep(store: Store, n: number, peer?: string, size = 1000): Promise<void> {
  const sink = await create(store, `file-${n}`, how(n, peer));
  await sink.write(new Uint8Array(size).fill(n), 0);
  await sink.keep();
}

describe("unfinished uploads", () => {
  test("of one peer are bounded in number, whatever its port: the oldest goes", async () => {
    await using store = openDiskStore(folder.path, { kept: { peerCount: 3 } });
    for (let n = 1; n <= 6; n += 1) await keep(store, n, `10.0.0.1:${n}`);
    for (let n = 11; n <= 12; n += 1) await keep(store, n, "10.0.0.2:1");
    expect(kept()).toEqual([4, 5, 6, 11, 12]);
    // One that is continued and kept again is the newest.
    await keep(store, 4);
    await keep(store, 7);
    expect(kept()).toEqual([4, 6, 7, 11, 12]);
  });

  test("of one peer are bounded in bytes, but the newest stays", async () => {
    await using store = openDiskStore(folder.path, { kept: { peerBytes: 5000 } });
    for (let n = 1; n <= 7; n += 1) await keep(store, n);
    expect(kept()).toEqual([3, 4, 5, 6, 7]);
    await keep(store, 8, undefined, 9000);
    expect(kept()).toEqual([8]);
  });

  test.skipIf(!HAS_HOLES)(
    "count what they take on the disk: a hole displaces nothing",
    async () => {
      const bounds = { peerBytes: 5000, bytes: 1 << 20 };
      await using store = openDiskStore(folder.path, { kept: bounds });
      for (let n = 1; n <= 3; n += 1) await keep(store, n);
      const sink = await create(store, "sparse", { ...how(4), size: 2 ** 40, allocated: 0 });
      await sink.writeHole!(2 ** 40, 0);
      await sink.keep();
      await keep(store, 5);
      expect(kept()).toEqual([1, 2, 3, 4, 5]);
      await using again = openDiskStore(folder.path, { kept: bounds });
      await keep(again as Store, 6);
      expect(kept()).toContain(1);
    },
  );

  test("of one peer are bounded over all processes, and over a restart of one", async () => {
    const options = { kept: { peerCount: 3 } };
    await using first = openDiskStore(folder.path, options);
    await using second = openDiskStore(folder.path, options);
    for (let n = 1; n <= 6; n += 1) await keep(n % 2 === 0 ? first : second, n);
    expect(kept()).toEqual([4, 5, 6]);
    await using third = openDiskStore(folder.path, options);
    await keep(third, 7);
    expect(kept()).toEqual([5, 6, 7]);
  });

  test("that were finished since do not count", async () => {
    await using store = openDiskStore(folder.path, { kept: { peerCount: 3 } });
    await keep(store, 1);
    for (let n = 2; n <= 9; n += 1) {
      await keep(store, n);
      await (await create(store, `file-${n}`, how(n))).discard();
    }
    await keep(store, 10);
    await keep(store, 11);
    expect(kept()).toEqual([1, 10, 11]);
  });

  test("that are being continued are not removed", async () => {
    await using store = openDiskStore(folder.path, { kept: { peerCount: 2 } });
    for (let n = 1; n <= 2; n += 1) await keep(store, n);
    await using going = await create(store, "file-1", how(1));
    for (let n = 3; n <= 5; n += 1) await keep(store, n);
    expect(kept()).toEqual([1, 4, 5]);
    expect(going.durableOffset).toBe(0);
  });

  test("are bounded in all, whichever peer they are from", async () => {
    for (let n = 1; n <= 40; n += 1)
      folder.file(`.leat/partial/${nameStart(n)}.${"0".repeat(32)}`, "x");
    await using store = openDiskStore(folder.path, { kept: { count: 16 } });
    expect(partials()).toHaveLength(16);
    for (let n = 101; n <= 120; n += 1) await keep(store, n, `10.0.0.${n}:1`);
    await until(
      () => partials().length <= 17,
      () => partials().length,
    );
    // The clock of the file system does not tell apart what comes at once.
    expect(kept().filter((n) => n > 100).length).toBeGreaterThan(8);
  });

  test("are swept without blocking the event loop, however many there are", async () => {
    for (let n = 0; n < 3000; n += 1) {
      const target = n.toString(16).padStart(32, "0");
      folder.file(`.leat/partial/${n.toString(16).padStart(32, "a")}.${target}`, "x");
    }
    await using store = openDiskStore(folder.path);
    const prefix = { length: 1, crc32: crc32(Buffer.from("x")) };
    const asks = Array.from({ length: 64 }, (_, n) =>
      store.create(`file-${n}`, {
        ...how(n + 1),
        resume: { prefix },
        collision: "fail",
        durability: "none",
      } as CreateOptions),
    );
    for (const sink of await Promise.all(asks)) if ("write" in sink) await sink.discard();
    expect(partials()).toHaveLength(3000);
  });

  test("are waited for while the try before is just closing one", async () => {
    await using store = openDiskStore(folder.path);
    const bytes = new Uint8Array(3 * MiB).fill(1);
    const before = await create(store, "file", how(1));
    await before.write(bytes, 0);
    const resume = { prefix: { length: MiB, crc32: crc32(bytes.subarray(0, MiB)) } };
    let checks = 0;
    const again = Promise.withResolvers<void>();
    const isOver = (): boolean => {
      checks += 1;
      if (checks === 8) again.resolve(); // it was searched for, and is searched for again
      return false;
    };
    const next = create(store, "file", { ...how(2), resume, isOver });
    await Promise.race([next, again.promise]);
    await before.keep();
    await using sink = await next;
    expect(sink.durableOffset).toBe(3 * MiB);
  });

  test("are not searched for any more when the client has left", async () => {
    await using store = openDiskStore(folder.path);
    await keep(store, 1, undefined, 3 * MiB);
    let checks = 0;
    const isOver = (): boolean => (checks += 1) > 3;
    await refused("CANCELLED", () => create(store, "file-1", { ...how(1), isOver }));
    const again = await create(store, "file-1", how(1));
    expect(again.durableOffset).toBe(3 * MiB);
    await again.discard();
  });
});

describe("the oldest beyond a bound", () => {
  const all = [5, 1, 4, 2, 3].map((n) => ({ name: `${n}`, size: n * 10, changed: n }));

  test.each([
    [5, 150, []],
    [3, 150, ["2", "1"]],
    [9, 95, ["3", "2", "1"]],
    [0, 0, ["4", "3", "2", "1"]],
  ] as const)("of at most %d with %d bytes", (count, bytes, gone) => {
    expect(beyond(all, { count, bytes })).toEqual([...gone]);
    expect(beyond([], { count, bytes })).toEqual([]);
  });
});
