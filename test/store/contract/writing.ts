/** The contract of stores: writing, and the ways it ends. */

import { expect, test } from "bun:test";
import { BLOCK_SIZE } from "../../../src/limits.ts";
import {
  bytesOf,
  create,
  get,
  getText,
  hex,
  names,
  newUploadId,
  page,
  pattern,
  put,
  refused,
} from "../support.ts";
import type { OpenLibrary } from "./library.ts";

export function writing(open: OpenLibrary): void {
  const SIZES = [0, 1, 1000, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 17];

  test.each(SIZES)("%d bytes come back as they went", async (size) => {
    await using library = await open();
    const { store } = library;
    const contents = pattern(size);
    await using sink = await create(store, "file", { size });
    for (let at = 0; at < size; at += 300_000) {
      await sink.write(contents.subarray(at, at + 300_000), at);
    }
    const entry = await sink.commit();
    expect(entry).toMatchObject({ name: "file", kind: "FILE", size });
    expect(await store.stat("file")).toEqual(entry);
    expect(hex(await get(store, "file"))).toBe(hex(contents));
  });

  test("the caller may reuse its buffer after each write", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file");
    const buffer = new Uint8Array(4);
    for (let i = 0; i < 3; i++) {
      buffer.fill(0x61 + i);
      await sink.write(buffer, i * 4);
    }
    await sink.commit();
    expect(await getText(library.store, "file")).toBe("aaaabbbbcccc");
  });

  test("with durability fsync too", async () => {
    await using library = await open();
    const entry = await put(library.store, "file", "durable", { durability: "fsync" });
    expect(await library.store.stat("file")).toEqual(entry);
  });

  test("nothing is visible before the commit", async () => {
    await using library = await open();
    const { store } = library;
    await using sink = await create(store, "file");
    await sink.write(bytesOf("partial"), 0);
    await refused("NOT_FOUND", () => store.stat("file"));
    await refused("NOT_FOUND", () => store.open("file"));
    expect(await names(store, "", { hidden: true })).toEqual([]);
  });

  test.each([
    { seconds: 1_000_000_000, nanoseconds: 123_456_789 },
    { seconds: 0, nanoseconds: 0 },
    { seconds: -5, nanoseconds: 999_999_999 },
  ])("the modified time is kept to the nanosecond: %o", async (modified) => {
    await using library = await open();
    const { store } = library;
    const entry = await put(store, "file", "x", { modified });
    expect(entry.modified).toEqual(modified);
    expect((await store.stat("file")).modified).toEqual(modified);
    expect((await page(store, "")).entries[0]?.modified).toEqual(modified);
  });

  test("fewer bytes than declared are not committed", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file", { size: 10 });
    await sink.write(bytesOf("short"), 0);
    const { message } = await refused("SIZE_MISMATCH", () => sink.commit());
    expect(message).toContain("10");
    expect(message).toContain("5");
    expect(await names(library.store, "", { hidden: true })).toEqual([]);
  });

  test("more bytes than declared are not taken", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file", { size: 4 });
    await sink.write(bytesOf("1234"), 0);
    await refused("SIZE_MISMATCH", () => sink.write(bytesOf("5"), 4));
  });

  test("a write that leaves a gap or goes back is a defect of the caller", async () => {
    await using library = await open();
    await using sink = await create(library.store, "file");
    await sink.write(bytesOf("1234"), 0);
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 5));
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 3));
  });

  test("a file that cannot fit is refused with the numbers", async () => {
    await using library = await open();
    const size = 2 ** 52;
    const { message } = await refused("NO_SPACE", () => create(library.store, "file", { size }));
    expect(message).toContain(String(size));
  });

  test("an upload id has 16 bytes", async () => {
    await using library = await open();
    const uploadId = new Uint8Array(15);
    await refused("INVALID_ARGUMENT", () => create(library.store, "file", { uploadId }));
  });

  test("the folder must be there, and is named", async () => {
    await using library = await open();
    const { store } = library;
    const { message } = await refused("NOT_FOUND", () => create(store, "no/such/file"));
    expect(message).toContain('"no');
    await put(store, "file");
    await refused("NOT_A_DIRECTORY", () => create(store, "file/x"));
  });

  test("a folder that goes away meanwhile fails the commit, and nothing is left", async () => {
    await using library = await open();
    const { store } = library;
    await store.makeDirectory("folder", false);
    await using sink = await create(store, "folder/file");
    await store.remove("folder");
    await refused("NOT_FOUND", () => sink.commit());
    expect(await names(store, "", { hidden: true })).toEqual([]);
  });
}

export function endings(open: OpenLibrary): void {
  test("after its end a Sink takes nothing, and discard does nothing", async () => {
    await using library = await open();
    const { store } = library;
    await using sink = await create(store, "file");
    await sink.commit();
    await refused("INTERNAL", () => sink.write(bytesOf("x"), 0));
    await refused("INTERNAL", () => sink.commit());
    await sink.discard();
    await sink.keep();
    expect((await store.stat("file")).size).toBe(0);
  });

  test("discard and the end of the scope leave nothing", async () => {
    await using library = await open();
    const { store } = library;
    const uploadId = newUploadId();
    await (await create(store, "file", { uploadId })).discard();
    {
      await using sink = await create(store, "file", { uploadId });
      await sink.write(bytesOf("x"), 0);
    }
    await refused("NOT_FOUND", () => store.stat("file"));
    expect(await names(store, "", { hidden: true })).toEqual([]);
    await put(store, "file", "after all", { uploadId });
    expect(await getText(store, "file")).toBe("after all");
  });

  test("an upload that still runs is not begun again; one that was kept is", async () => {
    await using library = await open();
    const { store } = library;
    const uploadId = newUploadId();
    const sink = await create(store, "file", { uploadId });
    await sink.write(bytesOf("kept for a longer time"), 0);
    const { retryable } = await refused("UNAVAILABLE", () => create(store, "file", { uploadId }));
    expect(retryable).toBe(true);
    await sink.keep();
    await put(store, "file", "again", { uploadId });
    expect(await getText(store, "file")).toBe("again");
  });

  test("the same upload id for two targets is two uploads", async () => {
    await using library = await open();
    const uploadId = newUploadId();
    await using one = await create(library.store, "one", { uploadId });
    await using two = await create(library.store, "two", { uploadId });
    await one.commit();
    await two.commit();
    expect(await names(library.store, "")).toEqual(["one", "two"]);
  });
}
