import { describe, expect, test } from "bun:test";
import { crc32 as zlib } from "node:zlib";
import { crc32 } from "../src/hash.ts";
import { crc32Join, crc32OfZeros } from "../src/crc32.ts";
import { seededRandom } from "./support/chop.ts";

/** CRC-32 as its definition has it, a bit at a time: slow and obvious. */
function slowCrc32(bytes: Iterable<number>, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function* zeros(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield 0;
}

/**
 * The CRC of two pieces, from its being linear: what the zeros of the second piece's length make of
 * the first CRC alone, and the second CRC.
 */
function slowJoin(first: number, second: number, length: number): number {
  const shifted = slowCrc32(zeros(length), first) ^ slowCrc32(zeros(length), 0);
  return (shifted ^ second) >>> 0;
}

const random = seededRandom(402);
const LENGTHS = [0, 1, 2, 3, 4, 7, 8, 9, 63, 64, 65, 255, 256, 1000, 4095, 4096, 4097];

describe("crc32", () => {
  test("is what everybody computes, in one piece and in two", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    for (const length of LENGTHS) {
      const bytes = random.bytes(length);
      expect(crc32(bytes)).toBe(slowCrc32(bytes));
      const cut = random.below(length + 1);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(zlib(bytes));
    }
  });
});

describe("crc32Join", () => {
  test("of any two pieces is the CRC of both in a row", () => {
    for (const first of LENGTHS) {
      for (const second of LENGTHS) {
        const bytes = random.bytes(first + second);
        const [a, b] = [bytes.subarray(0, first), bytes.subarray(first)];
        expect(crc32Join(zlib(a), zlib(b), second)).toBe(zlib(bytes));
      }
    }
  });

  test("agrees with the slow one", () => {
    for (const length of LENGTHS) {
      const [first, second] = [random.below(2 ** 32), random.below(2 ** 32)];
      expect(crc32Join(first, second, length)).toBe(slowJoin(first, second, length));
    }
  });

  test("of many pieces of the lengths of blocks", () => {
    const block = 1 << 20;
    const bytes = random.bytes(4096);
    const whole = Buffer.alloc(3 * block + 777, bytes);
    let crc = 0;
    for (let at = 0; at < whole.length; at += block) {
      const piece = whole.subarray(at, at + block);
      crc = crc32Join(crc, zlib(piece), piece.length);
    }
    expect(crc).toBe(zlib(whole));
  });

  test("knows lengths beyond 2^32: joining in another order is the same", () => {
    const [a, b, c] = [random.below(2 ** 32), random.below(2 ** 32), random.below(2 ** 32)];
    for (const length of [
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + 1,
      2 ** 40 + 12345,
      2 ** 51 + 1,
    ]) {
      const left = crc32Join(crc32Join(a, b, length), c, length + 5);
      const right = crc32Join(a, crc32Join(b, c, length + 5), 2 * length + 5);
      expect(left).toBe(right);
    }
  });

  test("of 4 GiB and a little more is what doubling says", () => {
    // The CRC of 2^k zero bytes from that of 2^(k-1): a long file that nobody has to make.
    let crc = zlib(Buffer.alloc(1 << 20));
    for (let length = 1 << 20; length < 2 ** 32; length *= 2) crc = crc32Join(crc, crc, length);
    expect(crc32Join(crc, zlib(Buffer.alloc(5)), 5)).toBe(
      crc32Join(zlib(Buffer.alloc(5)), crc, 2 ** 32),
    );
    // Known: the CRC-32 of 4 GiB of zeros.
    expect(crc).toBe(slowCrcOfZeros(2 ** 32));
  });
});

/** By the state machine of the CRC on zero bytes, squared: no polynomial arithmetic. */
function slowCrcOfZeros(length: number): number {
  // Column k: what one zero byte makes of the state 1 << k.
  let step = Array.from({ length: 32 }, (_, k) => zeroByte(2 ** k));
  let state = 0xffffffff;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) state = apply(step, state);
    step = step.map((column) => apply(step, column));
  }
  return ~state >>> 0;
}

function zeroByte(state: number): number {
  let next = state;
  for (let bit = 0; bit < 8; bit++) next = (next >>> 1) ^ (next & 1 ? 0xedb88320 : 0);
  return next >>> 0;
}

function apply(matrix: readonly number[], vector: number): number {
  let sum = 0;
  for (let k = 0; k < 32; k++) if ((vector >>> k) & 1) sum ^= matrix[k]!;
  return sum >>> 0;
}

describe("the CRC of zeros", () => {
  test("is that of so many bytes", () => {
    for (const length of [0, 1, 2, 7, 100, 65_537, 1 << 20, (1 << 20) + 1]) {
      expect(crc32OfZeros(length)).toBe(zlib(new Uint8Array(length)));
    }
  });

  test("of more than can be summed is that of its parts", () => {
    for (let exponent = 21; exponent < 53; exponent += 1) {
      const half = 2 ** (exponent - 1);
      const [one, other] = [half - random.below(1000), half + random.below(1000)];
      const joined = crc32Join(crc32OfZeros(one), crc32OfZeros(other), other);
      expect(crc32OfZeros(one + other)).toBe(joined);
    }
  });
});
