/**
 * Bytes of a file that came and wait to be taken, in order. They hold as much memory as the window
 * counts, or a few times that, however small the pieces: short ones are copied together, and a piece
 * that would keep a much longer chunk alive is copied out of it.
 */
import { crc32OfZeros } from "../crc32.ts";
import { LeatError } from "../errors.ts";
import { BLOCK_SIZE } from "../limits.ts";

export interface Piece {
  readonly bytes: Uint8Array;
  /** The CRC of the block that ends here, when it came. */
  readonly crc32: number | undefined;
  /** How many zeros it stands for: then it has no bytes. 0 for any other piece. */
  readonly zeros: number;
}

/** What pieces are handed on to. */
export interface PieceTaker {
  data(bytes: Uint8Array, blockCrc: number | undefined): void;
  /** Zeros in place of bytes. */
  hole(length: number, crc32: number): void;
}

interface Waiting {
  bytes: Uint8Array;
  crc32: number | undefined;
  zeros: number;
}

/** Bytes of a buffer for short pieces: the first one, and the ones behind it. */
const FIRST = 256;
const JOINED = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** A piece with less than this share of its chunk does not keep it alive. */
const SHARE = 1 / 4;

export class Pieces {
  readonly #waiting: Waiting[] = [];
  /** Short pieces are copied here, to #used and behind. */
  #buffer = new Uint8Array(0);
  #used = 0;
  /** The last one ends at #used: more can follow in it. */
  #isOpen = false;
  /** Of the next byte in the file. */
  #position: number;
  #isOver = false;
  readonly #declared: number;
  readonly #end: number;

  /** @param position of the first byte in the file @param end behind the last one, where it was declared */
  constructor(position = 0, end = Number.POSITIVE_INFINITY) {
    this.#position = position;
    this.#end = end;
    this.#declared = end - position;
  }

  /**
   * @throws SIZE_MISMATCH beyond the declared size; PROTOCOL_ERROR behind a CRC that was not at the end
   *   of a block: it ends the range
   */
  push(bytes: Uint8Array, crc32?: number): void {
    this.#advance(bytes.length, crc32 !== undefined);
    const isMost = bytes.length >= SHARE * bytes.buffer.byteLength;
    if (bytes.length >= JOINED && isMost) {
      this.#waiting.push({ bytes, crc32, zeros: 0 });
      this.#isOpen = false;
      return;
    }
    this.#join(bytes);
    if (crc32 === undefined) return;
    this.#waiting.at(-1)!.crc32 = crc32;
    this.#isOpen = false;
  }

  /**
   * Zeros in place of bytes. Those in a row are one piece: they take no credit, so that there may be any number.
   * @throws as `push`
   */
  pushHole(length: number): void {
    this.#advance(length, true);
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.zeros > 0) last.zeros += length;
    else this.#waiting.push({ bytes: NOTHING, crc32: undefined, zeros: length });
    this.#isOpen = false;
  }

  /** Hands on all pieces, and forgets them. */
  handTo(taker: PieceTaker): void {
    for (let next = this.shift(); next !== undefined; next = this.shift()) {
      if (next.zeros > 0) taker.hole(next.zeros, crc32OfZeros(next.zeros));
      else taker.data(next.bytes, next.crc32);
    }
  }

  /** @param ends a block, or the range @throws as `push` */
  #advance(length: number, ends: boolean): void {
    if (this.#position + length > this.#end) throw tooMany(this.#declared);
    if (this.#isOver) throw behindTheEnd();
    this.#position += length;
    this.#isOver = ends && this.#position % BLOCK_SIZE !== 0;
  }

  /** Takes the oldest. */
  shift(): Piece | undefined {
    const piece = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#isOpen = false;
    return piece;
  }

  #join(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === this.#buffer.length) this.#next(bytes.length - at);
      const count = Math.min(this.#buffer.length - this.#used, bytes.length - at);
      this.#buffer.set(bytes.subarray(at, at + count), this.#used);
      this.#extend(count);
      at += count;
    }
  }

  #next(needed: number): void {
    const size = Math.max(FIRST, 2 * this.#buffer.length, needed);
    this.#buffer = new Uint8Array(Math.min(JOINED, size));
    this.#used = 0;
    this.#isOpen = false;
  }

  #extend(count: number): void {
    const last = this.#isOpen ? this.#waiting.at(-1)! : undefined;
    const start = this.#used - (last?.bytes.length ?? 0);
    this.#used += count;
    const bytes = this.#buffer.subarray(start, this.#used);
    if (last === undefined) this.#waiting.push({ bytes, crc32: undefined, zeros: 0 });
    else last.bytes = bytes;
    this.#isOpen = true;
  }
}

export function tooMany(declared: number): LeatError {
  return new LeatError("SIZE_MISMATCH", `more than the ${declared} declared bytes arrived`);
}

export function behindTheEnd(): LeatError {
  return new LeatError("PROTOCOL_ERROR", "Data came behind the CRC that ended the range");
}
