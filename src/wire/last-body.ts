/**
 * Which body of a frame counts, found by walking its top-level fields and nothing below them: of
 * several bodies the last one does, and those before it need not be decoded. Some decode to far more
 * memory than they have bytes (a list of empty entries).
 */
import { FRAME_STREAM } from "./frame.ts";

/** Numbers of bodies that this version knows: these, and HOLE. All others are of later versions, and skipped. */
const [FIRST, LAST] = [2, 15];
const HOLE = 23;

/** Groups in groups, as deep as protobufjs and most others accept. */
const DEEPEST = 100;

/** Bytes of a tag or a length, and of any other varint, overlong ones included. */
const LONGEST_TAG = 5;
const LONGEST = 10;

export interface LastBody {
  /** Field number; 0 where there is no body, or none that this version knows. */
  readonly number: number;
  /** Where it begins: a body may come in several parts, one behind the other. */
  readonly from: number;
  /** Whether other bodies stand before it. */
  readonly replaces: boolean;
  /** The last field with the number of the stream, before `from`. */
  readonly stream: readonly [from: number, to: number];
  /** Whether all that was walked can be a message. */
  readonly isValid: boolean;
}

/** @param frame without its length */
export function lastBody(frame: Uint8Array): LastBody {
  const walk = new Walk(frame);
  let number = 0;
  let from = 0;
  let replaces = false;
  let latest: readonly [number, number] = [0, 0];
  let stream = latest;
  while (walk.at < frame.length) {
    const start = walk.at;
    const tag = walk.varint(LONGEST_TAG);
    if (!walk.skip(tag)) break;
    if (tag === FRAME_STREAM) latest = [start, walk.at];
    const field = tag >>> 3;
    const isKnown = (field >= FIRST && field <= LAST) || field === HOLE;
    if ((tag & 7) !== 2 || !isKnown || field === number) continue;
    replaces = number !== 0;
    number = field;
    from = start;
    stream = latest;
  }
  return { number, from, replaces, stream, isValid: !walk.isBroken };
}

/** The frame without the bodies that do not count. */
export function withLastBody(frame: Uint8Array, last = lastBody(frame)): Uint8Array {
  if (!last.replaces) return frame;
  const [from, to] = last.stream;
  const made = new Uint8Array(to - from + frame.length - last.from);
  made.set(frame.subarray(from, to));
  made.set(frame.subarray(last.from), to - from);
  return made;
}

class Walk {
  at = 0;
  isBroken = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @returns the value, rounded beyond 2^53; -1 where there is none */
  varint(longest: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= longest; count += 1) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) break;
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.isBroken = true;
    return -1;
  }

  /** Skips the value behind a tag. @returns whether it was complete */
  skip(tag: number): boolean {
    // Groups that are open: their fields are skipped up to the ends of all of them.
    const groups: number[] = [];
    for (let next = tag; this.#value(next, groups); next = this.varint(LONGEST_TAG)) {
      if (groups.length === 0) return true;
    }
    this.isBroken = true;
    return false;
  }

  /** @returns whether the value can be one */
  #value(tag: number, groups: number[]): boolean {
    const field = Math.floor(tag / 8);
    if (tag < 8 || tag > 0xffff_ffff) return false;
    switch (tag & 7) {
      case 0:
        return this.varint(LONGEST) >= 0;
      case 1:
        return this.#forward(8);
      case 2:
        return this.#forward(this.varint(LONGEST_TAG));
      case 3:
        return groups.push(field) <= DEEPEST;
      case 4:
        return groups.pop() === field;
      case 5:
        return this.#forward(4);
      default:
        return false;
    }
  }

  #forward(bytes: number): boolean {
    if (bytes < 0 || this.at + bytes > this.#bytes.length) return false;
    this.at += bytes;
    return true;
  }
}
