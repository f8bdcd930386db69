/** Pages of folders on disk, as far as the contract cannot know of them. */

import { describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, utimesSync, writeFileSync } from "node:fs";
import { LeatError } from "../../src/errors.ts";
import { DiskLibrary } from "./library.ts";
import { names, page, put, RESOLUTIONS } from "./support.ts";

/** Makes an empty file by the back door, by its raw name. */
function touch(library: DiskLibrary, name: Uint8Array | string): void {
  const raw = typeof name === "string" ? Buffer.from(name) : Buffer.from(name);
  closeSync(openSync(Buffer.concat([Buffer.from(library.at("")), raw]), "w"));
}

describe.each(RESOLUTIONS)("%s", (resolution) => {
  test("names that the wire cannot carry are counted, each on its page", async () => {
    await using library = new DiskLibrary(resolution);
    for (const name of ["a", "b", "d", "\ufeffmark", "\u2028"]) touch(library, name);
    touch(library, Buffer.from([0x61, 0xff]));
    touch(library, Buffer.from([0xc0, 0xaf]));
    touch(library, Buffer.from([0xed, 0xa0, 0x80]));
    touch(library, "c\n");
    touch(library, "\u001b[2J");
    touch(library, "e\u0085");
    touch(library, Buffer.from([0x2e, 0xff]));
    const whole = await page(library.store, "");
    expect(whole.entries.map((entry) => entry.name)).toEqual([
      "a",
      "b",
      "d",
      "\u2028",
      "\ufeffmark",
    ]);
    expect(whole.skippedNames).toBe(6);
    expect((await page(library.store, "", { hidden: true })).skippedNames).toBe(7);
    let skipped = 0;
    let cursor: string | undefined;
    do {
      const next: typeof whole = await page(library.store, "", { limit: 1, cursor });
      skipped += next.skippedNames;
      cursor = next.cursor;
    } while (cursor !== undefined);
    expect(skipped).toBe(6);
  });

  test("2,000 names, in pages", async () => {
    await using library = new DiskLibrary(resolution);
    mkdirSync(library.at("folder"));
    const all = Array.from({ length: 2_000 }, (_, i) => `file ${Math.imul(i, 0x9e3779b1) >>> 0}`);
    for (const name of all) touch(library, `folder/${name}`);
    const sorted = all.toSorted();
    expect(await names(library.store, "folder", { limit: 1e9 })).toEqual(sorted);
    expect(await names(library.store, "folder", { limit: 77 })).toEqual(sorted);
  });

  test("sizes and times come from the disk", async () => {
    await using library = new DiskLibrary(resolution);
    writeFileSync(library.at("file"), "12345");
    utimesSync(library.at("file"), 1, 1_000_000_000.5);
    const { entries } = await page(library.store, "");
    expect(entries[0]).toMatchObject({
      size: 5,
      modified: { seconds: 1_000_000_000, nanoseconds: 500_000_000 },
    });
  });

  test("a folder that is removed while its pages are read", async () => {
    await using library = new DiskLibrary(resolution);
    library.store.makeDirectory("folder", false);
    for (let i = 0; i < 300; i++) touch(library, `folder/${i}`);
    const reading = page(library.store, "folder");
    for (let i = 0; i < 300; i++) library.store.remove(`folder/${i}`);
    library.store.remove("folder");
    // What was read until then, or that it is gone.
    const found = await reading.catch((error: unknown) => error);
    if (found instanceof LeatError) expect(found.code).toBe("NOT_FOUND");
    else expect(found).toMatchObject({ cursor: undefined, skippedNames: 0 });
  });

  test("the loop goes on while a large folder is listed", async () => {
    await using library = new DiskLibrary(resolution);
    for (let i = 0; i < 2000; i++) touch(library, `file ${i}`);
    let turns = 0;
    const turn = (): void => {
      turns++;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    await names(library.store, "", { limit: 1e9 });
    clearImmediate(immediate);
    // isOver is called after every 128 entries.
    expect(turns).toBeGreaterThan(14);
  });
});

test("a link to a long name, and a folder that cannot be read, do not affect other entries", async () => {
  await using library = new DiskLibrary();
  await put(library.store, "n".repeat(255));
  await put(library.store, "other");
  expect(await names(library.store, "")).toEqual(["n".repeat(255), "other"]);
});
