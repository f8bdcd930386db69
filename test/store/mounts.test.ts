/** A full disk, and folders on other file systems. Needs to mount, so root; says when it cannot. */

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createLocalFile } from "../../src/store/local-file.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { DiskLibrary } from "./library.ts";
import { bytesOf, create, getText, names, put, refused, RESOLUTIONS } from "./support.ts";

const MiB = 1 << 20;

const command = (...words: readonly string[]): boolean =>
  spawnSync(words[0] ?? "", words.slice(1)).status === 0;

const mountSmall = (path: string): boolean =>
  command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path);

const canMount = ((): boolean => {
  using folder = new TemporaryFolder();
  if (!mountSmall(folder.path)) return false;
  return command("umount", folder.path);
})();

if (!canMount) console.log("skipped: no file system can be mounted here, only root may");

/** A library on a disk of 1 MiB. */
function smallLibrary(resolution: (typeof RESOLUTIONS)[number]): DiskLibrary {
  return new DiskLibrary(resolution, (path) => {
    expect(mountSmall(path)).toBe(true);
  });
}

/** Closes the library before what it is on goes away. */
async function unmount(library: DiskLibrary, ...names: readonly string[]): Promise<void> {
  await library.store[Symbol.asyncDispose]();
  for (const name of names) expect(command("umount", library.at(name))).toBe(true);
}

describe.if(canMount).each(RESOLUTIONS)("%s", (resolution) => {
  test("a file that does not fit is refused when it begins", async () => {
    await using library = smallLibrary(resolution);
    const { message } = await refused("NO_SPACE", () =>
      create(library.store, "file", { size: 2 * MiB }),
    );
    expect(message).toMatch(/needs 2097152 bytes, and \d+ are free/);
    expect(await names(library.store, "", { hidden: true })).toEqual([]);
    await unmount(library, "");
  });

  test("a disk that is full under way fails the write, and leaves nothing", async () => {
    await using library = smallLibrary(resolution);
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
    await unmount(library, "");
  });

  test("a target on another file system is refused when it begins", async () => {
    await using library = new DiskLibrary(resolution);
    const { store } = library;
    mkdirSync(library.at("other"));
    expect(mountSmall(library.at("other"))).toBe(true);
    writeFileSync(library.at("other/file"), "readable");
    await refused("CROSS_DEVICE", () => create(store, "other/new"));
    expect(await getText(store, "other/file")).toBe("readable");
    await put(store, "file");
    await refused("CROSS_DEVICE", () => store.rename("file", "other/file2", false));
    await refused("CROSS_DEVICE", () => store.rename("file", "other/file", true));
    expect(library.partials()).toEqual([]);
    await unmount(library, "other");
  });

  test("a folder that is the same file system mounted again is refused too", async () => {
    if (resolution !== "kernel") return;
    await using library = new DiskLibrary(resolution);
    mkdirSync(library.at("again"));
    library.around.folder("bound");
    expect(command("mount", "--bind", library.around.at("bound"), library.at("again"))).toBe(true);
    await refused("CROSS_DEVICE", () => create(library.store, "again/new"));
    await unmount(library, "again");
  });

  test("partials are not put on another file system than the library", async () => {
    await using library = new DiskLibrary(resolution, (path) => {
      mkdirSync(`${path}/.leat`, { mode: 0o700 });
      expect(mountSmall(`${path}/.leat`)).toBe(true);
    });
    await refused("CROSS_DEVICE", () => create(library.store, "file"));
    await unmount(library, ".leat");
  });
});

test.if(canMount)("a download onto a full disk fails, and leaves nothing", async () => {
  using folder = new TemporaryFolder();
  expect(mountSmall(folder.path)).toBe(true);
  const options = { collision: "replace", durability: "none" } as const;
  await refused("NO_SPACE", () =>
    createLocalFile(folder.at("file"), { ...options, size: 2 * MiB }),
  );
  const sink = createLocalFile(folder.at("file"), options);
  if ("skipped" in sink) throw new Error("skipped");
  await refused("NO_SPACE", () => sink.write(new Uint8Array(2 * MiB), 0));
  await sink.discard();
  const small = createLocalFile(folder.at("file"), options);
  if ("skipped" in small) throw new Error("skipped");
  await small.write(bytesOf("fits"), 0);
  expect((await small.commit()).size).toBe(4);
  expect(command("umount", folder.path)).toBe(true);
});
