import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { LeatError } from "../../src/errors.ts";
import { Incoming, type IncomingRange, type Intake } from "../../src/transfer/incoming.ts";
import { chopAtRandom, join, seededRandom } from "../support/chop.ts";
import { refused } from "../store/support.ts";
import { refusal } from "../wire/refusal.ts";

const BLOCK = 1 << 20;
const random = seededRandom(404);

/** A sink whose writes are answered when a test says so. */
class SlowSink {
  readonly written: Uint8Array[] = [];
  readonly positions: number[] = [];
  readonly #open: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  readonly write = (bytes: Uint8Array, position: number): Promise<void> => {
    if (this.#open.length > 0) throw new Error("two writes at once");
    this.positions.push(position);
    return new Promise((resolve, reject) => {
      this.#open.push({
        resolve: () => {
          // Copied late: whoever wrote over it meanwhile is found out.
          this.written.push(bytes.slice());
          resolve();
        },
        reject,
      });
    });
  };

  get waits(): boolean {
    return this.#open.length > 0;
  }

  async answer(): Promise<void> {
    this.#open.shift()!.resolve();
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.#open.shift()!.reject(error);
    await settled();
  }
}

/** Lets promises run that are settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function incoming(options: Partial<IncomingRange & Intake> = {}) {
  const written: Uint8Array[] = [];
  const consumed: number[] = [];
  const errors: LeatError[] = [];
  const made = new Incoming(
    { offset: 0, length: undefined, sha256: false, ...options },
    {
      write: (bytes) => void written.push(bytes),
      writeHole: (length) => void written.push(new Uint8Array(length)),
      onConsumed: (bytes) => void consumed.push(bytes),
      onError: (error) => void errors.push(error),
      onVerified() {},
      ...options,
    },
  );
  return { made, written, consumed, errors };
}

const finishOf = (bytes: Uint8Array) => ({
  size: bytes.length,
  crc32: crc32(bytes),
  skippedNames: 0,
});

describe("a file that arrives", () => {
  test("is written piece by piece, summed, and agreed on", async () => {
    const bytes = random.bytes(10_000);
    const { made, written, consumed } = incoming({ length: bytes.length });
    for (let at = 0; at < bytes.length; at += 3000) {
      const piece = bytes.subarray(at, at + 3000);
      made.data(piece, at + 3000 >= bytes.length ? crc32(bytes) : undefined);
      expect(made.position).toBe(at + piece.length);
    }
    expect(made.crc32).toBe(crc32(bytes));
    await made.finish(finishOf(bytes), bytes.length);
    expect(join(written)).toEqual(bytes);
    expect(consumed).toEqual([3000, 3000, 3000, 1000]);
  });

  test("of zero bytes is one, too", async () => {
    for (const length of [0, undefined]) {
      const { made, written } = incoming({ length });
      await made.finish(finishOf(new Uint8Array(0)), 0);
      expect(written).toEqual([]);
    }
  });

  test("may begin in the middle of a block: its CRC is of what came", async () => {
    const bytes = random.bytes(2000);
    const offset = BLOCK - 1500;
    const { made } = incoming({ offset, length: bytes.length });
    made.data(bytes.subarray(0, 1500), crc32(bytes.subarray(0, 1500)));
    made.data(bytes.subarray(1500), crc32(bytes.subarray(1500)));
    expect(made.position).toBe(offset + 2000);
    await made.finish(finishOf(bytes), 2000);
  });

  test("with more than was declared is refused before the sink sees it", () => {
    const { made, written } = incoming({ offset: 5, length: 10 });
    made.data(new Uint8Array(10), undefined);
    const error = refusal("SIZE_MISMATCH", () => made.data(Uint8Array.of(1), undefined));
    expect(error.message).toBe("more than the 10 declared bytes arrived");
    expect(written).toHaveLength(1);
  });

  test("with less than was declared is refused, whatever its Finish says", async () => {
    const bytes = random.bytes(10);
    for (const size of [10, 20]) {
      const { made } = incoming({ length: 20 });
      made.data(bytes, undefined);
      await refused("SIZE_MISMATCH", () => made.finish({ ...finishOf(bytes), size }, 20));
    }
  });

  test("whose block came damaged is refused at its end", () => {
    const { made } = incoming();
    refusal("CHECKSUM_MISMATCH", () => made.data(new Uint8Array(BLOCK), 1));
  });

  test("whose block came without CRC is refused; the end of the range is judged by Finish", async () => {
    const { made } = incoming();
    refusal("PROTOCOL_ERROR", () => made.data(new Uint8Array(BLOCK), undefined));
    const bytes = random.bytes(10);
    const short = incoming().made;
    short.data(bytes, undefined);
    await short.finish(finishOf(bytes), 10);
  });

  test("goes on behind the CRC of a block, but not behind that of its end", () => {
    const { made } = incoming();
    made.data(new Uint8Array(BLOCK), crc32(new Uint8Array(BLOCK)));
    made.data(Uint8Array.of(1), crc32(Uint8Array.of(1)));
    refusal("PROTOCOL_ERROR", () => made.data(Uint8Array.of(2), undefined));
  });

  test("whose whole came damaged is refused", async () => {
    const bytes = random.bytes(10);
    const { made } = incoming();
    made.data(bytes, undefined);
    const wrong = { ...finishOf(bytes), crc32: 1 };
    await refused("CHECKSUM_MISMATCH", () => made.finish(wrong, 10));
  });
});

describe("a slow sink", () => {
  test("gets one piece at a time, in order; each is consumed when it is written", async () => {
    const sink = new SlowSink();
    const { made, consumed } = incoming({ offset: 100, write: sink.write });
    const bytes = random.bytes(15_000);
    for (let at = 0; at < 15_000; at += 5000) made.data(bytes.subarray(at, at + 5000), undefined);
    const finishing = made.finish(finishOf(bytes), 15_000);
    for (let i = 1; i <= 3; i++) {
      await settled();
      expect([sink.positions.length, consumed.length]).toEqual([i, i - 1]);
      await sink.answer();
    }
    await finishing;
    expect(join(sink.written)).toEqual(bytes);
    expect([sink.positions, consumed]).toEqual([
      [100, 5100, 10_100],
      [5000, 5000, 5000],
    ]);
  });

  test("gets what trickled in meanwhile in few pieces, none of it lost or moved", async () => {
    for (const most of [1, 10, 5000, 20_000]) {
      const sink = new SlowSink();
      const { made, consumed } = incoming({ write: sink.write });
      const bytes = random.bytes(60_000);
      for (const piece of chopAtRandom(bytes, random, most)) {
        made.data(piece, undefined);
      }
      const finishing = made.finish(finishOf(bytes), bytes.length);
      while (sink.waits) await sink.answer();
      await finishing;
      expect(Buffer.compare(join(sink.written), bytes)).toBe(0);
      expect(consumed.reduce((sum, count) => sum + count)).toBe(bytes.length);
      if (most <= 10) expect(sink.written.length).toBeLessThan(16);
      let position = 0;
      for (const [i, piece] of sink.written.entries()) {
        expect(sink.positions[i]).toBe(position);
        position += piece.length;
      }
    }
  });

  test("that has caught up is written to at once again", async () => {
    const sink = new SlowSink();
    const { made } = incoming({ write: sink.write });
    made.data(Uint8Array.of(1), undefined);
    await sink.answer();
    made.data(Uint8Array.of(2), undefined);
    expect(sink.positions).toEqual([0, 1]);
  });

  test("is waited for by finish, and by nothing else", async () => {
    const sink = new SlowSink();
    const { made } = incoming({ write: sink.write });
    made.data(Uint8Array.of(1), undefined);
    let done = false;
    const finish = made.finish(finishOf(Uint8Array.of(1)), 1);
    expect(finish).toBeInstanceOf(Promise);
    const finishing = Promise.resolve(finish).then(() => (done = true));
    await settled();
    expect(done).toBe(false);
    await sink.answer();
    await finishing;
  });
});

describe("a sink that fails", () => {
  const full = new LeatError("NO_SPACE", "the disk is full");

  test("at once throws", () => {
    const write = (): void => {
      throw full;
    };
    const { made, consumed } = incoming({ write });
    refusal("NO_SPACE", () => made.data(Uint8Array.of(1), undefined));
    expect(consumed).toEqual([]);
  });

  test("later tells once, gets nothing more, and never finishes", async () => {
    const sink = new SlowSink();
    const { made, consumed, errors } = incoming({ write: sink.write });
    for (let i = 0; i < 3; i++) made.data(Uint8Array.of(i), undefined);
    const finishing = refused("NO_SPACE", () => made.finish(finishOf(Uint8Array.of(0, 1, 2)), 3));
    await sink.fail(full);
    refusal("NO_SPACE", () => made.data(Uint8Array.of(3), undefined));
    await settled();
    expect([sink.positions, consumed, errors]).toEqual([[0], [], [full]]);
    expect(await finishing).toBe(full);
  });

  test("before Finish came fails it all the same", async () => {
    const sink = new SlowSink();
    const { made } = incoming({ write: sink.write });
    made.data(Uint8Array.of(1), undefined);
    await sink.fail(new Error("what is this?"));
    await refused("INTERNAL", () => made.finish(finishOf(Uint8Array.of(1)), 1));
  });

  test("in the second write, by an exception, is told as well", async () => {
    let writes = 0;
    const write = (): Promise<void> => {
      if (++writes === 2) throw full;
      return Promise.resolve();
    };
    const { made, errors, consumed } = incoming({ write });
    made.data(Uint8Array.of(1), undefined);
    made.data(Uint8Array.of(2), undefined);
    await settled();
    expect([errors, consumed]).toEqual([[full], [1]]);
  });
});
