import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { LeatError } from "../../src/errors.ts";
import { OutgoingChunks, type OutgoingChunksOptions } from "../../src/transfer/outgoing-chunks.ts";
import { chopAtRandom, join, seededRandom } from "../support/chop.ts";

const random = seededRandom(405);

/** Lets promises run that are settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Pulls as a session does: what is there when it is told of it, up to a bound. */
class Puller {
  readonly outgoing: OutgoingChunks;
  readonly pieces: Uint8Array[] = [];
  /** The CRC at each end of a block, and at the end. */
  readonly ends: number[] = [];
  readonly errors: LeatError[] = [];
  readonly taken: number[] = [];
  ready = 0;

  constructor(chunks: OutgoingChunksOptions["chunks"], sha256 = false) {
    this.outgoing = new OutgoingChunks({
      chunks,
      sha256,
      onReady: () => void this.ready++,
      onTaken: (bytes) => void this.taken.push(bytes),
      onError: (error) => void this.errors.push(error),
    });
  }

  get bytes(): Uint8Array {
    return join(this.pieces);
  }

  /** Takes at most so many bytes. @returns how many */
  pull(most: number): number {
    const { outgoing } = this;
    const length = Math.min(most, outgoing.available);
    if (length === 0) return 0;
    const into = new Uint8Array(length + 4).fill(9);
    const ends = outgoing.ends(length);
    outgoing.take(into, 2, length);
    expect([into[1], into[length + 2]]).toEqual([9, 9]);
    this.pieces.push(into.slice(2, length + 2));
    if (ends) this.ends.push(outgoing.endBlock());
    return length;
  }

  /** Takes everything, in pieces of at most so many bytes. */
  async pullAll(most: () => number): Promise<void> {
    for (let idle = 0; !this.outgoing.done && this.errors.length === 0;) {
      idle = this.pull(most()) > 0 ? 0 : idle + 1;
      if (idle > 50) throw new Error("nothing comes any more");
      await Promise.resolve();
    }
  }
}

async function* later(chunks: readonly Uint8Array[], pause = settled) {
  for (const chunk of chunks) {
    await pause();
    yield chunk;
  }
}

const BYTES = random.bytes(5000);

describe("chunks", () => {
  test.each<[string, () => OutgoingChunksOptions["chunks"], Uint8Array]>([
    ["none", () => [], new Uint8Array(0)],
    ["an empty one", () => [new Uint8Array(0)], new Uint8Array(0)],
    ["one", () => [BYTES], BYTES],
    ["one later", () => later([BYTES]), BYTES],
    ["one among empty ones", () => [new Uint8Array(0), BYTES, new Uint8Array(0)], BYTES],
    ["many", () => chopAtRandom(BYTES, random, 100), BYTES],
    ["many later", () => later(chopAtRandom(BYTES, random, 100)), BYTES],
    ["of a stream", () => new Blob([BYTES]).stream(), BYTES],
  ])("%s leave as they are, with size and sums", async (_what, chunks, expected) => {
    for (const most of [1, 700, 10_000]) {
      const puller = new Puller(chunks(), true);
      await puller.pullAll(() => 1 + random.below(most));
      expect(Buffer.compare(puller.bytes, expected)).toBe(0);
      expect(puller.ends).toEqual(expected.length === 0 ? [] : [crc32(expected)]);
      expect(puller.outgoing.finish()).toEqual({
        size: expected.length,
        crc32: crc32(expected),
        sha256: createHash("sha256").update(expected).digest(),
      });
      expect(puller.taken).toEqual(puller.pieces.map((piece) => piece.length));
      expect(puller.errors).toEqual([]);
    }
  });

  test("are fetched one ahead and no further, however slow they are taken", async () => {
    let fetched = 0;
    const counted = function* () {
      for (const chunk of chopAtRandom(BYTES, random, 100)) {
        fetched++;
        yield chunk;
      }
    };
    const puller = new Puller(counted());
    await settled();
    expect([fetched, puller.ready]).toEqual([2, 1]);
    for (let chunks = 2; puller.bytes.length < 2000; chunks++) {
      const all = puller.outgoing.available;
      puller.pull(all - 1);
      await settled();
      expect(fetched).toBe(chunks);
      puller.pull(1);
      await settled();
    }
    await puller.pullAll(() => 10_000);
    expect(Buffer.compare(puller.bytes, BYTES)).toBe(0);
  });

  test("tell when there is something to take, so that none is lost on one who waits", async () => {
    const gates: (() => void)[] = [];
    const pause = (): Promise<void> => new Promise((resolve) => void gates.push(resolve));
    const chunks = chopAtRandom(BYTES, random, 1500);
    const puller = new Puller(later(chunks, pause));
    for (let told = 0; !puller.outgoing.done;) {
      gates.shift()?.();
      await settled();
      // Only told: never asked before.
      for (; told < puller.ready; told++) while (puller.pull(600) > 0);
    }
    expect(Buffer.compare(puller.bytes, BYTES)).toBe(0);
  });

  test("say of the last bytes that they are, even when that is known late", async () => {
    const gate = Promise.withResolvers<void>();
    const puller = new Puller(
      (async function* () {
        yield BYTES;
        await gate.promise;
      })(),
    );
    await settled();
    expect([puller.outgoing.available, puller.outgoing.done]).toEqual([0, false]);
    gate.resolve();
    await settled();
    expect(puller.outgoing.available).toBe(5000);
    expect([puller.outgoing.ends(4999), puller.outgoing.ends(5000)]).toEqual([false, true]);
  });

  test("can't be taken again", () => {
    expect("again" in new Puller([]).outgoing).toBe(false);
  });
});

describe("chunks that fail", () => {
  const broken = new Error("the source is gone");
  const failing = (gate: Promise<void>): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await gate;
        throw broken;
      },
    }),
  });

  test.each<[string, () => OutgoingChunksOptions["chunks"]]>([
    ["at the first", () => failing(Promise.resolve())],
    [
      "in the middle",
      () =>
        (function* () {
          yield BYTES;
          yield BYTES;
          throw broken;
        })(),
    ],
    [
      "before the first, as a stream that somebody else reads",
      () => ({
        [Symbol.asyncIterator]() {
          throw broken;
        },
      }),
    ],
  ])("%s say so once", async (_what, chunks) => {
    const puller = new Puller(chunks());
    await puller.pullAll(() => 1000);
    await settled();
    expect(puller.errors.map((error) => [error.code, error.cause])).toEqual([["INTERNAL", broken]]);
    expect(puller.errors[0]!.message).toBe("reading what to send failed: the source is gone");
    puller.outgoing.release();
  });

  test("after they were given up are nobody's business", async () => {
    const gate = Promise.withResolvers<void>();
    const puller = new Puller(failing(gate.promise));
    puller.outgoing.release();
    gate.resolve();
    await settled();
    expect([puller.errors, puller.ready]).toEqual([[], 0]);
  });
});

describe("chunks that are given up", () => {
  test.each([0, 1, 2, 5])(
    "after %p pieces end their source, and tell nothing more",
    async (count) => {
      let ended = 0;
      const source = async function* () {
        try {
          yield* later(chopAtRandom(BYTES, random, 300));
        } finally {
          ended++;
        }
      };
      const puller = new Puller(source());
      for (let taken = 0; taken < count;) {
        await settled();
        if (puller.pull(100) > 0) taken++;
      }
      const { ready } = puller;
      puller.outgoing.release();
      puller.outgoing.release();
      expect(puller.outgoing.released).toBe(true);
      for (let i = 0; i < 10; i++) await settled();
      expect([ended, puller.ready, puller.errors]).toEqual([1, ready, []]);
    },
  );

  test("do not mind a source that fails to end", async () => {
    for (const returned of [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ]) {
      const puller = new Puller({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: returned as () => Promise<never>,
        }),
      });
      puller.outgoing.release();
      await settled();
      expect(puller.errors).toEqual([]);
    }
  });

  test("at their end do not end a source that has ended", async () => {
    let returned = 0;
    const chunks = [BYTES];
    const puller = new Puller({
      [Symbol.iterator]: () => ({
        next: () => {
          const value = chunks.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
        return: () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    });
    await puller.pullAll(() => 1000);
    puller.outgoing.release();
    expect(returned).toBe(0);
  });
});
