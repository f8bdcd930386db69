/** When an open file counts as changed, and versions over restarts. */

import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { DiskStore } from "../../src/store/disk/disk.ts";
import { DiskPace } from "../../src/store/system/disk-pace.ts";
import { DiskSource } from "../../src/store/read/disk-source.ts";
import { Versions } from "../../src/store/system/versions.ts";
import { openRegular } from "../../src/store/resolve/open-regular.ts";
import { VERSION_GRAIN } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { HAS_HOLES, sparseFile } from "../support/sparse.ts";
import { until } from "../support/until.ts";
import { DiskLibrary } from "./library.ts";
import { put, refused, RESOLUTIONS, slowPace, textOf } from "./support.ts";

test.skipIf(!HAS_HOLES)(
  "the holes of a file are those that it has now, and of short files none",
  () => {
    using folder = new TemporaryFolder();
    const MiB = 1 << 20;
    const open = (size: number): DiskSource => {
      const path = sparseFile(folder.at(`${size}`), size, { [size / 2]: "data" });
      const file = openRegular(path, path, { follow: true, proc: false });
      return new DiskSource("file", file, new Versions("test"));
    };
    using short = open(MiB - 2);
    expect([short.allocated, short.holeAt(0)]).toEqual([undefined, 0]);
    using long = open(8 * MiB);
    expect(long.allocated).toBeLessThan(MiB);
    expect(long.holeAt(0)).toBe(4 * MiB);
    expect(long.holeAt(4 * MiB)).toBe(0);
    expect(long.holeAt(5 * MiB)).toBe(3 * MiB);
    truncateSync(folder.at(`${8 * MiB}`), 6 * MiB);
    expect(long.holeAt(5 * MiB)).toBe(MiB);
    expect(long.holeAt(6 * MiB)).toBe(0);
    expect(long.holeAt(7 * MiB)).toBe(0);
    writeFileSync(folder.at(`${8 * MiB}`), "x".repeat(MiB), { flag: "r+" });
    expect(long.holeAt(0)).toBe(0);
    long[Symbol.dispose]();
    expect(long.holeAt(0)).toBe(0);
  },
);

test("a file on a slow disk is fetched by the thread pool", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("file", "contents");
  const versions = new Versions("test");
  const open = (pace: DiskPace): DiskSource =>
    new DiskSource("file", openRegular(path, path, { follow: true, proc: false }), versions, pace);
  using quick = open(new DiskPace());
  expect(quick.fetch(0, 8)).toBeUndefined();
  using slow = open(slowPace());
  await slow.fetch(0, 8);
  await slow.fetch(4, 1 << 22);
  const into = new Uint8Array(20);
  expect([slow.read(into, 0), textOf(into.subarray(0, 8))]).toEqual([8, "contents"]);
  slow[Symbol.dispose]();
  await slow.fetch(0, 8); // the read reports the error
  await refused("INTERNAL", () => slow.read(into, 0));
});

describe.each(RESOLUTIONS)("an open file, %s", (resolution) => {
  test.each<[string, (path: string) => void]>([
    ["appended to", (path) => appendFileSync(path, "more")],
    ["truncated", (path) => truncateSync(path, 3)],
    ["overwritten", (path) => writeFileSync(path, "CONTENTS", { flag: "r+" })],
    [
      "overwritten, and its time set back",
      (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, "CONTENTS", { flag: "r+" });
        utimesSync(path, atime, mtime);
      },
    ],
    [
      "overwritten, its time set back, and given another name",
      (path) => {
        writeFileSync(path, "CONTENTS", { flag: "r+" });
        utimesSync(path, 1000, 1000);
        linkSync(path, `${path}-2`);
      },
    ],
    ["given another mode", (path) => chmodSync(path, 0o600)],
  ])("has another version once it was %s", async (_how, change) => {
    await using library = new DiskLibrary(resolution);
    const path = library.file("file", "contents");
    utimesSync(path, 1000, 1000);
    using source = await library.store.open("file");
    change(path);
    expect(source.currentVersion()).not.toBe(source.entry.version);
  });

  test.each<[string, boolean, (path: string) => void]>([
    ["removed", true, (path) => unlinkSync(path)],
    ["given another name", true, (path) => linkSync(path, `${path}-2`)],
    ["given another mode", true, (path) => chmodSync(path, 0o600)],
    ["appended to", false, (path) => appendFileSync(path, "more")],
    ["overwritten", false, (path) => writeFileSync(path, "CONTENTS", { flag: "r+" })],
    ["given another time", false, (path) => utimesSync(path, 1000, 2000)],
  ])("that was %s is worth to be compared: %p", async (_how, comparable, change) => {
    await using library = new DiskLibrary(resolution);
    const path = library.file("file", "contents");
    utimesSync(path, 1000, 1000);
    using source = await library.store.open("file");
    change(path);
    const wait = source.comparableIn?.();
    expect(wait !== undefined).toBe(comparable);
    // It was a moment ago: what would happen now might leave no trace.
    if (wait !== undefined) expect(wait).toBeWithin(1, VERSION_GRAIN + 1);
  });

  test("that was changed a while ago can be compared at once", async () => {
    await using library = new DiskLibrary(resolution);
    const path = library.file("file", "contents");
    using source = await library.store.open("file");
    chmodSync(path, 0o600);
    await until(
      () => source.comparableIn?.() === 0,
      () => source.comparableIn?.(),
    );
  });

  test("gives a descriptor as long as it is open", async () => {
    await using library = new DiskLibrary(resolution);
    library.file("file", "contents");
    const source = await library.store.open("file");
    expect(source).toMatchObject({ synchronous: true });
    expect(source.fd).toBeGreaterThan(2);
    source[Symbol.dispose]();
    source[Symbol.dispose]();
    expect(source.fd).toBe(-1);
    await refused("INTERNAL", () => source.read(new Uint8Array(1), 0));
    await refused("INTERNAL", () => source.currentVersion());
  });
});

describe("versions", () => {
  test("outlive a restart, and are the same by every way to resolve names", async () => {
    using folder = new TemporaryFolder();
    const versions: string[] = [];
    {
      await using store = DiskStore.open(folder.path);
      versions.push((await put(store, "file", "contents")).version);
    }
    for (const resolution of RESOLUTIONS) {
      await using store = DiskStore.open(folder.path, { resolution, readOnly: true });
      versions.push(store.stat("file").version);
      using source = await store.open("file");
      versions.push(source.entry.version, await source.currentVersion());
    }
    expect(new Set(versions).size).toBe(1);
  });

  test("of the same file differ between libraries", async () => {
    using around = new TemporaryFolder();
    around.folder("one");
    linkSync(around.file("file", "contents"), around.at("one/file"));
    await using outer = DiskStore.open(around.path, { readOnly: true });
    await using inner = DiskStore.open(around.at("one"), { readOnly: true });
    expect(outer.stat("file").version).not.toBe(inner.stat("file").version);
  });
});
