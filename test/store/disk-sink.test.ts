/** Writes that go to the thread pool because the disk cannot follow. */

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { WRITE_BEHIND } from "../../src/limits.ts";
import { LeatError } from "../../src/errors.ts";
import { DiskSink } from "../../src/store/write/disk-sink.ts";
import { Versions } from "../../src/store/system/versions.ts";
import { PartialFile } from "../../src/store/write/partial.ts";
import { openPlainFolder } from "../../src/store/resolve/walk-folder.ts";
import type { DurabilityLevel } from "../../src/store/store.ts";
import { DiskPace } from "../../src/store/system/disk-pace.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { allocatedOf, HAS_HOLES } from "../support/sparse.ts";
import { bytesOf, refused, slowPace } from "./support.ts";

class OpenSink implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly sink: DiskSink;
  readonly partial: PartialFile;

  constructor(pace = slowPace(), size?: number, durability: DurabilityLevel = "none") {
    const folder = openPlainFolder(this.folder.path);
    const partial = PartialFile.create(folder, "partial", 0o600);
    if (partial === undefined) throw new Error("the name is taken");
    this.partial = partial;
    const target = {
      path: "file",
      versions: new Versions("test"),
      place: () => ({ folder, name: "file", [Symbol.dispose]() {} }),
      [Symbol.dispose]: () => folder[Symbol.dispose](),
    };
    const options = { collision: "fail", durability, size } as const;
    this.sink = new DiskSink(partial, target, options, pace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink.close();
    const left = process.platform === "linux" ? openUnder(this.folder.path) : [];
    this.folder[Symbol.dispose]();
    expect(left).toEqual([]);
  }
}

describe("a hole", () => {
  const HOLE = 3 << 20;

  test("is zeros that take no room, and comes in its turn", async () => {
    for (const pace of [slowPace(), new DiskPace()]) {
      await using open = new OpenSink(pace, HOLE + 10);
      const { sink } = open;
      await sink.write(bytesOf("first"), 0);
      const written = sink.writeHole(HOLE, 5);
      await refused("INTERNAL", () => sink.write(bytesOf("again"), 5));
      await written;
      await refused("INTERNAL", () => sink.writeHole(1, 5));
      await refused("SIZE_MISMATCH", () => sink.writeHole(6, HOLE + 5));
      await sink.write(bytesOf("last!"), HOLE + 5);
      expect((await sink.commit()).size).toBe(HOLE + 10);
      const expected = Buffer.concat([bytesOf("first"), new Uint8Array(HOLE), bytesOf("last!")]);
      expect(Buffer.compare(readFileSync(open.folder.at("file")), expected)).toBe(0);
      if (HAS_HOLES) expect(allocatedOf(open.folder.at("file"))).toBeLessThan(1 << 20);
    }
  });

  test("has nothing left in it of what was there before a rewind", async () => {
    await using open = new OpenSink();
    await open.sink.write(new Uint8Array(50_000).fill(7), 0);
    await open.sink.rewind(10_000);
    await open.sink.writeHole(HOLE, 10_000);
    await open.sink.commit();
    const bytes = readFileSync(open.folder.at("file"));
    expect(bytes.indexOf(0)).toBe(10_000);
    expect(bytes.subarray(10_000).every((byte) => byte === 0)).toBe(true);
  });

  test("is waited for by the end, and is no file larger than any may be", async () => {
    await using open = new OpenSink();
    void open.sink.writeHole(HOLE, 0);
    await open.sink.keep();
    expect(readFileSync(open.folder.at("partial")).length).toBe(HOLE);
    await using other = new OpenSink();
    await refused("TOO_LARGE", () => other.sink.writeHole(2 ** 53 - 1, 0));
    await refused("TOO_LARGE", () => other.sink.commit());
  });
});

describe("writes on the thread pool", () => {
  test("are promises, and the file is the same", async () => {
    await using open = new OpenSink();
    const { sink } = open;
    const contents = crypto.getRandomValues(new Uint8Array(60_000));
    for (let at = 0; at < contents.length; at += 20_000) {
      const written = sink.write(contents.subarray(at, at + 20_000), at);
      expect(written).toBeInstanceOf(Promise);
      await written;
    }
    expect((await sink.commit()).size).toBe(60_000);
    expect(Buffer.compare(readFileSync(open.folder.at("file")), contents)).toBe(0);
  });

  test("must be waited for by the next", async () => {
    await using open = new OpenSink();
    const written = open.sink.write(bytesOf("first"), 0);
    await refused("INTERNAL", () => open.sink.write(bytesOf("again"), 0));
    await written;
    await open.sink.write(bytesOf("second"), 5);
  });

  test("are waited for by commit", async () => {
    await using open = new OpenSink(slowPace(), 11);
    await open.sink.write(bytesOf("first"), 0);
    void open.sink.write(bytesOf("second"), 5);
    expect((await open.sink.commit()).size).toBe(11);
  });

  test.each(["discard", "keep"] as const)("are waited for by %s", async (end) => {
    await using open = new OpenSink();
    void open.sink.write(new Uint8Array(1 << 20), 0);
    const ended = open.sink[end]();
    // Closed now, its number could be another file's while the write still runs.
    expect(open.partial.fd).not.toBe(-1);
    await ended;
    expect(open.partial.fd).toBe(-1);
    expect(readdirSync(open.folder.path)).toEqual(end === "keep" ? ["partial"] : []);
  });

  test.each([true, false])("a write that failed is not committed (pool: %p)", async (pool) => {
    await using open = new OpenSink(pool ? slowPace() : new DiskPace());
    open.partial.append = () => {
      const error = new LeatError("NO_SPACE", "no space is left on the disk");
      if (!pool) throw error;
      return Promise.reject(error);
    };
    await refused("NO_SPACE", () => open.sink.write(bytesOf("x"), 0));
    await refused("NO_SPACE", () => open.sink.commit());
    expect(readdirSync(open.folder.path)).toEqual([]);
  });
});

test.each(["discard", "keep", "commit"] as const)(
  "what is put on disk meanwhile is waited for by %s",
  async (end) => {
    await using open = new OpenSink(new DiskPace(), undefined, "fsync");
    const disk = Promise.withResolvers<void>();
    let synced = false;
    open.partial.syncBytes = () => disk.promise;
    open.partial.sync = async () => void (synced = true);
    await open.sink.write(new Uint8Array(WRITE_BEHIND), 0);
    const ended = open.sink[end]();
    await Bun.sleep(0);
    expect(open.partial.fd).not.toBe(-1);
    expect(synced).toBe(false);
    disk.resolve();
    await ended;
    expect(open.partial.fd).toBe(-1);
  },
);

test("what could not be put on disk meanwhile is not kept for another try", async () => {
  await using open = new OpenSink(new DiskPace(), undefined, "fsync");
  open.partial.syncBytes = () => Promise.reject(new Error("EIO"));
  await open.sink.write(new Uint8Array(WRITE_BEHIND), 0);
  await Bun.sleep(0);
  await refused("INTERNAL", () => open.sink.write(bytesOf("more"), WRITE_BEHIND));
  await open.sink.keep();
  expect(readdirSync(open.folder.path)).toEqual([]);
});
