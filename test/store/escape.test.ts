/** Nothing outside the library is reachable, whatever a name says or a link points to. */

import { describe, expect, test } from "bun:test";
import { lstatSync, readFileSync } from "node:fs";
import type { LeatError } from "../../src/errors.ts";
import { LinkedLibrary } from "./library.ts";
import { create, getText, names, newUploadId, page, put, refused, RESOLUTIONS } from "./support.ts";

const OUTSIDE_FOLDERS = [
  "outside",
  "absolute",
  "up",
  "deep/up",
  "hop",
  "magic",
  "magic-cwd",
  "root",
];
const OUTSIDE_FILES = ["outside-file", "absolute-file"];

for (const resolution of RESOLUTIONS) {
  describe(`links that lead outside, ${resolution}`, () => {
    test.each([...OUTSIDE_FOLDERS, ...OUTSIDE_FILES])("%s is refused", async (path) => {
      await using library = new LinkedLibrary(resolution);
      const { store } = library;
      await refused("PERMISSION_DENIED", () => store.stat(path));
      await refused("PERMISSION_DENIED", () => store.open(path));
      await refused("PERMISSION_DENIED", () => page(store, path));
      const { message } = await refused("PERMISSION_DENIED", () => store.open(path));
      expect(message).toContain(resolution === "kernel" ? "leads outside" : "not followed");
    });

    test.each(OUTSIDE_FOLDERS)("nothing is reached through %s", async (folder) => {
      await using library = new LinkedLibrary(resolution);
      const { store } = library;
      const before = library.everyName();
      for (const name of ["file", "new", "secret", "library", "deeper/new"]) {
        const path = `${folder}/${name}`;
        await denied(() => store.stat(path));
        await denied(() => store.open(path));
        await denied(() => page(store, path));
        for (const collision of ["fail", "replace", "skip"] as const) {
          await denied(() => create(store, path, { collision }));
        }
        await denied(() => store.remove(path));
        await denied(() => store.makeDirectory(path, false));
        await denied(() => store.makeDirectory(path, true));
        await denied(() => store.rename(path, "stolen", true));
        await denied(() => store.rename("folder/file", path, true));
        await denied(() => store.rename("folder/file", path, false));
      }
      expect(library.everyName()).toEqual(before);
      expect(readFileSync(library.around.at("secret/file"), "utf8")).toBe("the secret");
    });

    test("a link is replaced by nothing, and removed itself", async () => {
      await using library = new LinkedLibrary(resolution);
      const { store } = library;
      await refused("ALREADY_EXISTS", () => create(store, "outside-file"));
      const replace = { collision: "replace" } as const;
      await refused("NOT_A_REGULAR_FILE", () => create(store, "outside-file", replace));
      await refused("NOT_A_REGULAR_FILE", () => store.rename("folder/file", "outside-file", true));
      const skip = { uploadId: newUploadId(), collision: "skip", durability: "none" } as const;
      expect(store.create("outside-file", skip)).toMatchObject({ skipped: { kind: "OTHER" } });
      await refused("PRECONDITION_FAILED", () => store.remove("outside-file", "version"));
      store.remove("outside-file");
      store.remove("outside");
      expect(readFileSync(library.around.at("secret/file"), "utf8")).toBe("the secret");
    });

    test("a link that appears while a file is on its way", async () => {
      await using library = new LinkedLibrary(resolution);
      const { store } = library;
      store.makeDirectory("target", false);
      await using sink = await create(store, "target/file", { collision: "replace" });
      store.rename("target", "moved", false);
      library.link("../secret", "target");
      await refused("PERMISSION_DENIED", () => sink.commit());
      expect(readFileSync(library.around.at("secret/file"), "utf8")).toBe("the secret");
    });

    test("in a page they are OTHER, like links that lead nowhere", async () => {
      await using library = new LinkedLibrary(resolution);
      library.link("nothing", "dangling");
      library.link("self", "self");
      const { entries } = await page(library.store, "");
      const links = entries.filter(({ name }) => lstatSync(library.at(name)).isSymbolicLink());
      expect(links).toHaveLength(11);
      expect(new Set(links.map((entry) => entry.kind))).toEqual(new Set(["OTHER"]));
      expect(new Set(links.map((entry) => entry.size))).toEqual(new Set([0]));
    });
  });
}

describe("links that stay inside", () => {
  const noKernel = !RESOLUTIONS.includes("kernel");

  test.skipIf(noKernel)("are followed where the kernel keeps us inside", async () => {
    await using library = new LinkedLibrary("kernel");
    inside(library);
    const { store } = library;
    for (const path of ["to-file", "to-folder/file", "deep/to-file", "twice"]) {
      expect(await getText(store, path)).toBe("inside");
      expect(store.stat(path)).toMatchObject({ kind: "FILE", size: 6 });
    }
    expect(store.stat("to-file").name).toBe("to-file");
    expect(await names(store, "to-folder")).toEqual(["file"]);
    await put(store, "to-folder/new", "through a link");
    expect(await getText(store, "folder/new")).toBe("through a link");
    const kinds = (await page(store, "")).entries.map(({ name, kind }) => [name, kind]);
    expect(kinds).toContainEqual(["to-file", "FILE"]);
    expect(kinds).toContainEqual(["to-folder", "DIRECTORY"]);
    const skip = { uploadId: newUploadId(), collision: "skip", durability: "none" } as const;
    expect(store.create("to-file", skip)).toEqual({ skipped: store.stat("to-file") });
  });

  test.skipIf(noKernel)("that lead nowhere or in a circle are refused", async () => {
    await using library = new LinkedLibrary("kernel");
    inside(library);
    await refused("NOT_FOUND", () => library.store.stat("dangling"));
    for (const path of ["self", "loop-a", "loop-a/x"]) {
      await refused("PERMISSION_DENIED", () => library.store.stat(path));
      await refused("PERMISSION_DENIED", () => library.store.open(path));
    }
    await refused("PERMISSION_DENIED", () => create(library.store, "self/x"));
  });

  test.skipIf(noKernel)(
    "to places too deep to be shown are refused, and nothing stays open",
    async () => {
      await using library = new LinkedLibrary("kernel");
      library.link(".", "back");
      const deep = Array(15).fill("n".repeat(255)).join("/") + `/${"n".repeat(240)}`;
      library.store.makeDirectory(deep, true);
      expect(library.store.stat(deep).kind).toBe("DIRECTORY");
      // Not found or refused, as long as it is not by accident; DiskLibrary counts the descriptors.
      await refused("INVALID_NAME", () => library.store.stat(`back/${deep}`));
      await refused("INVALID_NAME", () => create(library.store, `back/${deep}/x`));
    },
  );

  test.each(RESOLUTIONS.filter((resolution) => resolution !== "kernel"))(
    "are not followed by a %s",
    async (resolution) => {
      await using library = new LinkedLibrary(resolution);
      inside(library);
      for (const path of ["to-file", "to-folder/file", "self", "dangling"]) {
        await refused("PERMISSION_DENIED", () => library.store.stat(path));
        await refused("PERMISSION_DENIED", () => library.store.open(path));
      }
      await refused("PERMISSION_DENIED", () => create(library.store, "to-folder/new"));
    },
  );
});

/** Links inside the library, to what is inside the library. */
function inside(library: LinkedLibrary): void {
  library.link("folder", "to-folder");
  library.link("folder/file", "to-file");
  library.link("../folder/file", "deep/to-file");
  library.link("to-file", "twice");
  library.link("loop-b", "loop-a");
  library.link("loop-a", "loop-b");
  library.link("self", "self");
  library.link("nothing", "dangling");
}

const denied = (work: () => unknown): Promise<LeatError> => refused("PERMISSION_DENIED", work);
