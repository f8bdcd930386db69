/** Holes on their way from a source to a sink. */
import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { crc32OfZeros } from "../../src/crc32.ts";
import type { Source, StoreEntry } from "../../src/store/store.ts";
import { Incoming } from "../../src/transfer/incoming.ts";
import { OutgoingSource, type OutgoingSourceOptions } from "../../src/transfer/outgoing-source.ts";
import { Pieces } from "../../src/transfer/pieces.ts";
import { readInTurns } from "../../src/transfer/read-in-turns.ts";
import { refusal } from "../wire/refusal.ts";

const BLOCK = 1 << 20;
const BYTES = new Uint8Array(BLOCK).fill(9);
const finishOf = (size: number, sum: number) => ({ size, crc32: sum, skippedNames: 0 });

describe("a hole that arrives", () => {
  /** A sink that answers when a test says so. */
  function slow(length: number) {
    const calls: string[] = [];
    const consumed: number[] = [];
    const waiting: (() => void)[] = [];
    const call = (what: string): Promise<void> => {
      if (waiting.length > 0) throw new Error("two writes at once");
      calls.push(what);
      return new Promise((resolve) => void waiting.push(resolve));
    };
    const incoming = new Incoming(
      { offset: 0, length, sha256: false },
      {
        write: (bytes, position) => call(`${bytes.length} at ${position}`),
        writeHole: (zeros, position) => call(`hole of ${zeros} at ${position}`),
        onConsumed: (bytes) => void consumed.push(bytes),
        onVerified() {},
        onError(error) {
          throw error;
        },
      },
    );
    const answer = async (): Promise<void> => {
      waiting.shift()!();
      await Bun.sleep(0);
    };
    return { incoming, calls, consumed, answer };
  }

  test("is written in its turn, those in a row at once, and becomes no credit", async () => {
    const size = 6 * BLOCK + 5;
    const { incoming, calls, consumed, answer } = slow(size);
    incoming.data(BYTES, crc32(BYTES));
    for (let count = 0; count < 3; count += 1) incoming.hole(BLOCK, crc32OfZeros(BLOCK));
    incoming.data(BYTES, crc32(BYTES));
    incoming.hole(BLOCK, crc32OfZeros(BLOCK));
    incoming.hole(5, crc32OfZeros(5));
    expect(incoming.verified).toBe(size);
    const zeros = (blocks: number): Uint8Array => new Uint8Array(blocks * BLOCK);
    const whole = Buffer.concat([BYTES, zeros(3), BYTES, zeros(1), new Uint8Array(5)]);
    const done = incoming.finish(finishOf(size, crc32(whole)), size);
    for (let count = 0; count < 4; count += 1) await answer();
    await done;
    expect(calls).toEqual([
      `${BLOCK} at 0`,
      `hole of ${3 * BLOCK} at ${BLOCK}`,
      `${BLOCK} at ${4 * BLOCK}`,
      `hole of ${BLOCK + 5} at ${5 * BLOCK}`,
    ]);
    expect(consumed).toEqual([BLOCK, BLOCK]);
  });

  test("is written behind a part of a block that still waits", async () => {
    const { incoming, calls, answer } = slow(4 * BLOCK);
    incoming.data(BYTES.subarray(0, 1000), undefined);
    incoming.data(BYTES.subarray(1000), crc32(BYTES));
    incoming.hole(2 * BLOCK, crc32OfZeros(2 * BLOCK));
    incoming.data(BYTES, crc32(BYTES));
    const whole = Buffer.concat([BYTES, new Uint8Array(2 * BLOCK), BYTES]);
    const done = incoming.finish(finishOf(4 * BLOCK, crc32(whole)), 4 * BLOCK);
    for (let count = 0; count < 4; count += 1) await answer();
    await done;
    expect(calls).toEqual([
      "1000 at 0",
      `${BLOCK - 1000} at 1000`,
      `hole of ${2 * BLOCK} at ${BLOCK}`,
      `${BLOCK} at ${3 * BLOCK}`,
    ]);
  });

  test("is refused where it does not fit", () => {
    const open = (sha256 = false, length: number | undefined = 10 * BLOCK) =>
      new Incoming(
        { offset: 0, length, sha256 },
        { write() {}, writeHole() {}, onConsumed() {}, onVerified() {}, onError() {} },
      );
    const sum = crc32OfZeros(BLOCK);
    refusal("CHECKSUM_MISMATCH", () => open().hole(BLOCK, sum + 1));
    refusal("SIZE_MISMATCH", () => open().hole(11 * BLOCK, crc32OfZeros(11 * BLOCK)));
    refusal("PROTOCOL_ERROR", () => open(true).hole(BLOCK, sum));
    const ended = open(false, undefined);
    ended.hole(5, crc32OfZeros(5));
    refusal("PROTOCOL_ERROR", () => ended.hole(BLOCK, sum));
    refusal("PROTOCOL_ERROR", () => ended.data(BYTES, undefined));
  });
});

test("holes that wait are one, however many came; bytes stay between them", () => {
  const pieces = new Pieces();
  for (let count = 0; count < 1000; count += 1) pieces.pushHole(BLOCK);
  pieces.push(BYTES, 7);
  pieces.pushHole(2 ** 40);
  const handed: unknown[] = [];
  pieces.handTo({
    data: (bytes, sum) => void handed.push([bytes.length, sum]),
    hole: (length, sum) => void handed.push([length, sum]),
  });
  expect(handed).toEqual([
    [1000 * BLOCK, crc32OfZeros(1000 * BLOCK)],
    [BLOCK, 7],
    [2 ** 40, crc32OfZeros(2 ** 40)],
  ]);
  expect(pieces.shift()).toBeUndefined();
});

/** A file of zeros, but for the bytes from `from` to `to`. Reading a hole of it is an error. */
class Sparse implements Source {
  readonly synchronous = true;
  readonly entry: StoreEntry;
  readonly #from: number;
  readonly #to: number;
  /** Blocks of holes as well. */
  mayRead = false;

  constructor(size: number, from: number, to: number) {
    this.#from = from;
    this.#to = to;
    const modified = { seconds: 0, nanoseconds: 0 };
    this.entry = { name: "f", kind: "FILE", mode: 0o644, modified, version: "v", size };
  }

  holeAt(position: number): number {
    if (position < this.#from) return this.#from - position;
    return position < this.#to ? 0 : this.entry.size - position;
  }

  read(into: Uint8Array, position: number): number {
    const behind = Math.min(position + into.length, this.entry.size);
    const isHole = position % BLOCK === 0 && this.holeAt(position) >= BLOCK;
    if (isHole && !this.mayRead) throw new Error("a hole was read");
    into.fill(0);
    for (let at = Math.max(position, this.#from); at < Math.min(behind, this.#to); at += 1) {
      into[at - position] = 1;
    }
    return behind - position;
  }

  currentVersion(): string {
    return "v";
  }

  [Symbol.dispose](): void {}
}

/** All that is sent of a source: holes as their length, bytes as a text. */
function sentOf(options: Partial<OutgoingSourceOptions> & { source: Sparse }): unknown[] {
  const { size } = options.source.entry;
  const offset = options.offset ?? 0;
  const out = new OutgoingSource({
    offset,
    length: size - offset,
    sha256: false,
    path: "f",
    ...options,
  });
  const sent: unknown[] = [];
  for (let position = offset; !out.done;) {
    const hole = position % BLOCK === 0 ? out.takeHole() : undefined;
    if (hole !== undefined) {
      expect(hole.crc32).toBe(crc32OfZeros(hole.length));
      sent.push(hole.length);
      position += hole.length;
      continue;
    }
    const length = Math.min(out.available, BLOCK - (position % BLOCK));
    const bytes = new Uint8Array(length);
    out.take(bytes, 0, length);
    expect(out.endBlock()).toBe(crc32(bytes));
    sent.push(`${length}`);
    position += length;
  }
  sent.push(out.finish()?.crc32);
  return sent;
}

describe("of a file with holes", () => {
  const SIZE = 9 * BLOCK + 100;
  const source = (): Sparse => new Sparse(SIZE, 3 * BLOCK + 5, 4 * BLOCK + 5);
  const whole = Buffer.alloc(SIZE);
  whole.fill(1, 3 * BLOCK + 5, 4 * BLOCK + 5);

  test("whole blocks are taken as holes, and their zeros are summed", () => {
    const parts = [3 * BLOCK, `${BLOCK}`, `${BLOCK}`, 4 * BLOCK + 100];
    expect(sentOf({ source: source() })).toEqual([...parts, crc32(whole)]);
  });

  test("a range begins with bytes, and ends with a part of a block", () => {
    const [offset, length] = [BLOCK - 7, 6 * BLOCK];
    const sum = crc32(whole.subarray(offset, offset + length));
    expect(sentOf({ source: source(), offset, length })).toEqual([
      "7",
      2 * BLOCK,
      `${BLOCK}`,
      `${BLOCK}`,
      2 * BLOCK - 7,
      sum,
    ]);
  });

  test("a prefix counts, and what is taken is told", () => {
    const told: number[] = [];
    const offset = 2 * BLOCK;
    const prefix = { length: offset, crc32: crc32OfZeros(offset) };
    const sent = sentOf({
      source: source(),
      offset,
      prefix,
      onHole: (bytes) => void told.push(bytes),
    });
    expect(sent.at(-1)).toBe(crc32(whole));
    expect(told).toEqual([BLOCK, 4 * BLOCK + 100]);
  });

  test("every byte is taken for a SHA-256", () => {
    const read = source();
    read.mayRead = true;
    const sent = sentOf({ source: read, sha256: true });
    expect(sent.filter((part) => typeof part === "number")).toEqual([crc32(whole)]);
  });

  test("nobody who sums it reads them", async () => {
    let sum = 0;
    let zeros = 0;
    const read = await readInTurns(
      source(),
      { offset: 0 },
      (bytes) => void (sum += bytes.length),
      () => false,
      (length) => void (zeros += length),
    );
    expect([read, sum + zeros]).toEqual([SIZE, SIZE]);
    expect(sum).toBeLessThanOrEqual(3 * BLOCK);
  });
});
