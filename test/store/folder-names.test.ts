/** Windows on the names of a folder: bounded, and together all of it. */

import { describe, expect, test } from "bun:test";
import type { Folder } from "../../src/store/resolve/folder.ts";
import type { Facts } from "../../src/store/system/facts.ts";
import { FOLDER_COST, FolderCache } from "../../src/store/listing/folder-cache.ts";
import { type FolderNames, readFolderNames } from "../../src/store/listing/folder-names.ts";
import type { NameTaker } from "../../src/store/resolve/folder-reader.ts";
import { FOLDER_WINDOW_BYTES } from "../../src/limits.ts";
import { until } from "../support/until.ts";

const WINDOW = 4096;

/** A folder of names that counts how often it is read. */
class FakeFolder implements Folder {
  reads = 0;
  readonly path = "fake";
  facts: Facts;
  readonly #names: readonly string[];
  readonly #slow: number;

  constructor(names: readonly string[], { inode = 1, slow = 0, changed = 1000 } = {}) {
    this.#names = names;
    this.#slow = slow;
    this.facts = factsOf(inode, changed);
  }

  async readNames(_shown: string, taker: NameTaker): Promise<void> {
    this.reads++;
    if (this.#slow > 0) await Bun.sleep(this.#slow);
    for (const [i, name] of this.#names.entries()) {
      const bytes = Buffer.from(name);
      taker.take(bytes, 0, bytes.length);
      if (i % 64 === 0) await taker.settle();
    }
    await taker.settle();
  }

  pathOf(name: string): string {
    return name;
  }

  stat(): undefined {
    return undefined;
  }

  statBytes(): undefined {
    return undefined;
  }

  child(): Folder {
    return this;
  }

  [Symbol.dispose](): void {}
}

function factsOf(inode: number, changed: number): Facts {
  return {
    kind: "DIRECTORY",
    mode: 0o755,
    group: 0,
    links: 2,
    size: 0,
    allocated: 0,
    device: 1,
    mount: 1,
    inodeLow: inode,
    inodeHigh: 0,
    modifiedSeconds: changed,
    modifiedNanoseconds: 0,
    changedSeconds: changed,
    changedNanoseconds: 0,
  };
}

const many = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `name-${Math.imul(i, 0x9e3779b1) >>> 0}`);

/** As long as names get. */
const long = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(250, "0"));

const textsOf = ({ names }: FolderNames): string[] =>
  Array.from({ length: names.count }, (_, i) => names.name(i).toString());

const lastOf = ({ names }: FolderNames): Buffer => names.name(names.count - 1);

describe("a window", () => {
  test("holds all of a small folder", async () => {
    const names = many(100);
    const window = await readFolderNames(new FakeFolder(names), undefined, "x", { bytes: WINDOW });
    expect(window).toMatchObject({ after: undefined, complete: true });
    expect(textsOf(window)).toEqual(names.toSorted());
  });

  test("holds the first names of a large one, and the next ones behind them", async () => {
    const names = many(5000);
    const folder = new FakeFolder(names);
    const found: string[] = [];
    let window = await readFolderNames(folder, undefined, "x", { bytes: WINDOW });
    for (;;) {
      expect(window.names.size).toBeLessThanOrEqual(WINDOW);
      expect(window.names.count).toBeGreaterThan(0);
      found.push(...textsOf(window));
      if (window.complete) break;
      window = await readFolderNames(folder, lastOf(window), "x", { bytes: WINDOW });
    }
    expect(found).toEqual(names.toSorted());
    expect(folder.reads).toBeLessThan(100);
  });

  test("holds one name, however small it is", async () => {
    const window = await readFolderNames(new FakeFolder(["b", "a", "c"]), undefined, "x", {
      bytes: 1,
    });
    expect(textsOf(window)).toEqual(["a"]);
    expect(window.complete).toBe(false);
  });

  test("an empty folder, and one that has nothing behind the name", async () => {
    for (const names of [[], ["a", "b"]]) {
      const window = await readFolderNames(new FakeFolder(names), Buffer.from("b"), "x", {
        bytes: WINDOW,
      });
      expect(window).toMatchObject({ complete: true });
      expect(window.names.count).toBe(0);
    }
  });
});

/** Reads twelve folders, of which four fail. @returns how many were read at once */
async function mostAtOnce(cache: FolderCache): Promise<number> {
  let [now, most] = [0, 0];
  const folders = Array.from({ length: 12 }, (_, inode) => new FakeFolder(["a"], { inode }));
  for (const folder of folders) {
    folder.readNames = async () => {
      most = Math.max(most, ++now);
      await Bun.sleep(1);
      now--;
      if (folder.facts.inodeLow % 3 === 0) throw new Error("a read that fails frees its place");
    };
  }
  const ends = await Promise.allSettled(folders.map((f) => cache.names(f, undefined, "x")));
  expect(ends.filter((end) => end.status === "rejected")).toHaveLength(4);
  return most;
}

describe("the cache", () => {
  test("reads an unchanged folder once", async () => {
    using cache = new FolderCache();
    const folder = new FakeFolder(["a", "b"]);
    const first = await cache.names(folder, undefined, "x");
    expect(await cache.names(folder, undefined, "x")).toBe(first);
    expect(await cache.names(folder, Buffer.from("a"), "x")).toBe(first);
    expect(folder.reads).toBe(1);
    expect(cache.bytes).toBe(first.names.size + FOLDER_COST);
  });

  test("reads a changed folder again", async () => {
    using cache = new FolderCache();
    const folder = new FakeFolder(["a", "b"]);
    await cache.names(folder, undefined, "x");
    for (const part of ["modifiedSeconds", "changedSeconds", "changedNanoseconds"] as const) {
      folder.facts = { ...folder.facts, [part]: folder.facts[part] + 1 };
      const before = folder.reads;
      await cache.names(folder, undefined, "x");
      await cache.names(folder, Buffer.from("a"), "x");
      expect(folder.reads).toBe(before + 1);
    }
  });

  test("does not trust the times of a folder that changed just now", async () => {
    using cache = new FolderCache();
    const folder = new FakeFolder(["a", "b"], { changed: Date.now() / 1000 });
    await cache.names(folder, undefined, "x");
    await cache.names(folder, undefined, "x");
    expect(folder.reads).toBe(2);
  });

  test("a large folder that keeps changing is not read for every page", async () => {
    using cache = new FolderCache();
    const folder = new FakeFolder(["a", "b"], { slow: 30 });
    await cache.names(folder, undefined, "x");
    for (let i = 1; i <= 5; i++) {
      folder.facts = factsOf(1, 1000 + i);
      await cache.names(folder, Buffer.from("a"), "x");
    }
    expect(folder.reads).toBe(1);
    // A listing that begins sees what is there.
    await cache.names(folder, undefined, "x");
    expect(folder.reads).toBe(2);
  });

  test("tells folders apart", async () => {
    using cache = new FolderCache();
    const [one, two] = [new FakeFolder(["a"], { inode: 1 }), new FakeFolder(["b"], { inode: 2 })];
    expect(textsOf(await cache.names(one, undefined, "x"))).toEqual(["a"]);
    expect(textsOf(await cache.names(two, undefined, "x"))).toEqual(["b"]);
  });

  test("keeps within its budget: the folder used last goes last", async () => {
    using cache = new FolderCache(5000 + 2 * FOLDER_COST);
    const folders = [1, 2, 3, 4, 5].map((inode) => new FakeFolder(many(80), { inode }));
    const [first] = folders;
    for (const folder of folders) {
      await cache.names(folder, undefined, "x");
      await cache.names(first ?? folder, undefined, "x");
      expect(cache.bytes).toBeLessThanOrEqual(5000 + 2 * FOLDER_COST);
    }
    expect(first?.reads).toBe(1);
    const [, second] = folders;
    await cache.names(second ?? new FakeFolder([]), undefined, "x");
    expect(second?.reads).toBe(2);
  });

  test("does not keep what is larger than its budget", async () => {
    using cache = new FolderCache(100);
    const folder = new FakeFolder(many(80));
    expect((await cache.names(folder, undefined, "x")).names.count).toBe(80);
    expect(cache.bytes).toBe(0);
  });

  test("a folder that needs more than a window takes what nobody else needs", async () => {
    using cache = new FolderCache();
    const folder = new FakeFolder(long(40_000), { inode: 1 });
    const { names, complete } = await cache.names(folder, undefined, "x");
    expect(names.size).toBeGreaterThan(2 * FOLDER_WINDOW_BYTES);
    expect(complete).toBe(true);
    // A second one as large does not push it out, and is read in windows.
    const other = new FakeFolder(long(40_000), { inode: 2 });
    const window = await cache.names(other, undefined, "x");
    expect(window.names.size).toBeLessThanOrEqual(FOLDER_WINDOW_BYTES);
    expect(window.complete).toBe(false);
    await cache.names(folder, undefined, "x");
    expect(folder.reads).toBe(1);
  });

  test("while it is read another folder has its turn; and it gives back what it took", async () => {
    using cache = new FolderCache();
    const huge = new FakeFolder(long(60_000), { inode: 99 });
    const told = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const read = huge.readNames.bind(huge);
    huge.readNames = async (shown, taker) => {
      await read(shown, taker);
      told.resolve();
      await going.promise;
    };
    const first = cache.names(huge, undefined, "x");
    await told.promise;
    await cache.names(new FakeFolder(["a"], { inode: 98 }), undefined, "x");
    going.resolve();
    await first;
    expect(await mostAtOnce(cache)).toBe(4);
  });

  test("a few folders are read at once, the others wait", async () => {
    using cache = new FolderCache();
    expect(await mostAtOnce(cache)).toBe(4);
  });

  test("keeps names for a short while, asked for or not", async () => {
    const LIFETIME = 20;
    using cache = new FolderCache(5000, LIFETIME);
    const folder = new FakeFolder(["a"]);
    await until(async () => {
      await cache.names(folder, undefined, "x");
      return folder.reads === 2;
    });
    await until(() => cache.bytes === 0);
  });
});
