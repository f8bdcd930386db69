import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { LeatError } from "../../src/errors.ts";
import { BLOCK_SIZE } from "../../src/limits.ts";
import type { FileRegion } from "../../src/file-region.ts";
import type { Source, StoreEntry } from "../../src/store/store.ts";
import { OutgoingSource } from "../../src/transfer/outgoing-source.ts";
import { seededRandom } from "../support/chop.ts";
import { refusal } from "../wire/refusal.ts";

const random = seededRandom(401);
const CONTENTS = random.bytes(5000);

/** A file that can become shorter, another, unreadable. */
class Changing implements Source {
  readonly synchronous = true;
  readonly entry: StoreEntry;
  version = "one";
  size = CONTENTS.length;
  broken = false;
  disposals = 0;

  constructor() {
    const modified = { seconds: 0, nanoseconds: 0 };
    const { version, size } = this;
    this.entry = { name: "f", kind: "FILE", mode: 0o644, modified, version, size };
  }

  read(into: Uint8Array, position: number): number {
    if (this.broken) throw new LeatError("IO_ERROR", "the disk is gone");
    const bytes = CONTENTS.subarray(position, Math.min(this.size, position + into.length));
    into.set(bytes);
    return bytes.length;
  }

  currentVersion(): string {
    return this.version;
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

function outgoing(source: Changing, offset = 0, length = CONTENTS.length - offset, sha256 = false) {
  const taken: number[] = [];
  const onTaken = (bytes: number): void => void taken.push(bytes);
  return {
    taken,
    out: new OutgoingSource({ source, offset, length, sha256, path: "a/f", onTaken }),
  };
}

/** A file on a disk that is asked for what comes next, and answers when a test says so. */
class Cold extends Changing {
  readonly asked: [position: number, length: number][] = [];
  slow = true;
  answer = (): void => {};

  fetch(position: number, length: number): Promise<void> | undefined {
    if (!this.slow) return undefined;
    this.asked.push([position, length]);
    return new Promise((resolve) => (this.answer = resolve));
  }
}

describe("a file on a slow disk", () => {
  function cold(source = new Cold()) {
    let [ready, closed] = [0, 0];
    const out = new OutgoingSource({
      source,
      offset: 0,
      length: CONTENTS.length,
      sha256: false,
      path: "a/f",
      onReady: () => void ready++,
      onClosed: () => void closed++,
    });
    const answer = async (): Promise<void> => {
      source.answer();
      await Bun.sleep(0);
    };
    return { source, out, answer, counts: () => ({ ready, closed, disposals: source.disposals }) };
  }

  test("has nothing to take until it is fetched, then all of the block", async () => {
    const { source, out, answer, counts } = cold();
    expect([out.available, out.done, source.asked]).toEqual([0, false, [[0, 5000]]]);
    await answer();
    expect([out.available, counts().ready]).toEqual([5000, 1]);
    const into = new Uint8Array(5000);
    out.take(into, 0, 2000);
    expect([out.available, source.asked.length]).toEqual([3000, 1]);
    out.take(into, 2000, 3000);
    out.endBlock();
    expect([out.done, out.finish()?.size, source.asked.length]).toEqual([true, 5000, 1]);
    expect(Buffer.compare(into, CONTENTS)).toBe(0);
  });

  test("is fetched from where it became slow", () => {
    const source = new Cold();
    source.slow = false;
    const { out } = cold(source);
    expect(out.available).toBe(5000);
    source.slow = true;
    out.take(new Uint8Array(100), 0, 100);
    expect([out.available, source.asked]).toEqual([0, [[100, 4900]]]);
  });

  test("stays open while the disk is at it, whoever gives it up", async () => {
    const { out, answer, counts } = cold();
    out.release();
    expect([out.released, counts()]).toEqual([true, { ready: 0, closed: 0, disposals: 0 }]);
    await answer();
    expect(counts()).toEqual({ ready: 0, closed: 1, disposals: 1 });
  });

  test("is waited for where nobody can be told that there is more", () => {
    const { out } = outgoing(new Cold());
    expect(out.available).toBe(5000);
  });
});

describe("a range of a file", () => {
  test.each([
    [0, 5000],
    [1234, 3766],
    [10, 100],
    [5000, 0],
  ])("from %p, %p bytes, leaves as it is, with its sums", (offset, length) => {
    const { out, taken } = outgoing(new Changing(), offset, length, true);
    const into = new Uint8Array(length + 20).fill(9);
    let at = 10;
    let blocks: number[] = [];
    while (!out.done) {
      const count = Math.min(out.available, 1 + random.below(700));
      expect(out.ends(count)).toBe(count === out.available);
      out.take(into, at, count);
      at += count;
      blocks.push(out.endBlock());
    }
    const expected = CONTENTS.subarray(offset, offset + length);
    expect(Buffer.compare(into.subarray(10, 10 + length), expected)).toBe(0);
    expect([...into.subarray(0, 10), ...into.subarray(length + 10)]).toEqual(Array(20).fill(9));
    expect(out.finish()).toEqual({
      size: length,
      crc32: crc32(expected),
      sha256: new Bun.CryptoHasher("sha256").update(expected).digest().valueOf() as Buffer,
    });
    let from = 0;
    for (const [i, count] of taken.entries()) {
      expect(blocks[i]).toBe(crc32(expected.subarray(from, from + count)));
      from += count;
    }
    expect(from).toBe(length);
  });

  test("of a file that became shorter fails with CHANGED, and nothing counts as taken", () => {
    const source = new Changing();
    const { out, taken } = outgoing(source);
    source.size = 99;
    const error = refusal("CHANGED", () => out.take(new Uint8Array(100), 0, 100));
    expect(error.message).toBe("a/f changed while it was sent: it has 99 bytes left");
    expect([taken.length, out.available]).toEqual([0, 5000]);
  });

  test("of a file that is another one by the end fails with CHANGED", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    out.take(new Uint8Array(5000), 0, 5000);
    source.version = "two";
    refusal("CHANGED", () => out.finish());
  });

  test("lets go of the file once", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    expect(out.released).toBe(false);
    out.release();
    out.release();
    expect([out.released, source.disposals]).toEqual([true, 1]);
  });
});

describe("bytes that are taken again", () => {
  test("are the same, and count for nothing", () => {
    const { out, taken } = outgoing(new Changing(), 100);
    out.take(new Uint8Array(1000), 0, 1000);
    const into = new Uint8Array(520).fill(9);
    out.retake(into, 10, 500, 300);
    expect(Buffer.compare(into.subarray(10, 510), CONTENTS.subarray(300, 800))).toBe(0);
    expect([into[9], into[510], taken.length, out.available]).toEqual([9, 9, 1, 3900]);
    expect(out.endBlock()).toBe(crc32(CONTENTS.subarray(100, 1100)));
  });

  test("are zeros where the file has them no longer, for the frame's length was promised", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    source.size = 400;
    const into = new Uint8Array(520).fill(9);
    out.retake(into, 10, 500, 300);
    expect(Buffer.compare(into.subarray(10, 110), CONTENTS.subarray(300, 400))).toBe(0);
    expect(Math.max(...into.subarray(110, 510))).toBe(0);
    expect(into[510]).toBe(9);
  });

  test.each(["closed", "broken"])("are zeros where the file is %s: nothing is thrown", (how) => {
    const source = new Changing();
    const { out } = outgoing(source);
    if (how === "closed") out.release();
    source.broken = true;
    const into = new Uint8Array(20).fill(9);
    out.retake(into, 5, 10, 0);
    expect([...into]).toEqual([...Array(5).fill(9), ...Array(10).fill(0), ...Array(5).fill(9)]);
  });
});

test("a source that answers later is refused: OutgoingChunks is for those", () => {
  const source = new Changing();
  source.read = (() => Promise.resolve(5)) as unknown as typeof source.read;
  const { out } = outgoing(source);
  refusal("INTERNAL", () => out.take(new Uint8Array(10), 0, 10));
});

/** A file of three blocks, the last one short, and CRCs that are known of it. */
class Known {
  readonly contents = new Uint8Array(2 * BLOCK_SIZE + 1000).fill(5);
  readonly crcs = new Map<number, number>();
  settled = true;
  version = "one";
  disposals = 0;
  read = 0;
  readonly source: Source;

  constructor() {
    const modified = { seconds: 0, nanoseconds: 0 };
    const size = this.contents.length;
    const isSettled = (): boolean => this.settled;
    this.source = {
      synchronous: true,
      entry: { name: "f", kind: "FILE", mode: 0o644, modified, version: "one", size },
      get settled() {
        return isSettled();
      },
      read: (into, position) => {
        const bytes = this.contents.subarray(position, position + into.length);
        into.set(bytes);
        this.read += bytes.length;
        return bytes.length;
      },
      currentVersion: () => this.version,
      [Symbol.dispose]: () => void (this.disposals += 1),
    };
  }

  /** What the blocks really have. */
  get sums(): number[] {
    return [0, 1, 2].map((n) =>
      crc32(this.contents.subarray(n * BLOCK_SIZE, (n + 1) * BLOCK_SIZE)),
    );
  }

  outgoing(
    more: {
      offset?: number;
      length?: number;
      pinned?: boolean;
      sha256?: boolean;
      copy?: Lending;
    } = {},
  ): OutgoingSource {
    const { offset = 0, length = this.contents.length - offset, sha256 = false, ...rest } = more;
    const { source, crcs } = this;
    return new OutgoingSource({ source, offset, length, sha256, path: "a/f", crcs, ...rest });
  }
}

/** Takes everything in halves of blocks. @returns the CRCs of the blocks */
function take(out: OutgoingSource, from = 0): number[] {
  const sums: number[] = [];
  const into = new Uint8Array(BLOCK_SIZE);
  for (let position = from; !out.done;) {
    const length = Math.min(out.available, BLOCK_SIZE / 2 - (position % (BLOCK_SIZE / 2)));
    out.take(into, 0, length);
    position += length;
    if (position % BLOCK_SIZE === 0 || out.done) sums.push(out.endBlock());
  }
  return sums;
}

/** Lends regions, and gives them back when a test says so. */
class Lending {
  readonly lent: { position: number; length: number; onEnd: (short: boolean) => void }[] = [];
  readonly unknown: boolean;

  constructor(unknown = false) {
    this.unknown = unknown;
  }

  region(position: number, length: number, onEnd: (short: boolean) => void): FileRegion {
    this.lent.push({ position, length, onEnd });
    const [left, blocked] = [length, false];
    return { left, blocked, send: () => 0, [Symbol.dispose]: () => onEnd(false) };
  }
}

describe("CRCs that are known", () => {
  test("are kept of whole blocks of a settled version", () => {
    const file = new Known();
    const out = file.outgoing();
    expect(take(out)).toEqual(file.sums);
    expect([...file.crcs]).toEqual([...file.sums.entries()]);
    file.crcs.clear();
    take(file.outgoing({ offset: 10, length: BLOCK_SIZE + 10 }), 10);
    expect(file.crcs.size).toBe(0);
    take(file.outgoing({ offset: 10, length: 2 * BLOCK_SIZE }), 10);
    expect([...file.crcs]).toEqual([[1, file.sums[1]!]]);
    file.crcs.clear();
    file.settled = false;
    take(file.outgoing());
    expect(file.crcs.size).toBe(0);
  });

  test("are believed, and make the sum of the whole", () => {
    const file = new Known();
    take(file.outgoing());
    const second = file.outgoing();
    expect(take(second)).toEqual(file.sums);
    expect(second.finish()).toEqual({ size: file.contents.length, crc32: crc32(file.contents) });
    file.crcs.set(1, 77);
    expect(take(file.outgoing())).toEqual([file.sums[0]!, 77, file.sums[2]!]);
    const rest = file.outgoing({ offset: BLOCK_SIZE });
    expect(take(rest, BLOCK_SIZE)).toEqual([77, file.sums[2]!]);
    expect(take(file.outgoing({ length: BLOCK_SIZE + 5 }))[1]).not.toBe(77); // a part of it only
  });

  test("are summed anew where the block may have come damaged, or every byte is wanted", () => {
    const file = new Known();
    for (const block of [0, 1, 2]) file.crcs.set(block, 77);
    expect(take(file.outgoing({ sha256: true }))).toEqual(file.sums);
    const again = file.outgoing({ offset: BLOCK_SIZE, pinned: true });
    expect(take(again, BLOCK_SIZE)).toEqual([file.sums[1]!, 77]);
    expect(file.crcs.get(1)).toBe(file.sums[1]!);
  });

  test("say nothing of a file that has changed: CHANGED before the CRC is sent", () => {
    const file = new Known();
    take(file.outgoing());
    const out = file.outgoing();
    const into = new Uint8Array(BLOCK_SIZE);
    out.take(into, 0, BLOCK_SIZE / 2);
    file.version = "two";
    refusal("CHANGED", () => out.take(into, 0, BLOCK_SIZE / 2));
  });
});

describe("a file that was touched", () => {
  /** @param comparableIn milliseconds; undefined where its contents are others */
  function touched(file: Known, comparableIn: number | undefined, more: object = {}) {
    const source = { ...file.source, comparableIn: () => comparableIn };
    const ready = Promise.withResolvers<void>();
    const { length: size } = file.contents;
    const options = { source, offset: 0, length: size, sha256: true, path: "a/f", ...more };
    const out = new OutgoingSource({ ...options, onReady: () => ready.resolve() });
    take(out);
    file.version = "two";
    return { out, ready: ready.promise };
  }

  test("is compared with what was sent before it is finished", async () => {
    const file = new Known();
    const { out, ready } = touched(file, 0);
    expect([out.finish(), out.done, out.available]).toEqual([undefined, false, 0]);
    await ready;
    expect([out.done, out.finish()?.crc32]).toEqual([true, crc32(file.contents)]);
    file.version = "three"; // touched once more: compared once more
    expect(out.finish()).toBeUndefined();
  });

  test("and written to ends in CHANGED, though only behind its comparison", async () => {
    const file = new Known();
    const { out, ready } = touched(file, 0);
    file.contents[BLOCK_SIZE + 1] = 6;
    expect(out.finish()).toBeUndefined();
    await ready;
    refusal("CHANGED", () => out.finish());
  });

  test("again and again ends in CHANGED", async () => {
    const file = new Known();
    let versions = 0;
    const currentVersion = (): string => `version ${versions++}`;
    const { out, ready } = touched(file, 0, {
      source: { ...file.source, comparableIn: () => 0, currentVersion },
    });
    expect(out.finish()).toBeUndefined();
    await ready;
    refusal("CHANGED", () => out.finish());
  });

  test("is not compared where it cannot be the same, or one version is wanted", () => {
    refusal("CHANGED", () => touched(new Known(), undefined).out.finish());
    refusal("CHANGED", () => touched(new Known(), 0, { pinned: true }).out.finish());
  });

  test("stays open while it is compared, and no longer when it is given up", async () => {
    const file = new Known();
    let closed = 0;
    const closing = Promise.withResolvers<void>();
    const onClosed = (): void => {
      closed++;
      closing.resolve();
    };
    const { out } = touched(file, 60_000, { onClosed });
    expect(out.finish()).toBeUndefined();
    out.release();
    expect([file.disposals, closed]).toEqual([0, 0]);
    await closing.promise;
    expect([file.disposals, closed]).toEqual([1, 1]);
  });
});

describe("a region that is lent", () => {
  test("has the bytes whose CRC is known, and nothing is read", () => {
    const file = new Known();
    const copy = new Lending();
    const first = file.outgoing({ copy });
    expect(first.region(BLOCK_SIZE)).toBeUndefined();
    take(first);
    file.read = 0;
    const out = file.outgoing({ copy });
    const sums = [BLOCK_SIZE, BLOCK_SIZE, 1000].map((length) => {
      expect(out.region(length)).toBeDefined();
      return out.endBlock();
    });
    expect(sums).toEqual(file.sums);
    expect(copy.lent.map(({ position, length }) => [position, length])).toEqual([
      [0, BLOCK_SIZE],
      [BLOCK_SIZE, BLOCK_SIZE],
      [2 * BLOCK_SIZE, 1000],
    ]);
    expect([file.read, out.done]).toEqual([0, true]);
    expect(out.finish()).toEqual({ size: file.contents.length, crc32: crc32(file.contents) });
  });

  test("is read for its CRC first, a part of a block as well, where that is wanted", () => {
    const file = new Known();
    const copy = new Lending(true);
    const out = file.outgoing({ offset: BLOCK_SIZE - 7, length: 20, copy });
    out.region(7);
    expect(out.endBlock()).toBe(crc32(file.contents.subarray(0, 7)));
    out.region(13);
    expect(out.endBlock()).toBe(crc32(file.contents.subarray(0, 13)));
    expect(out.finish()).toEqual({ size: 20, crc32: crc32(file.contents.subarray(0, 20)) });
    expect(file.outgoing({ sha256: true, copy }).region(5)).toBeUndefined();
  });

  test("keeps the file open until it is given back", () => {
    const file = new Known();
    const copy = new Lending(true);
    let closed = 0;
    const { source, crcs } = file;
    const options = { source, offset: 0, length: 100, sha256: false, path: "a/f", crcs, copy };
    const out = new OutgoingSource({ ...options, onClosed: () => void closed++ });
    out.region(50);
    out.release();
    expect([file.disposals, closed]).toEqual([0, 0]);
    copy.lent[0]!.onEnd(false);
    expect([file.disposals, closed]).toEqual([1, 1]);
  });

  test("that came short ends in CHANGED, though the version says nothing", () => {
    const file = new Known();
    const copy = new Lending(true);
    const out = file.outgoing({ length: 100, copy });
    out.region(50);
    copy.lent[0]!.onEnd(true);
    refusal("CHANGED", () => out.region(50));
    refusal("CHANGED", () => out.take(new Uint8Array(50), 0, 50));
    refusal("CHANGED", () => out.finish());
  });
});
