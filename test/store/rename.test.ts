/** Renames where names share a file, and where the file system has no RENAME_NOREPLACE. */

import { describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { renameFile, renameFolder } from "../../src/store/write/no-replace.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { DiskLibrary } from "./library.ts";
import { getText, names, refused, RESOLUTIONS } from "./support.ts";

describe.each(RESOLUTIONS)("two names of one file, %s", (resolution) => {
  test("replace leaves one", async () => {
    await using library = new DiskLibrary(resolution);
    linkSync(library.file("one", "contents"), library.at("two"));
    library.store.rename("one", "two", true);
    expect(await names(library.store, "")).toEqual(["two"]);
    expect(await getText(library.store, "two")).toBe("contents");
  });

  test("without replace both stay", async () => {
    await using library = new DiskLibrary(resolution);
    linkSync(library.file("one", "contents"), library.at("two"));
    await refused("ALREADY_EXISTS", () => library.store.rename("one", "two", false));
    expect(await names(library.store, "")).toEqual(["one", "two"]);
  });

  test("a rename to itself changes nothing", async () => {
    await using library = new DiskLibrary(resolution);
    linkSync(library.file("one", "contents"), library.at("two"));
    library.store.rename("one", "one", true);
    expect(await names(library.store, "")).toEqual(["one", "two"]);
  });
});

describe("without RENAME_NOREPLACE", () => {
  test("a file moves to a free name, and to no other", () => {
    using folder = new TemporaryFolder();
    const one = folder.file("one", "1");
    const two = folder.file("two", "2");
    expect(() => renameFile(one, two)).toThrow("EEXIST");
    renameFile(one, folder.at("three"));
    expect(readdirSync(folder.path).toSorted()).toEqual(["three", "two"]);
    expect(readFileSync(two, "utf8")).toBe("2");
  });

  test("a folder moves to a free name, and to no other", () => {
    using folder = new TemporaryFolder();
    folder.file("one/file", "1");
    mkdirSync(folder.at("empty"));
    folder.file("file");
    for (const taken of ["empty", "file", "one"]) {
      expect(() => renameFolder(folder.at("one"), folder.at(taken))).toThrow("EEXIST");
    }
    expect(() => renameFolder(folder.at("one"), folder.at("one/inner"))).toThrow("EINVAL");
    expect(readdirSync(folder.at("one"))).toEqual(["file"]);
    renameFolder(folder.at("one"), folder.at("two"));
    expect(readFileSync(folder.at("two/file"), "utf8")).toBe("1");
    expect(statSync(folder.at("two")).isDirectory()).toBe(true);
  });
});
