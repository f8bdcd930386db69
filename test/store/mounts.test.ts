/** A full disk, and folders on other file systems. Needs to mount, so root; says when it cannot. */

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLocalFile } from "../../src/client/local/local-file.ts";
import { openUnder } from "../support/folder.ts";
import { Mounted, noMount, smallDisk } from "../support/mounted.ts";
import { DiskLibrary } from "./library.ts";
import { bytesOf, create, getText, names, put, refused, RESOLUTIONS } from "./support.ts";

const MiB = 1 << 20;

const why = noMount();
if (why !== undefined) console.log(`skipped: ${why}`);

/** A library with disks of 1 MiB at some places in it. */
class LibraryWithDisks extends DiskLibrary {
  readonly #disks: readonly Mounted[];

  constructor(resolution: (typeof RESOLUTIONS)[number], ...places: readonly string[]) {
    const disks: Mounted[] = [];
    super(resolution, (path) => {
      for (const place of places) disks.push(smallDisk(MiB, join(path, place)));
    });
    this.#disks = disks;
  }

  /** Closes the library before what it is on goes away. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    expect(openUnder(this.around.path)).toEqual([]);
    for (const disk of this.#disks) disk[Symbol.dispose]();
    await super[Symbol.asyncDispose]();
  }
}

describe.if(why === undefined).each(RESOLUTIONS)("%s", (resolution) => {
  test("a file that does not fit is refused when it begins", async () => {
    await using library = new LibraryWithDisks(resolution, "");
    const { message } = await refused("NO_SPACE", () =>
      create(library.store, "file", { size: 2 * MiB }),
    );
    expect(message).toMatch(/needs 2097152 bytes, and \d+ are free/);
    expect(await names(library.store, "", { hidden: true })).toEqual([]);
  });

  test("a disk that is full under way fails the write, and leaves nothing", async () => {
    await using library = new LibraryWithDisks(resolution, "");
    const { store } = library;
    await put(store, "before", "here to stay");
    {
      await using sink = await create(store, "file");
      const chunk = new Uint8Array(100_000);
      await refused("NO_SPACE", async () => {
        for (let at = 0; at < 2 * MiB; at += chunk.length) await sink.write(chunk, at);
      });
      await refused("NO_SPACE", () => sink.commit());
    }
    expect(library.partials()).toEqual([]);
    expect(store.freeBytes()).toBeGreaterThan(900_000);
    await put(store, "after", "there is room again");
    expect(await getText(store, "before")).toBe("here to stay");
  });

  test("a target on another file system is refused when it begins", async () => {
    await using library = new LibraryWithDisks(resolution, "other");
    const { store } = library;
    writeFileSync(library.at("other/file"), "readable");
    await refused("CROSS_DEVICE", () => create(store, "other/new"));
    expect(await getText(store, "other/file")).toBe("readable");
    await put(store, "file");
    await refused("CROSS_DEVICE", () => store.rename("file", "other/file2", false));
    await refused("CROSS_DEVICE", () => store.rename("file", "other/file", true));
    expect(library.partials()).toEqual([]);
  });

  test("a folder that is the same file system mounted again is refused too", async () => {
    if (resolution !== "kernel") return;
    await using library = new DiskLibrary(resolution);
    library.around.folder("bound");
    using _again = new Mounted("none", "bind", library.at("again"), library.around.at("bound"));
    await refused("CROSS_DEVICE", () => create(library.store, "again/new"));
  });

  test("partials are not put on another file system than the library", async () => {
    await using library = new LibraryWithDisks(resolution, ".leat");
    await refused("CROSS_DEVICE", () => create(library.store, "file"));
  });
});

test.if(why === undefined)("a download onto a full disk fails, and leaves nothing", async () => {
  using disk = smallDisk(MiB);
  const options = { collision: "replace", durability: "none" } as const;
  await refused("NO_SPACE", () => createLocalFile(disk.at("file"), { ...options, size: 2 * MiB }));
  const sink = createLocalFile(disk.at("file"), options);
  if ("skipped" in sink) throw new Error("skipped");
  await refused("NO_SPACE", () => sink.write(new Uint8Array(2 * MiB), 0));
  await sink.discard();
  const small = createLocalFile(disk.at("file"), options);
  if ("skipped" in small) throw new Error("skipped");
  await small.write(bytesOf("fits"), 0);
  expect((await small.commit()).size).toBe(4);
  expect(openUnder(disk.path)).toEqual([]);
});
