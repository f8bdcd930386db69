/** The folder of partial files cannot be listed, opened, named or changed by any request. */

import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync } from "node:fs";
import type { Store } from "../../src/store/store.ts";
import { Mounted, noMount } from "../support/mounted.ts";
import { LinkedLibrary } from "./library.ts";
import { bytesOf, create, names, page, put, RESOLUTIONS } from "./support.ts";

const WAYS = [
  ".leat",
  ".LEAT",
  ".leat/partial",
  "own",
  "own-partial",
  "hop-own",
  "back/.leat",
  "back/.leat/partial",
  "back/own",
  "deep/back/.leat/partial",
  "deep/.leat-link/partial",
];

/** A peer that knows the 128 random bits of a partial may learn by NOT_A_DIRECTORY that it exists. */
const OUT_OF_REACH = ["INVALID_NAME", "NOT_FOUND", "PERMISSION_DENIED", "NOT_A_DIRECTORY"];

for (const resolution of RESOLUTIONS) {
  describe(`the store's own folder, ${resolution}`, () => {
    test.each(WAYS)("is not reached by %s", async (way) => {
      await using library = new LinkedLibrary(resolution);
      const partial = await withPartial(library);
      const { store } = library;
      for (const path of [`${way}/partial/${partial}`, `${way}/${partial}`, `${way}/new`]) {
        for (const work of everything(store, path)) {
          expect(OUT_OF_REACH).toContain(await codeOf(work));
        }
      }
      for (const work of reading(store, way)) expect(OUT_OF_REACH).toContain(await codeOf(work));
      expect(library.partials()).toEqual([partial]);
      expect(lstatSync(library.at(".leat")).isDirectory()).toBe(true);
    });

    test.each([".leat", ".LEAT", "back/.leat", "deep/back/.leat"])(
      "%s is neither made nor renamed nor removed",
      async (path) => {
        await using library = new LinkedLibrary(resolution);
        library.link(".", "back");
        library.link("..", "deep/back");
        for (const work of everything(library.store, path)) {
          expect(OUT_OF_REACH).toContain(await codeOf(work));
        }
        await put(library.store, "file");
        for (const work of everything(library.store, path)) {
          expect(OUT_OF_REACH).toContain(await codeOf(work));
        }
        expect(lstatSync(library.at(".leat")).isDirectory()).toBe(true);
      },
    );

    test("is never listed, and its links are OTHER", async () => {
      await using library = new LinkedLibrary(resolution);
      await withPartial(library);
      const { store } = library;
      const all = await page(store, "", { hidden: true });
      expect(all.entries.map((entry) => entry.name)).not.toContain(".leat");
      const own = all.entries.filter(({ name }) => name.includes("own"));
      expect(own.map(({ name, kind }) => [name, kind])).toEqual([
        ["hop-own", "OTHER"],
        ["own", "OTHER"],
        ["own-partial", "OTHER"],
      ]);
      if (resolution !== "kernel") return;
      expect(await names(store, "back", { hidden: true })).not.toContain(".leat");
      expect(await names(store, "deep/back", { hidden: true })).not.toContain(".leat");
    });
  });
}

async function withPartial(library: LinkedLibrary): Promise<string> {
  library.link(".leat", "own");
  library.link(".leat/partial", "own-partial");
  library.link("own", "hop-own");
  library.link(".", "back");
  library.link("..", "deep/back");
  library.link("../.leat", "deep/.leat-link");
  const sink = await create(library.store, "upload");
  await sink.write(bytesOf("not yet"), 0);
  return library.partials()[0] ?? "";
}

function everything(store: Store, path: string): (() => unknown)[] {
  return [
    ...reading(store, path),
    () => create(store, path),
    () => create(store, path, { collision: "replace" }),
    () => create(store, path, { collision: "skip" }),
    () => store.remove(path),
    () => store.makeDirectory(path, false),
    () => store.makeDirectory(path, true),
    () => store.rename?.(path, "stolen", true),
    () => store.rename?.(path, "stolen", false),
    () => store.rename?.("folder", path, false),
    () => store.rename?.("folder/file", path, true),
  ];
}

function reading(store: Store, path: string): (() => unknown)[] {
  return [() => store.stat(path), () => store.open(path), () => page(store, path)];
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "nothing was thrown";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

const noBind = noMount();

/**
 * Spellings that a file system may take for `.leat`. None that does so can be had here: another mount of
 * the folder under that name is the same thing on disk, which is what counts.
 */
const SPELLINGS = [
  "LEAT~1",
  "leat~1",
  ".leat.",
  ".leat ",
  ".LEAT...",
  ".le\u00adat",
  "\u200b.leat",
  ".l\u0301eat",
  "．ｌｅａｔ",
  ".ℓeat",
  ".leat::$INDEX_ALLOCATION",
];

const suite = noBind === undefined ? "spellings" : `spellings [${noBind}]`;

describe.skipIf(noBind !== undefined).each(RESOLUTIONS)(`${suite} of the own folder, %s`, (by) => {
  test.each(SPELLINGS)("%j is the folder, where the file system says so", async (name) => {
    await using library = new LinkedLibrary(by);
    const partial = await withPartial(library);
    const { store } = library;
    mkdirSync(library.at(name));
    using _mounted = new Mounted("none", "bind", library.at(name), library.at(".leat"));
    for (const way of [name, `back/${name}`, `deep/back/${name}`]) {
      for (const path of [way, `${way}/partial`, `${way}/partial/${partial}`, `${way}/new`]) {
        for (const work of everything(store, path)) {
          const code = await codeOf(work);
          expect({ path, out: OUT_OF_REACH.includes(code) ? true : code }).toEqual({
            path,
            out: true,
          });
        }
      }
    }
    expect(await names(store, "", { hidden: true })).not.toContain(name);
    expect(library.partials()).toEqual([partial]);
  });
});

test.each(SPELLINGS)("%j is a name like any other, where it is one", async (name) => {
  await using library = new LinkedLibrary("walk-paths");
  const { store } = library;
  store.makeDirectory(name, false);
  await put(store, `${name}/file`, "contents");
  expect(await names(store, "", { hidden: true })).toContain(name);
  expect(await names(store, name)).toEqual(["file"]);
  store.rename(name, "other", false);
  await put(store, name, "contents");
  await put(store, name, "again", { collision: "replace" });
  expect((await store.stat(name)).size).toBe(5);
  store.remove(name);
});
