/** The contract of stores: a name that is taken, and several that want one. */

import { expect, test } from "bun:test";
import { UPLOAD_WINDOW } from "../../../src/limits.ts";
import { bytesOf, create, getText, names, newUploadId, put, refused } from "../support.ts";
import type { OpenLibrary } from "./library.ts";

export function collisions(open: OpenLibrary): void {
  test("fail: refused at once", async () => {
    await using library = await open();
    await put(library.store, "file", "first");
    await refused("ALREADY_EXISTS", () => create(library.store, "file"));
    expect(await getText(library.store, "file")).toBe("first");
  });

  test("fail: a small file is refused at once, or by its commit", async () => {
    await using library = await open();
    const { store } = library;
    await put(store, "file", "first");
    await store.makeDirectory("folder", false);
    for (const durability of ["none", "fsync"] as const) {
      const small = { size: 5, durability };
      await refused("ALREADY_EXISTS", () => put(store, "file", "small", small));
      await refused("IS_A_DIRECTORY", () => put(store, "folder", "small", small));
    }
    const large = { size: UPLOAD_WINDOW + 1 };
    await refused("ALREADY_EXISTS", () => create(store, "file", large));
    await refused("IS_A_DIRECTORY", () => create(store, "folder", large));
    expect(await getText(store, "file")).toBe("first");
    expect(await names(store, "", { hidden: true })).toEqual(["file", "folder"]);
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

  test("replace with if-match: checked again by the commit", async () => {
    await using library = await open();
    const { store } = library;
    const { version } = await put(store, "file", "first");
    await using sink = await create(store, "file", { collision: "replace", ifMatch: version });
    await put(store, "file", "between", { collision: "replace" });
    await refused("PRECONDITION_FAILED", () => sink.commit());
    expect(await getText(store, "file")).toBe("between");
  });

  test("replace with if-match: checked once more when the file is on disk", async () => {
    await using library = await open();
    const { store } = library;
    const { version } = await put(store, "file", "first");
    const options = { collision: "replace", ifMatch: version, durability: "fsync" } as const;
    await using sink = await create(store, "file", options);
    const commit = sink.commit();
    await put(store, "file", "between", { collision: "replace" });
    await refused("PRECONDITION_FAILED", () => commit);
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

export function races(open: OpenLibrary): void {
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
