/** The contract of stores: pages, and a store that takes no changes. */

import { expect, test } from "bun:test";
import { ENTRY_ROOM } from "../../../src/limits.ts";
import type { EntryTaker, PageEntry } from "../../../src/store/store.ts";
import { until } from "../../support/until.ts";
import { create, getText, names, page, put, refused } from "../support.ts";
import type { OpenLibrary } from "./library.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function paging(open: OpenLibrary): void {
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

  test("a taker gets the same entries in place of the page", async () => {
    await using library = await open();
    const { store } = library;
    for (const name of ["é", "\ufeffmark", "plain", "🙂"]) await put(store, name, "12345");
    await store.makeDirectory("folder", false);
    const { entries, ...rest } = await page(store, "", { limit: 3 });
    const taken: PageEntry[] = [];
    const taker: EntryTaker = {
      bytes: 0,
      take: (bytes, start, end, facts) =>
        taken.push({ name: decoder.decode(bytes.subarray(start, end)), ...structuredClone(facts) }),
    };
    expect(await page(store, "", { limit: 3, taker })).toEqual({ entries: [], ...rest });
    expect(taken).toEqual([...entries]);
    expect(taken).toHaveLength(3);
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

  test("a page is filled up to the bytes that its taker counts", async () => {
    await using library = await open();
    const { store } = library;
    for (const name of ["aaaa", "bbbb", "cccc", "dddd"]) await put(store, name);
    const bytes = 4 + ENTRY_ROOM + 3;
    // Here each entry is a byte, and the fourth might not fit.
    const taker = { bytes: 7, take: () => void (taker.bytes += 1) };
    const { cursor } = await page(store, "", { bytes, taker });
    expect(taker.bytes).toBe(7 + 4);
    expect(cursor).toBeUndefined();
    await page(store, "", { bytes: bytes - 1, taker });
    expect(taker.bytes).toBe(7 + 4 + 3);
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
    const behind = async () => (await page(store, "", { cursor })).entries.map((e) => e.name);
    // Where reading took long, as on a busy machine, what was read is used for a while.
    await until(async () => Bun.deepEquals(await behind(), ["bb", "d"]), behind);
  });

  test("a cursor of another store is refused", async () => {
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

export function readOnly(open: OpenLibrary): void {
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
