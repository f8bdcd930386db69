/** Many small uploads are put on disk together; what they are answered does not depend on it. */
import { describe, expect, test } from "bun:test";
import { closeSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { SYNC_TOGETHER } from "../../src/limits.ts";
import { DiskStore } from "../../src/store/disk/disk.ts";
import { FileSyncs, TreeSyncs } from "../../src/store/write/file-syncs.ts";
import { openPlainFolder } from "../../src/store/resolve/walk-folder.ts";
import { ERRNO, systemError } from "../../src/store/system/kernel.ts";
import { SyncThread, isNewEnough } from "../../src/store/write/sync-thread.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { newUploadId } from "./support.ts";

const COUNTS = [1, SYNC_TOGETHER - 1, SYNC_TOGETHER, 5 * SYNC_TOGETHER];

describe("file syncs", () => {
  test.each(COUNTS)("answer all of %d that come at once", async (count) => {
    using here = new TemporaryFolder();
    using folder = openPlainFolder(here.path);
    using syncs = new FileSyncs(folder);
    const files = Array.from({ length: count }, (_, i) => openSync(here.file(`f${i}`, "x"), "r+"));
    await Promise.all(files.map((fd) => syncs.sync(fd)));
    for (const fd of files) closeSync(fd);
  });

  test("give each file its own error", async () => {
    using here = new TemporaryFolder();
    using folder = openPlainFolder(here.path);
    const syncs = new FileSyncs(folder);
    const files = COUNTS.flatMap((count) =>
      Array.from({ length: count }, (_, i) => openSync(here.file(`f${count}-${i}`, "x"), "r+")),
    );
    const [bad] = files;
    closeSync(bad!);
    expect(() => fsyncSync(bad!)).toThrow("EBADF");
    await Promise.all(files.slice(1).map((fd) => syncs.sync(fd)));
    // The whole file system can't be synced by it: each file is, by itself.
    syncs[Symbol.dispose]();
    const ends = await Promise.allSettled(files.map((fd) => syncs.sync(fd)));
    expect(ends[0]).toMatchObject({ status: "rejected", reason: { code: "EBADF" } });
    expect(ends.slice(1).every(({ status }) => status === "fulfilled")).toBe(true);
    for (const fd of files.slice(1)) closeSync(fd);
  });
});

test.if(SyncThread.isSupported)(
  "lost bytes fail all files that were begun before, and none that is begun later",
  async () => {
    using here = new TemporaryFolder();
    using folder = openPlainFolder(here.path);
    using syncs = new TreeSyncs();
    const before = syncs.of(folder)!;
    expect(syncs.of(folder)).toBe(before);
    const fd = openSync(here.file("f", "x"), "r+");
    const many = (of: FileSyncs): Promise<PromiseSettledResult<void>[]> =>
      Promise.allSettled(Array.from({ length: SYNC_TOGETHER }, () => of.sync(fd)));
    const { sync } = SyncThread.prototype;
    try {
      SyncThread.prototype.sync = () => Promise.reject(systemError(ERRNO.EIO, "syncfs"));
      const lost = await many(before);
      expect(lost.every(({ status }) => status === "rejected")).toBe(true);
    } finally {
      SyncThread.prototype.sync = sync;
    }
    await expect(before.sync(fd)).rejects.toMatchObject({ code: "EIO" });
    const after = syncs.of(folder)!;
    expect(after).not.toBe(before);
    expect((await many(after)).every(({ status }) => status === "fulfilled")).toBe(true);
    closeSync(fd);
  },
);

test("many small uploads at once are all there, whole, with a version", async () => {
  using here = new TemporaryFolder();
  await using store = DiskStore.open(here.path);
  const names = Array.from({ length: 4 * SYNC_TOGETHER }, (_, i) => `f${i}`);
  const entries = await Promise.all(
    names.map(async (name) => {
      const sink = await store.create(name, {
        uploadId: newUploadId(),
        size: name.length,
        collision: "fail",
        durability: "fsync",
      });
      if (!("commit" in sink)) throw new Error("no sink");
      await sink.write(new TextEncoder().encode(name), 0);
      return sink.commit();
    }),
  );
  expect(entries.map(({ version }) => version)).toEqual(
    names.map((name) => store.stat(name).version),
  );
  for (const name of names) expect(readFileSync(here.at(name), "utf8")).toBe(name);
});

test.if(process.platform === "linux")("the call is served by kernels that tell of errors", () => {
  expect(SyncThread.isSupported).toBe(true);
  const versions = ["5.8.0", "5.7.19-generic", "4.19.0", "6.1.0-13-amd64", "10.0", "nonsense"];
  expect(versions.map(isNewEnough)).toEqual([true, false, false, true, true, false]);
});
