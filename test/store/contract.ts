/**
 * What every store must do, whatever it keeps its files on. Each kind of store runs this suite with
 * a factory of its own.
 */

import { describe, expect, test } from "bun:test";
import { BLOCK_SIZE, ENTRY_ROOM } from "../../src/limits.ts";
import type { Store } from "../../src/store/store.ts";
import {
  bytesOf,
  create,
  get,
  getText,
  hex,
  names,
  newUploadId,
  page,
  pattern,
  put,
  refused,
  textOf,
} from "./support.ts";

/** An empty library, gone at the end of its scope. */
export interface Library extends AsyncDisposable {
  readonly store: Store;
  /** Another store of the same library that takes no changes. */
  readOnly(): Promise<Store>;
}

export type OpenLibrary = () => Promise<Library>;

export function storeContract(name: string, open: OpenLibrary): void {
  describe(name, () => {
    describe("reading", () => reading(open));
    describe("names", () => naming(open));
    describe("writing", () => writing(open));
    describe("a name that is taken", () => collisions(open));
    describe("several at once", () => races(open));
    describe("the end of a Sink", () => endings(open));
    describe("remove", () => removing(open));
    describe("makeDirectory", () => makingDirectories(open));
    describe("rename", () => renaming(open));
    describe("page", () => paging(open));
    describe("read-only", () => readOnly(open));
  });
}

function reading(open: OpenLibrary): void {
  test("the library itself is a folder without a name", async () => {
    await using library = await open();
    const entry = await library.store.stat("");
    expect(entry).toMatchObject({ name: "", kind: "DIRECTORY", size: 0, version: "" });
  });

  test("what is not there is not found, and named", async () => {
    await using library = await open();
    const { store } = library;
    for (const path of ["nothing", "no/thing"]) {
      expect((await refused("NOT_FOUND", () => store.stat(path))).message).toContain('"no');
      await refused("NOT_FOUND", () => store.open(path));
      await refused("NOT_FOUND", () => page(store, path));
    }
  });

  test("a file is no folder", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file");
    await refused("NOT_A_DIRECTORY", () => store.stat("file/x"));
    await refused("NOT_A_DIRECTORY", () => store.open("file/x"));
    await refused("NOT_A_DIRECTORY", () => page(store, "file"));
    await refused("NOT_A_DIRECTORY", () => page(store, "file/x"));
  });

  test("a folder is not opened", async () => {
    await using library = await open();
    await library.store.makeDirectory("folder", false);
    await refused("IS_A_DIRECTORY", () => library.store.open("folder"));
    await refused("IS_A_DIRECTORY", () => library.store.open(""));
  });

  test("reads any range, and less than asked at the end only", async () => {
    await using library = await open();
    const contents = pattern(10_000);
    await put(library.store, "file", contents);
    using source = await library.store.open("file");
    const into = new Uint8Array(4000);
    expect(await source.read(into, 3000)).toBe(4000);
    expect(hex(into)).toBe(hex(contents.subarray(3000, 7000)));
    expect(await source.read(into, 9000)).toBe(1000);
    expect(hex(into.subarray(0, 1000))).toBe(hex(contents.subarray(9000)));
    expect(await source.read(into, 10_000)).toBe(0);
    expect(await source.read(into, 1_000_000)).toBe(0);
  });

  test("an open file stays itself when its name goes to another", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file", "first");
    using source = await store.open("file");
    await put(store, "file", "second", { collision: "replace" });
    const into = new Uint8Array(5);
    expect(await source.read(into, 0)).toBe(5);
    expect(textOf(into)).toBe("first");
    expect(await source.currentVersion()).toBe(source.entry.version);
    await store.remove("file");
    expect(await source.read(into, 0)).toBe(5);
    expect(await source.currentVersion()).toBe(source.entry.version);
  });

  test("stat and open agree, and nothing changes the version but a change", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "a", "contents");
    const entry = await store.stat("a");
    using source = await store.open("a");
    expect(source.entry).toEqual(entry);
    expect(await source.currentVersion()).toBe(entry.version);
    expect(await store.stat("a")).toEqual(entry);
    await put(store, "a", "CONTENTS", { collision: "replace" });
    expect((await store.stat("a")).version).not.toBe(entry.version);
  });

  test("a version is short and says nothing", async () => {
    await using library = await open();
    const { version } = await put(library.store, "file", "x");
    expect(version).toMatch(/^[\w-]{16,128}$/);
  });
}

const BAD_NAMES = [
  "..",
  "../x",
  "a/../b",
  "/etc/passwd",
  "a//b",
  "a/",
  ".",
  "\0",
  "a\nb",
  "\ud800",
];

function naming(open: OpenLibrary): void {
  test.each(BAD_NAMES)("%j is refused by every operation", async (name) => {
    await using library = await open();
    const { store } = library;
    await put(store, "file");
    await refused("INVALID_NAME", () => store.stat(name));
    await refused("INVALID_NAME", () => store.open(name));
    await refused("INVALID_NAME", () => page(store, name));
    await refused("INVALID_NAME", () => create(store, name));
    await refused("INVALID_NAME", () => store.remove(name));
    await refused("INVALID_NAME", () => store.makeDirectory(name, false));
    await refused("INVALID_NAME", () => store.makeDirectory(name, true));
    await refused("INVALID_NAME", () => store.rename?.(name, "x", false));
    await refused("INVALID_NAME", () => store.rename?.("file", name, true));
  });

  test.each([
    "with space",
    " leading and trailing ",
    "##",
    "a##b",
    "-rf",
    "~",
    "$(reboot)",
    "back\\slash",
    'quo"te',
    "%2e%2e",
    "...",
    "ünïcödé",
    "文件.txt",
    "🙂",
    "e\u0301",
    "\u00e9",
    "n".repeat(255),
    "é".repeat(127),
  ])("%j is a name", async (name) => {
    await using library = await open();
    const { store } = library;
    const entry = await put(store, name, name);
    expect(entry.name).toBe(name);
    expect(await getText(store, name)).toBe(name);
    expect(await names(store, "", { hidden: true })).toEqual([name]);
    expect(await store.stat(name)).toEqual(entry);
    await store.remove(name);
  });
}

function writing(open: OpenLibrary): void {
  const SIZES = [0, 1, 1000, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 17];

  test.each(SIZES)("%d bytes come back as they went", async (size) => {
    await using library = await open();
    const { store } = library;
    const contents = pattern(size);
    await using sink = await create(store, "file", { size });
    for (let at = 0; at < size; at += 300_000) {
      await sink.write(contents.subarray(at, at + 300_000), at);
    }
    const entry = await sink.commit();
    expect(entry).toMatchObject({ name: "file", kind: "FILE", size });
    expect(await store.stat("file")).toEqual(entry);
    expect(hex(await get(store, "file"))).toBe(hex(contents));
  });

  test("the caller may reuse its buffer after each write", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file");
    const buffer = new Uint8Array(4);
    for (let i = 0; i < 3; i++) {
      buffer.fill(0x61 + i);
      await sink.write(buffer, i * 4);
    }
    await sink.commit();
    expect(await getText(library.store, "file")).toBe("aaaabbbbcccc");
  });

  test("with durability fsync too", async () => {
    await using library = await open();
    const entry = await put(library.store, "file", "durable", { durability: "fsync" });
    expect(await library.store.stat("file")).toEqual(entry);
  });

  test("nothing is visible before the commit", async () => {
    await using library = await open();
    const { store } = library;
    await using sink = await create(store, "file");
    await sink.write(bytesOf("partial"), 0);
    await sink.checkpoint();
    await refused("NOT_FOUND", () => store.stat("file"));
    await refused("NOT_FOUND", () => store.open("file"));
    expect(await names(store, "", { hidden: true })).toEqual([]);
  });

  test("a checkpoint moves the durable offset", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file", { durability: "fsync" });
    expect(sink.durableOffset).toBe(0);
    await sink.write(bytesOf("12345"), 0);
    await sink.checkpoint();
    expect(sink.durableOffset).toBe(5);
  });

  test.each([
    { seconds: 1_000_000_000, nanoseconds: 123_456_789 },
    { seconds: 0, nanoseconds: 0 },
    { seconds: -5, nanoseconds: 999_999_999 },
  ])("the modified time is kept to the nanosecond: %o", async (modified) => {
    await using library = await open();
    const { store } = library;
    const entry = await put(store, "file", "x", { modified });
    expect(entry.modified).toEqual(modified);
    expect((await store.stat("file")).modified).toEqual(modified);
    expect((await page(store, "")).entries[0]?.modified).toEqual(modified);
  });

  test("fewer bytes than declared are not committed", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file", { size: 10 });
    await sink.write(bytesOf("short"), 0);
    const { message } = await refused("SIZE_MISMATCH", () => sink.commit());
    expect(message).toContain("10");
    expect(message).toContain("5");
    expect(await names(library.store, "", { hidden: true })).toEqual([]);
  });

  test("more bytes than declared are not taken", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file", { size: 4 });
    await sink.write(bytesOf("1234"), 0);
    await refused("SIZE_MISMATCH", () => sink.write(bytesOf("5"), 4));
  });

  test("a write that leaves a gap or goes back is a defect of the caller", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file");
    await sink.write(bytesOf("1234"), 0);
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 5));
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 3));
  });

  test("a file that cannot fit is refused with the numbers", async () => {
    await using library = await open();
    const size = 2 ** 52;
    const { message } = await refused("NO_SPACE", () => create(library.store, "file", { size }));
    expect(message).toContain(String(size));
  });

  test("an upload id has 16 bytes", async () => {
    await using library = await open();
    const uploadId = new Uint8Array(15);
    await refused("INVALID_ARGUMENT", () => create(library.store, "file", { uploadId }));
  });

  test("the folder must be there, and is named", async () => {
    await using library = await open();
    const { store } = library;
    const { message } = await refused("NOT_FOUND", () => create(store, "no/such/file"));
    expect(message).toContain('"no');
    await put(store, "file");
    await refused("NOT_A_DIRECTORY", () => create(store, "file/x"));
  });

  test("a folder that goes away meanwhile fails the commit, and nothing is left", async () => {
    await using library = await open();
    const { store } = library;
    await store.makeDirectory("folder", false);
    await using sink = await create(store, "folder/file");
    await store.remove("folder");
    await refused("NOT_FOUND", () => sink.commit());
    expect(await names(store, "", { hidden: true })).toEqual([]);
  });
}

function collisions(open: OpenLibrary): void {
  test("fail: refused at once", async () => {
    await using library = await open();
    await put(library.store, "file", "first");
    await refused("ALREADY_EXISTS", () => create(library.store, "file"));
    expect(await getText(library.store, "file")).toBe("first");
  });

  test("skip: answered with what is there", async () => {
    await using library = await open();
    const { store } = library;
    const entry = await put(store, "file", "first");
    const options = { uploadId: newUploadId(), collision: "skip", durability: "none" } as const;
    expect(await store.create("file", options)).toEqual({ skipped: entry });
    await put(store, "other", "new", { collision: "skip" });
    expect(await getText(store, "other")).toBe("new");
  });

  test("replace: the new contents, and a new version", async () => {
    await using library = await open();
    const { store } = library;
    const first = await put(store, "file", "first", { collision: "replace" });
    const second = await put(store, "file", "second", { collision: "replace" });
    expect(await getText(store, "file")).toBe("second");
    expect(second.version).not.toBe(first.version);
  });

  test("replace with if-match: only that version", async () => {
    await using library = await open();
    const { store } = library;
    const replace = { collision: "replace" } as const;
    const { version } = await put(store, "file", "first");
    await refused("PRECONDITION_FAILED", () =>
      create(store, "file", { ...replace, ifMatch: "no" }),
    );
    await put(store, "file", "second", { ...replace, ifMatch: version });
    await refused("PRECONDITION_FAILED", () =>
      create(store, "file", { ...replace, ifMatch: version }),
    );
    await refused("PRECONDITION_FAILED", () => create(store, "new", { ...replace, ifMatch: "no" }));
    expect(await getText(store, "file")).toBe("second");
  });

  test("replace with if-match: looked at again by the commit", async () => {
    await using library = await open();
    const { store } = library;
    const { version } = await put(store, "file", "first");
    await using sink = await create(store, "file", { collision: "replace", ifMatch: version });
    await put(store, "file", "between", { collision: "replace" });
    await refused("PRECONDITION_FAILED", () => sink.commit());
    expect(await getText(store, "file")).toBe("between");
  });

  test.each(["fail", "skip", "replace"] as const)(
    "%s: a folder is not replaced",
    async (collision) => {
      await using library = await open();
      const { store } = library;
      await store.makeDirectory("folder", false);
      await refused("IS_A_DIRECTORY", () => create(store, "folder", { collision }));
      await refused("IS_A_DIRECTORY", () => create(store, "", { collision }));
      await using sink = await create(store, "late", { collision });
      await store.makeDirectory("late", false);
      await refused("IS_A_DIRECTORY", () => sink.commit());
      expect(await names(store, "", { hidden: true })).toEqual(["folder", "late"]);
    },
  );
}

function races(open: OpenLibrary): void {
  const UPLOADS = 16;

  test.each(["fail", "skip"] as const)("%s: of many uploads one wins", async (collision) => {
    await using library = await open();
    const { store } = library;
    const tries = Array.from({ length: UPLOADS }, (_, i) => `contents ${i}`);
    const sinks = await Promise.all(tries.map(() => create(store, "file", { collision })));
    await Promise.all(sinks.map((sink, i) => sink.write(bytesOf(tries[i] ?? ""), 0)));
    const ends = await Promise.allSettled(sinks.map((sink) => sink.commit()));
    const won = ends.flatMap((end, i) => (end.status === "fulfilled" ? [i] : []));
    expect(won).toHaveLength(1);
    for (const end of ends) {
      if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "ALREADY_EXISTS" });
    }
    expect(await getText(store, "file")).toBe(tries[won[0] ?? -1] ?? "");
    expect(await names(store, "", { hidden: true })).toEqual(["file"]);
  });

  test("replace: every upload succeeds, the last is there, whole", async () => {
    await using library = await open();
    const { store } = library;
    const ends: string[] = [];
    const uploads = Array.from({ length: UPLOADS }, async (_, i) => {
      const contents = String.fromCharCode(0x61 + i).repeat(10_000 + i);
      const options = { collision: "replace", durability: "fsync" } as const;
      await put(store, "file", contents, options);
      ends.push(contents);
    });
    const reads = Array.from({ length: UPLOADS }, async () => {
      const found = await getText(store, "file").catch(() => "");
      expect(new Set(found).size).toBeLessThanOrEqual(1);
    });
    await Promise.all([...uploads, ...reads]);
    expect(ends).toContain(await getText(store, "file"));
    expect(await names(store, "", { hidden: true })).toEqual(["file"]);
  });

  test("a name taken after the start is not overwritten", async () => {
    await using library = await open();
    const { store } = library;
    await using sink = await create(store, "file");
    await put(store, "file", "quicker");
    await refused("ALREADY_EXISTS", () => sink.commit());
    expect(await getText(store, "file")).toBe("quicker");
  });
}

function endings(open: OpenLibrary): void {
  test("after its end a Sink takes nothing, and discard does nothing", async () => {
    await using library = await open();
    const { store } = library;
    await using sink = await create(store, "file");
    await sink.commit();
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 0));
    await refused("INTERNAL", () => sink.checkpoint());
    await refused("INTERNAL", () => sink.commit());
    await sink.discard();
    await sink.keep();
    expect((await store.stat("file")).size).toBe(0);
  });

  test("discard and the end of the scope leave nothing", async () => {
    await using library = await open();
    const { store } = library;
    const uploadId = newUploadId();
    await (await create(store, "file", { uploadId })).discard();
    {
      await using sink = await create(store, "file", { uploadId });
      await sink.write(bytesOf("x"), 0);
    }
    await refused("NOT_FOUND", () => store.stat("file"));
    expect(await names(store, "", { hidden: true })).toEqual([]);
    await put(store, "file", "after all", { uploadId });
    expect(await getText(store, "file")).toBe("after all");
  });

  test("an upload that still runs is not begun again; one that was kept is", async () => {
    await using library = await open();
    const { store } = library;
    const uploadId = newUploadId();
    const sink = await create(store, "file", { uploadId });
    await sink.write(bytesOf("kept for a longer time"), 0);
    const { retryable } = await refused("UNAVAILABLE", () => create(store, "file", { uploadId }));
    expect(retryable).toBe(true);
    await sink.keep();
    await put(store, "file", "again", { uploadId });
    expect(await getText(store, "file")).toBe("again");
  });

  test("the same upload id for two targets is two uploads", async () => {
    await using library = await open();
    const uploadId = newUploadId();
    await using one = await create(library.store, "one", { uploadId });
    await using two = await create(library.store, "two", { uploadId });
    await one.commit();
    await two.commit();
    expect(await names(library.store, "")).toEqual(["one", "two"]);
  });
}

function removing(open: OpenLibrary): void {
  test("a file, and an empty folder", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file");
    await store.makeDirectory("folder", false);
    await store.remove("file");
    await store.remove("folder");
    expect(await names(store, "", { hidden: true })).toEqual([]);
  });

  test("nothing else", async () => {
    await using library = await open();
    const { store } = library;
    await store.makeDirectory("folder", false);
    await put(store, "folder/file");
    await refused("DIRECTORY_NOT_EMPTY", () => store.remove("folder"));
    await refused("NOT_FOUND", () => store.remove("nothing"));
    await refused("NOT_FOUND", () => store.remove("no/thing"));
    await refused("NOT_A_DIRECTORY", () => store.remove("folder/file/x"));
    await refused("INVALID_ARGUMENT", () => store.remove(""));
    expect(await names(store, "folder")).toEqual(["file"]);
  });

  test("with if-match only that version", async () => {
    await using library = await open();
    const { store } = library;
    const { version } = await put(store, "file", "one");
    await store.makeDirectory("folder", false);
    await refused("PRECONDITION_FAILED", () => store.remove("file", "no"));
    await refused("PRECONDITION_FAILED", () => store.remove("folder", "no"));
    await refused("NOT_FOUND", () => store.remove("nothing", "no"));
    await store.remove("file", version);
    await refused("NOT_FOUND", () => store.stat("file"));
  });
}

function makingDirectories(open: OpenLibrary): void {
  test("one", async () => {
    await using library = await open();
    const { store } = library;
    const entry = await store.makeDirectory("folder", false);
    expect(entry).toMatchObject({ name: "folder", kind: "DIRECTORY", size: 0, version: "" });
    expect(await store.stat("folder")).toEqual(entry);
    await refused("ALREADY_EXISTS", () => store.makeDirectory("folder", false));
    await refused("ALREADY_EXISTS", () => store.makeDirectory("", false));
    await refused("NOT_FOUND", () => store.makeDirectory("no/such", false));
  });

  test("with those above it", async () => {
    await using library = await open();
    const { store } = library;
    expect((await store.makeDirectory("a/b/c", true)).name).toBe("c");
    expect((await store.makeDirectory("a/b/c", true)).kind).toBe("DIRECTORY");
    expect((await store.makeDirectory("", true)).kind).toBe("DIRECTORY");
    expect(await names(store, "a/b")).toEqual(["c"]);
  });

  test("not where a file is", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file");
    await refused("ALREADY_EXISTS", () => store.makeDirectory("file", false));
    await refused("NOT_A_DIRECTORY", () => store.makeDirectory("file", true));
    await refused("NOT_A_DIRECTORY", () => store.makeDirectory("file/x", true));
    await refused("NOT_A_DIRECTORY", () => store.makeDirectory("file/x", false));
  });
}

function renaming(open: OpenLibrary): void {
  test("a file", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "from", "contents");
    await store.makeDirectory("folder", false);
    const entry = await store.rename?.("from", "folder/to", false);
    expect(entry).toMatchObject({ name: "to", kind: "FILE", size: 8 });
    expect(await store.stat("folder/to")).toEqual(entry!);
    await refused("NOT_FOUND", () => store.stat("from"));
  });

  test("a folder with what is in it", async () => {
    await using library = await open();
    const { store } = library;
    await store.makeDirectory("from/inner", true);
    await put(store, "from/inner/file", "deep");
    expect((await store.rename?.("from", "to", false))?.kind).toBe("DIRECTORY");
    expect(await getText(store, "to/inner/file")).toBe("deep");
  });

  test("never over another without replace", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "one", "1");
    await put(store, "two", "2");
    await store.makeDirectory("folder", false);
    await store.makeDirectory("empty", false);
    for (const [from, to] of [
      ["one", "two"],
      ["one", "one"],
      ["one", "folder"],
      ["folder", "one"],
      ["folder", "empty"],
    ] as const) {
      const { message } = await refused("ALREADY_EXISTS", () => store.rename?.(from, to, false));
      expect(message).toContain(`"${to}"`);
    }
    expect(await getText(store, "one")).toBe("1");
    expect(await getText(store, "two")).toBe("2");
  });

  test("over a file with replace", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "one", "1");
    await put(store, "two", "2");
    expect((await store.rename?.("one", "two", true))?.name).toBe("two");
    expect(await getText(store, "two")).toBe("1");
    await store.rename?.("two", "two", true);
    expect(await getText(store, "two")).toBe("1");
    expect(await names(store, "")).toEqual(["two"]);
  });

  test("of many renames to a free name one wins", async () => {
    await using library = await open();
    const { store } = library;
    const files = Array.from({ length: 8 }, (_, i) => `file ${i}`);
    for (const file of files) await put(store, file, file);
    const ends = await Promise.allSettled(
      files.map(async (f) => store.rename?.(f, "target", false)),
    );
    expect(ends.filter((end) => end.status === "fulfilled")).toHaveLength(1);
    expect(await names(store, "")).toHaveLength(8);
  });

  test("what cannot be", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file");
    await store.makeDirectory("folder/inner", true);
    await store.makeDirectory("full", false);
    await put(store, "full/file");
    await refused("NOT_FOUND", () => store.rename?.("nothing", "x", false));
    await refused("NOT_FOUND", () => store.rename?.("file", "no/thing", false));
    await refused("NOT_A_DIRECTORY", () => store.rename?.("folder", "file/x", false));
    await refused("INVALID_ARGUMENT", () => store.rename?.("", "x", false));
    await refused("INVALID_ARGUMENT", () => store.rename?.("file", "", true));
    await refused("INVALID_ARGUMENT", () => store.rename?.("folder", "folder/inner/x", false));
    await refused("INVALID_ARGUMENT", () => store.rename?.("folder", "folder/inner/x", true));
    await refused("IS_A_DIRECTORY", () => store.rename?.("file", "folder", true));
    await refused("NOT_A_DIRECTORY", () => store.rename?.("folder", "file", true));
    await refused("DIRECTORY_NOT_EMPTY", () => store.rename?.("folder", "full", true));
  });
}

function paging(open: OpenLibrary): void {
  test("an empty folder", async () => {
    await using library = await open();
    expect(await page(library.store, "")).toEqual({
      entries: [],
      cursor: undefined,
      skippedNames: 0,
    });
  });

  test("entries as stat has them, but for the version", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file", "12345");
    await store.makeDirectory("folder", false);
    const { entries } = await page(store, "");
    const file = await store.stat("file");
    expect(entries).toEqual([{ ...file, version: "" }, await store.stat("folder")]);
  });

  test("the order is that of UTF-8 bytes", async () => {
    await using library = await open();
    const { store } = library;
    // In UTF-16 the emoji (d83d) would come before U+FF5E (ff5e).
    const sorted = [" ", "-", "1", "10", "2", "A", "Z", "a", "aa", "b", "~", "é", "文", "～", "🙂"];
    for (const name of sorted.toReversed()) await put(store, name);
    expect(await names(store, "")).toEqual(sorted);
    expect(await names(store, "", { limit: 1 })).toEqual(sorted);
    expect(await names(store, "", { limit: 4 })).toEqual(sorted);
    expect(await names(store, "", { bytes: 2 * ENTRY_ROOM + 3 })).toEqual(sorted);
  });

  test("a page holds at most its limit, and its bytes, but always something", async () => {
    await using library = await open();
    const { store } = library;
    for (const name of ["aaaa", "bbbb", "cccc", "dddd"]) await put(store, name);
    expect((await page(store, "", { limit: 3 })).entries).toHaveLength(3);
    const two = 2 * (4 + ENTRY_ROOM);
    expect((await page(store, "", { bytes: two })).entries).toHaveLength(2);
    expect((await page(store, "", { bytes: two + 1 })).entries).toHaveLength(2);
    expect((await page(store, "", { bytes: two - 1 })).entries).toHaveLength(1);
    expect((await page(store, "", { bytes: 1 })).entries).toHaveLength(1);
    const whole = await page(store, "", { limit: 4 });
    expect(whole.entries).toHaveLength(4);
    expect(whole.cursor).toBeUndefined();
  });

  test("names with a dot only when asked for", async () => {
    await using library = await open();
    const { store } = library;
    for (const name of [".hidden", "shown", "..also", ".leat-not-ours"]) await put(store, name);
    expect(await names(store, "")).toEqual(["shown"]);
    const all = ["..also", ".hidden", ".leat-not-ours", "shown"];
    expect(await names(store, "", { hidden: true })).toEqual(all);
  });

  test("a cursor goes on behind its name, even when that is gone", async () => {
    await using library = await open();
    const { store } = library;
    for (const name of ["a", "b", "c", "d"]) await put(store, name);
    const { cursor } = await page(store, "", { limit: 2 });
    await store.remove("b");
    await store.remove("c");
    await put(store, "bb");
    await put(store, "aa");
    expect((await page(store, "", { cursor })).entries.map((e) => e.name)).toEqual(["bb", "d"]);
  });

  test("a cursor that is none of ours is refused", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "a");
    for (const cursor of ["", "!", "x".repeat(5000), "a b", "\0"]) {
      await refused("INVALID_ARGUMENT", () => page(store, "", { cursor }));
    }
  });

  test("a changed folder is read again", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "a");
    expect(await names(store, "")).toEqual(["a"]);
    await put(store, "b");
    expect(await names(store, "")).toEqual(["a", "b"]);
    await store.remove("a");
    expect(await names(store, "")).toEqual(["b"]);
    await store.rename?.("b", "c", false);
    expect(await names(store, "")).toEqual(["c"]);
  });

  test("several read the same folder at once", async () => {
    await using library = await open();
    const { store } = library;
    const all = Array.from({ length: 300 }, (_, i) => `file ${String(i).padStart(3, "0")}`);
    for (const name of all) await put(store, name);
    const listings = await Promise.all([7, 50, 300].map((limit) => names(store, "", { limit })));
    for (const listing of listings) expect(listing).toEqual(all);
  });
}

function readOnly(open: OpenLibrary): void {
  test("reads, and changes nothing", async () => {
    await using library = await open();
    await put(library.store, "file", "contents");
    await library.store.makeDirectory("folder", false);
    await using store = await library.readOnly();
    expect(store.readOnly).toBe(true);
    expect(await getText(store, "file")).toBe("contents");
    expect(await names(store, "")).toEqual(["file", "folder"]);
    await refused("READ_ONLY", () => create(store, "new"));
    await refused("READ_ONLY", () => create(store, "file", { collision: "skip" }));
    await refused("READ_ONLY", () => store.remove("file"));
    await refused("READ_ONLY", () => store.makeDirectory("new", false));
    await refused("READ_ONLY", () => store.makeDirectory("folder", true));
    await refused("READ_ONLY", () => store.rename?.("file", "other", true));
    expect(await names(store, "", { hidden: true })).toEqual(["file", "folder"]);
  });

  test("the free bytes are a number", async () => {
    await using library = await open();
    expect(await library.store.freeBytes?.()).toBeGreaterThan(0);
  });
}
