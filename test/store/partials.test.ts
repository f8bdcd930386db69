/** Partial files: where they are, their permissions, and when they are removed. */

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { PARTIAL_RETENTION } from "../../src/limits.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { Library } from "../../src/store/resolve/library.ts";
import { removeUnheld } from "../../src/store/write/partial.ts";
import { Partials } from "../../src/store/uploads/partials.ts";
import { lockExclusively } from "../../src/store/system/posix.ts";
import { TemporaryFolder, openUnder } from "../support/folder.ts";
import { DiskLibrary } from "./library.ts";
import {
  bytesOf,
  create,
  getText,
  names,
  newUploadId,
  put,
  refused,
  RESOLUTIONS,
} from "./support.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe.each(RESOLUTIONS)("%s", (resolution) => {
  test("the folder is made by the first upload, and private", async () => {
    await using library = new DiskLibrary(resolution);
    expect(existsSync(library.at(".leat"))).toBe(false);
    await using sink = await create(library.store, "file");
    await sink.write(bytesOf("partial"), 0);
    expect(modeOf(library.at(".leat"))).toBe(0o700);
    expect(modeOf(library.at(".leat/partial"))).toBe(0o700);
    expect(library.partials()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.[0-9a-f]{32}$/)]);
  });

  test("a folder that other users could read becomes private", async () => {
    await using library = new DiskLibrary(resolution);
    mkdirSync(library.at(".leat/partial"), { recursive: true });
    chmodSync(library.at(".leat"), 0o755);
    chmodSync(library.at(".leat/partial"), 0o777);
    await put(library.store, "file");
    expect(modeOf(library.at(".leat"))).toBe(0o700);
    expect(modeOf(library.at(".leat/partial"))).toBe(0o700);
  });

  test("a folder that was removed is made again", async () => {
    await using library = new DiskLibrary(resolution);
    await put(library.store, "one");
    rmSync(library.at(".leat"), { recursive: true });
    await put(library.store, "two");
    expect(await names(library.store, "")).toEqual(["one", "two"]);
  });

  test("a folder that could not be made again for a while does not end all uploads", async () => {
    await using library = new DiskLibrary(resolution);
    await put(library.store, "one", "1", { size: 1 });
    rmSync(library.at(".leat"), { recursive: true });
    writeFileSync(library.at(".leat"), "in the way");
    const replace = { size: 1, collision: "replace" } as const;
    await refused("NOT_A_DIRECTORY", () => put(library.store, "two", "2", replace));
    await refused("NOT_A_DIRECTORY", () => put(library.store, "three", "3"));
    rmSync(library.at(".leat"));
    await put(library.store, "two", "2", replace);
    await put(library.store, "three", "3");
    expect(await names(library.store, "")).toEqual(["one", "three", "two"]);
  });

  test.each([".leat", ".leat/partial"])("a link in the place of %s is refused", async (name) => {
    await using library = new DiskLibrary(resolution, (path) => {
      mkdirSync(`${path}/../elsewhere/partial`, { recursive: true });
      mkdirSync(`${path}/inside/partial`, { recursive: true });
      if (name !== ".leat") mkdirSync(`${path}/.leat`);
      symlinkSync(name === ".leat" ? "inside" : "../inside", `${path}/${name}`);
    });
    await refused("PERMISSION_DENIED", () => create(library.store, "file"));
    rmSync(library.at(name));
    symlinkSync(library.around.at("elsewhere"), library.at(name));
    await refused("PERMISSION_DENIED", () => create(library.store, "file"));
    expect(readdirSync(library.around.at("elsewhere"), { recursive: true })).toEqual(["partial"]);
    expect(readdirSync(library.at("inside"), { recursive: true })).toEqual(["partial"]);
  });

  test.each([".leat", ".leat/partial"])("a file in the place of %s is refused", async (name) => {
    await using library = new DiskLibrary(resolution, (path) => {
      if (name !== ".leat") mkdirSync(`${path}/.leat`);
      writeFileSync(`${path}/${name}`, "");
    });
    await refused("NOT_A_DIRECTORY", () => create(library.store, "file"));
    expect(statSync(library.at(name)).isFile()).toBe(true);
  });

  test("nothing is begun while the store is closing, and nothing stays open", async () => {
    using folder = new TemporaryFolder();
    const store = openDiskStore(folder.path, { resolution });
    await put(store, "before", "whole");
    const closing = store[Symbol.asyncDispose]();
    await refused("UNAVAILABLE", () => create(store, "after"));
    await closing;
    expect(openUnder(folder.path)).toEqual([]);
  });

  test("a read-only store makes nothing", async () => {
    using folder = new TemporaryFolder();
    {
      await using store = openDiskStore(folder.path, { resolution, readOnly: true });
      await refused("READ_ONLY", () => create(store, "file"));
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("nothing is left after any failure", async () => {
    await using library = new DiskLibrary(resolution);
    const { store } = library;
    await put(store, "taken", "first");
    store.makeDirectory("folder", false);
    const late = await create(store, "late");
    store.makeDirectory("late", false);
    const lost = await create(store, "folder/lost");
    const loser = await create(store, "loser");
    await put(store, "loser", "winner");
    const changed = await create(store, "taken", {
      collision: "replace",
      ifMatch: store.stat("taken").version,
    });
    await put(store, "taken", "second", { collision: "replace" });
    renameSync(library.at("folder"), library.at("gone"));
    const short = await create(store, "short", { size: 3 });
    // That of the short one has no name, where there are such files.
    expect(library.partials()).toHaveLength(resolution === "walk-paths" ? 5 : 4);
    await refused("IS_A_DIRECTORY", () => late.commit());
    await refused("NOT_FOUND", () => lost.commit());
    await refused("ALREADY_EXISTS", () => loser.commit());
    await refused("PRECONDITION_FAILED", () => changed.commit());
    await refused("SIZE_MISMATCH", () => short.commit());
    await (await create(store, "discarded")).discard();
    expect(library.partials()).toEqual([]);
    expect(await names(store, "", { hidden: true })).toEqual(["gone", "late", "loser", "taken"]);
    expect(await getText(store, "taken")).toBe("second");
  });

  test("a store that closes discards what is under way and waits for commits", async () => {
    using folder = new TemporaryFolder();
    const store = openDiskStore(folder.path, { resolution });
    const left = await create(store, "left");
    await left.write(bytesOf("x"), 0);
    const kept = await create(store, "kept");
    kept.keep();
    const sink = await create(store, "committed", { durability: "fsync" });
    const commit = sink.commit();
    await store[Symbol.asyncDispose]();
    expect((await commit).name).toBe("committed");
    expect(readdirSync(folder.path).toSorted()).toEqual([".leat", "committed"]);
    expect(readdirSync(folder.at(".leat/partial"))).toHaveLength(1);
    await refused("INTERNAL", () => left.write(bytesOf("x"), 1));
  });

  test("a partial that somebody removes fails its commit, and nothing else", async () => {
    await using library = new DiskLibrary(resolution);
    await using sink = await create(library.store, "file");
    rmSync(library.at(`.leat/partial/${library.partials()[0]}`));
    await refused("NOT_FOUND", () => sink.commit());
    expect(await names(library.store, "")).toEqual([]);
  });
});

describe("the sweep of a store that opens", () => {
  test("removes what is old and not locked", async () => {
    await using library = new DiskLibrary();
    const held = await create(library.store, "held");
    const [heldName = ""] = library.partials();
    const uploadId = newUploadId();
    (await create(library.store, "kept", { uploadId })).keep();
    library.file(".leat/partial/old");
    library.file(".leat/partial/young");
    mkdirSync(library.at(".leat/partial/folder"));
    spawnSync("mkfifo", [library.at(".leat/partial/fifo")]);
    symlinkSync(library.file("precious", "not to be swept"), library.at(".leat/partial/link"));
    const oldest = statSync(library.at(".leat/partial/link")).ctimeMs;
    // Written to after all others; a modified time of long ago says nothing, it is set by commits.
    const young = library.at(".leat/partial/young");
    do utimesSync(young, 1, 1);
    while (statSync(young).ctimeMs < oldest + 5);
    const now = (): number => statSync(young).ctimeMs + PARTIAL_RETENTION - 2;
    await using second = openDiskStore(library.path, { now });
    expect(second.readOnly).toBe(false);
    const left = [heldName, "fifo", "folder", "link", "young"];
    expect(library.partials().toSorted()).toEqual(left.toSorted());
    expect(await getText(library.store, "precious")).toBe("not to be swept");
    expect((await held.commit()).name).toBe("held");
  });

  test("is not made by a read-only store", async () => {
    using folder = new TemporaryFolder();
    folder.file(".leat/partial/old");
    const now = (): number => Date.now() + 2 * PARTIAL_RETENTION;
    await using store = openDiskStore(folder.path, { readOnly: true, now });
    expect(store.readOnly).toBe(true);
    expect(readdirSync(folder.at(".leat/partial"))).toEqual(["old"]);
  });
});

test("a sweep locks nothing that stays, so that it disturbs no upload elsewhere", () => {
  using around = new TemporaryFolder();
  around.file("library/young");
  using library = Library.open(around.at("library"));
  using folder = library.resolver.folder([]);
  const free: boolean[] = [];
  const removed = removeUnheld(folder, "young", () => {
    const fd = openSync(around.at("library/young"), "r+");
    free.push(lockExclusively(fd) === "ours");
    closeSync(fd);
    return false;
  });
  expect(removed).toBe(false);
  expect(free).toEqual([true]);
});

describe("a sweep", () => {
  const NAMES = ["a", "b", "c"].map((letter) => `${letter.repeat(32)}.${"0".repeat(32)}`);

  test("goes on behind one that is locked", () => {
    using around = new TemporaryFolder();
    using library = Library.open(around.path);
    using partials = Partials.make(library);
    for (const name of NAMES) around.file(`.leat/partial/${name}`);
    const held = partials.reopen(NAMES[0]!);
    expect(partials.sweep(Date.now() + 60_000)).toBe(2);
    held!.close();
    expect(readdirSync(around.at(".leat/partial"))).toEqual([NAMES[0]!]);
  });

  test("tries those again that could not be removed, however new", () => {
    using around = new TemporaryFolder();
    using library = Library.open(around.path);
    using partials = Partials.make(library);
    const [first, second, third] = NAMES.map((name) =>
      partials.create(name, "file", partials.folder),
    );
    // A folder in its place: it cannot be unlinked.
    for (const name of NAMES.slice(0, 2)) {
      renameSync(around.at(".leat/partial", name), around.at(name));
      mkdirSync(around.at(".leat/partial", name));
    }
    for (const partial of [first!, second!]) expect(() => partial.remove()).toThrow();
    third!.close();
    for (const name of NAMES.slice(0, 2)) {
      rmdirSync(around.at(".leat/partial", name));
      renameSync(around.at(name), around.at(".leat/partial", name));
    }
    // One of them is continued meanwhile, and left once more.
    partials.reopen(NAMES[1]!)!.close();
    expect(partials.sweep(0)).toBe(1);
    expect(readdirSync(around.at(".leat/partial")).toSorted()).toEqual(NAMES.slice(1));
  });
});

describe("modes", () => {
  const umask = process.umask();

  test("a new file has 0666 less the umask", async () => {
    await using library = new DiskLibrary();
    const entry = await put(library.store, "file");
    expect(entry.mode).toBe(0o666 & ~umask);
    expect(modeOf(library.at("file"))).toBe(0o666 & ~umask);
  });

  test.each([0o600, 0o640, 0o444, 0o777])("a replaced file keeps its mode %o", async (mode) => {
    await using library = new DiskLibrary();
    library.file("file", "first");
    chmodSync(library.at("file"), mode);
    const entry = await put(library.store, "file", "second", { collision: "replace" });
    expect(entry.mode).toBe(mode);
    expect(modeOf(library.at("file"))).toBe(mode);
    expect(await getText(library.store, "file")).toBe("second");
  });

  test("a folder has 0777 less the umask", async () => {
    await using library = new DiskLibrary();
    expect((await library.store.makeDirectory("folder", false)).mode).toBe(0o777 & ~umask);
  });
});
