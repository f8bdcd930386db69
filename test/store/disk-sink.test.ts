/** Writes that go to the thread pool because the disk cannot follow. */

import { beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { LeatError } from "../../src/errors.ts";
import { DiskSink } from "../../src/store/disk-sink.ts";
import { Versions } from "../../src/store/entry.ts";
import { PartialFile } from "../../src/store/partial.ts";
import { openPlainFolder } from "../../src/store/walk-folder.ts";
import { threadWaits } from "../../src/store/thread-waits.ts";
import { WritePace } from "../../src/store/write-pace.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { bytesOf, refused } from "./support.ts";

/** A pace that lets no write block. */
function slowPace(): WritePace {
  let now = 0;
  let waits = 0;
  const pace = new WritePace(
    () => now,
    () => waits,
  );
  for (let write = 0; write < 2; write += 1) {
    pace.here(() => {
      now += 200;
      waits += 1;
    });
  }
  return pace;
}

class OpenSink implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly sink: DiskSink;
  readonly partial: PartialFile;

  constructor(pace = slowPace(), size?: number) {
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
    const options = { collision: "fail", durability: "none", size } as const;
    this.sink = new DiskSink(partial, target, options, pace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink.close();
    const left = process.platform === "linux" ? openUnder(this.folder.path) : [];
    this.folder[Symbol.dispose]();
    expect(left).toEqual([]);
  }
}

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
    await sink.checkpoint();
    expect(sink.durableOffset).toBe(60_000);
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

  test("are waited for by commit, and by checkpoint", async () => {
    await using open = new OpenSink(slowPace(), 11);
    void open.sink.write(bytesOf("first"), 0);
    await open.sink.checkpoint();
    expect(open.sink.durableOffset).toBe(5);
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
    await using open = new OpenSink(pool ? slowPace() : new WritePace());
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

describe("the pace", () => {
  let now: number;
  let waits: number;
  let pace: WritePace;
  beforeEach(() => {
    now = 5;
    waits = 0;
    pace = new WritePace(
      () => now,
      () => waits,
    );
  });
  const here = (took: number, waited: boolean): void =>
    pace.here(() => {
      now += took;
      if (waited) waits += 1;
    });
  const there = (took: number): Promise<void> => pace.there(async () => void (now += took));

  test("lets writes block until two waited for very long, and again when none did for a second", async () => {
    here(200, true);
    expect(pace.mayBlock).toBe(true);
    here(200, true);
    expect(pace.mayBlock).toBe(false);
    now += 900;
    await there(200);
    now += 900;
    await there(10);
    expect(pace.mayBlock).toBe(false);
    now += 90;
    expect(pace.mayBlock).toBe(true);
    // What was a moment ago is not forgotten.
    here(11, true);
    expect(pace.mayBlock).toBe(false);
  });

  test("lets writes block while few of them wait", () => {
    for (let write = 0; write < 100; write += 1) {
      here(50, true);
      expect(pace.mayBlock).toBe(true);
      now += 450;
    }
    for (let write = 0; write < 3; write += 1) here(50, true);
    expect(pace.mayBlock).toBe(false);
  });

  test("takes a write for which others did not give way for no slow one", () => {
    for (let write = 0; write < 9; write += 1) here(500, false);
    expect(pace.mayBlock).toBe(true);
  });

  test("takes a slow write for one that waited where nobody counts that", () => {
    waits = Number.NaN;
    for (let write = 0; write < 2; write += 1) here(101, false);
    expect(pace.mayBlock).toBe(false);
  });
});

describe.skipIf(process.platform !== "linux")("waits of a thread", () => {
  test("are counted when it sleeps, and not when it works", () => {
    const before = threadWaits();
    Bun.sleepSync(20);
    const slept = threadWaits();
    expect(slept).toBeGreaterThan(before);
    // Not in each stretch: a page that comes late may be waited for.
    const stretches = Array.from({ length: 50 }, () => {
      const before = threadWaits();
      for (const until = performance.now() + 1; performance.now() < until;);
      return threadWaits() - before;
    });
    expect(stretches).toContain(0);
  });
});
