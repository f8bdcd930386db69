/** Bytes that wait hold what they are counted as, however they came. */
import { describe, expect, test } from "bun:test";
import { type Piece, Pieces } from "../../src/transfer/pieces.ts";
import { chopAtRandom, join, seededRandom } from "../support/chop.ts";
import { refusal } from "../wire/refusal.ts";

const WINDOW = 1 << 20;
const random = seededRandom(77);

function all(pieces: Pieces): Piece[] {
  const found: Piece[] = [];
  for (let next = pieces.shift(); next !== undefined; next = pieces.shift()) found.push(next);
  return found;
}

/** Bytes of the buffers behind them, and some for each object. */
function held(pieces: readonly { bytes: Uint8Array }[]): number {
  const buffers = new Set(pieces.map(({ bytes }) => bytes.buffer));
  let sum = 200 * pieces.length;
  for (const buffer of buffers) sum += buffer.byteLength;
  return sum;
}

describe("what waits", () => {
  const patterns: Readonly<Record<string, readonly number[]>> = {
    "single bytes": [1],
    "1 and 4,096 in turn": [1, 4096],
    "1 and 16,384 in turn": [1, 16_384],
    "1 and 16,383 in turn": [1, 16_383],
    "pieces of 100": [100],
    "pieces of 100,000": [100_000],
  };
  for (const [name, sizes] of Object.entries(patterns)) {
    for (const chunk of [1, 4, 64]) {
      test(`as ${name}, each 1/${chunk} of a chunk, holds no more than a few times its bytes`, () => {
        const pieces = new Pieces();
        let bytes = 0;
        for (let i = 0; bytes < WINDOW; i += 1) {
          const size = sizes[i % sizes.length]!;
          pieces.push(new Uint8Array(size * chunk).subarray(0, size));
          bytes += size;
        }
        const waiting = all(pieces);
        expect(waiting.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBe(bytes);
        expect(held(waiting)).toBeLessThan((chunk === 4 ? 5 : 2.2) * bytes);
      });
    }
  }

  test("comes out as it came in, whenever it is taken", () => {
    for (const most of [1, 10, 300, 5000, 40_000]) {
      const bytes = random.bytes(100_000);
      const pieces = new Pieces();
      const taken: Uint8Array[] = [];
      for (const piece of chopAtRandom(bytes, random, most)) {
        pieces.push(piece);
        if (random.below(5) === 0) taken.push(pieces.shift()!.bytes);
      }
      taken.push(...all(pieces).map((piece) => piece.bytes));
      expect(Buffer.compare(join(taken), bytes)).toBe(0);
    }
  });

  test("a little takes little", () => {
    const pieces = new Pieces();
    pieces.push(Uint8Array.of(1));
    expect(pieces.shift()!.bytes.buffer.byteLength).toBeLessThan(1000);
    expect(pieces.shift()).toBeUndefined();
  });
});

describe("a CRC", () => {
  test("stays at the end of its bytes", () => {
    const pieces = new Pieces((1 << 20) - 4);
    pieces.push(Uint8Array.of(1, 2));
    pieces.push(Uint8Array.of(3, 4), 5);
    pieces.push(Uint8Array.of(6));
    expect(all(pieces)).toEqual([
      { bytes: Uint8Array.of(1, 2, 3, 4), crc32: 5, zeros: 0 },
      { bytes: Uint8Array.of(6), crc32: undefined, zeros: 0 },
    ]);
  });

  test("that is not at the end of a block is the last: nothing adds up behind it", () => {
    const pieces = new Pieces();
    pieces.push(Uint8Array.of(1), 2);
    refusal("PROTOCOL_ERROR", () => pieces.push(Uint8Array.of(3), 4));
    expect(all(pieces)).toHaveLength(1);
  });
});

test("a byte beyond the declared end is one too many, behind a CRC or not", () => {
  for (const crc of [undefined, 1]) {
    const pieces = new Pieces(100, 104);
    pieces.push(new Uint8Array(4), crc);
    const { message } = refusal("SIZE_MISMATCH", () => pieces.push(new Uint8Array(1)));
    expect(message).toBe("more than the 4 declared bytes arrived");
  }
});
