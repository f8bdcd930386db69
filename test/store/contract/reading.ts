/** The contract of stores: reading, and the names that may be read. */

import { expect, test } from "bun:test";
import { create, getText, hex, names, page, pattern, put, refused, textOf } from "../support.ts";
import type { OpenLibrary } from "./library.ts";

export function reading(open: OpenLibrary): void {
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
    // What happened to it may be taken for a change, but not for other contents.
    const isSame = async (): Promise<boolean> =>
      (await source.currentVersion()) === source.entry.version ||
      source.comparableIn?.() !== undefined;
    expect(await source.read(into, 0)).toBe(5);
    expect(textOf(into)).toBe("first");
    expect(await isSame()).toBe(true);
    await store.remove("file");
    expect(await source.read(into, 0)).toBe(5);
    expect(await isSame()).toBe(true);
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

export function naming(open: OpenLibrary): void {
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
