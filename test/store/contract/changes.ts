/** The contract of stores: remove, makeDirectory, rename. */

import { expect, test } from "bun:test";
import { getText, names, put, refused } from "../support.ts";
import type { OpenLibrary } from "./library.ts";

export function removing(open: OpenLibrary): void {
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

export function makingDirectories(open: OpenLibrary): void {
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

export function renaming(open: OpenLibrary): void {
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
