/**
 * The entries of an encoded list page, without an object of each: checked, and in columns. Few functions with few calls,
 * because most lists are over before all of them are compiled. A page that has more than the usual form is left to
 * `decodeMessage`.
 */
import {
  ENTRIES,
  NAME,
  KIND,
  SIZE,
  MODIFIED,
  SECONDS,
  NANOSECONDS,
  MODE,
  LINK,
  FILE,
  OTHER,
} from "../../wire/entry-tags.ts";

const SLASH = 0x2f;
const FIRST_ROWS = 1024;
/** Bytes of the longest varint of 32 bits. */
const SHORT_VARINT = 5;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class PageRows {
  bytes: Uint8Array = new Uint8Array(0);
  /** Entries in it: as many of the items of each column are valid, until the next `read`. */
  count = 0;
  /** The most bytes that a file in it has. */
  largest = 0;
  /** The latest modified time, in seconds since 1970. */
  latest = 0;
  /** Names are bytes[start, end). */
  starts = new Uint32Array(FIRST_ROWS);
  ends = new Uint32Array(FIRST_ROWS);
  /** Numbers of their Kinds. */
  kinds = new Uint8Array(FIRST_ROWS);
  sizes = new Float64Array(FIRST_ROWS);
  /** Since 1970; -1: it has no modified time. Earlier ones are not in the usual form. */
  seconds = new Float64Array(FIRST_ROWS);

  /**
   * Reads encoded entries.
   * @param last name before them: each name is behind the one before it, in the order of bytes
   * @returns false where they have another form, are damaged, or are no names in order
   */
  read(bytes: Uint8Array, last: Uint8Array): boolean {
    const { length } = bytes;
    this.#begin(bytes);
    let before = last;
    let [beforeStart, beforeEnd] = [0, last.length];
    let at = 0;
    while (at < length) {
      // Nothing that is read behind the last byte, or is no varint, is at most anything.
      if (bytes[at] !== ENTRIES) return false;
      let entryLength = bytes[at + 1]!;
      let start = at + 2;
      if (entryLength >= 128) {
        entryLength = varint(bytes, at + 1);
        start = behind;
      }
      const end = start + entryLength;
      if (!(end <= length) || bytes[start] !== NAME) return false;
      let nameLength = bytes[start + 1]!;
      start += 2;
      if (nameLength >= 128) {
        nameLength = varint(bytes, start - 1);
        start = behind;
      }
      const nameEnd = start + nameLength;
      if (!(nameEnd <= end)) return false;
      if (!isNext(bytes, start, nameEnd, before, beforeStart, beforeEnd)) return false;
      if (!this.#facts(bytes, nameEnd, end)) return false;
      this.starts[this.count] = start;
      this.ends[this.count] = nameEnd;
      this.count += 1;
      before = bytes;
      beforeStart = start;
      beforeEnd = nameEnd;
      at = end;
    }
    return true;
  }

  /** Reads what an entry has behind its name, from `from` to `end`. */
  #facts(bytes: Uint8Array, from: number, end: number): boolean {
    const row = this.count;
    if (row === this.starts.length) this.#grow();
    let at = from;
    let kind = 0;
    if (bytes[at] === KIND) {
      kind = bytes[at + 1]!;
      if (!(kind <= OTHER)) return false;
      at += 2;
    }
    let size = 0;
    if (bytes[at] === SIZE) {
      size = varint(bytes, at + 1);
      at = behind;
    }
    let seconds = -1;
    if (bytes[at] === MODIFIED) {
      const timeEnd = at + 2 + bytes[at + 1]!;
      at += 2;
      seconds = 0;
      if (bytes[at] === SECONDS) {
        seconds = varint(bytes, at + 1);
        at = behind;
      }
      if (bytes[at] === NANOSECONDS) at = behindVarint(bytes, at + 1);
      if (at !== timeEnd) return false;
    }
    if (bytes[at] === MODE) at = behindVarint(bytes, at + 1);
    if (bytes[at] === LINK) at = behindVarint(bytes, at + 1);
    this.kinds[row] = kind;
    this.sizes[row] = size;
    this.seconds[row] = seconds;
    if (kind === FILE && size > this.largest) this.largest = size;
    if (seconds > this.latest) this.latest = seconds;
    return at === end && size >= 0 && seconds >= -1;
  }

  #begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.count = this.largest = this.latest = 0;
  }

  /** The bytes of a name. */
  name(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }

  #grow(): void {
    const grown = <Column extends Uint8Array | Uint32Array | Float64Array>(
      larger: Column,
      column: Column,
    ): Column => {
      larger.set(column);
      return larger;
    };
    const rows = 2 * this.starts.length;
    this.starts = grown(new Uint32Array(rows), this.starts);
    this.ends = grown(new Uint32Array(rows), this.ends);
    this.kinds = grown(new Uint8Array(rows), this.kinds);
    this.sizes = grown(new Float64Array(rows), this.sizes);
    this.seconds = grown(new Float64Array(rows), this.seconds);
  }
}

/** Where the varint ends that was read last. */
let behind = 0;

/** @returns NaN where the varint has no end, or is above 2^53 - 1 */
function varint(bytes: Uint8Array, from: number): number {
  let at = from;
  let byte = bytes[at++]!;
  let value = byte & 127;
  for (let scale = 128; byte >= 128; scale *= 128) {
    byte = bytes[at++]!;
    value += (byte & 127) * scale;
  }
  behind = at;
  return at <= bytes.length && value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/** @returns where the varint ends that begins at `from`; Infinity where it has more than 32 bits */
function behindVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= 128) at += 1;
  return at < from + SHORT_VARINT ? at + 1 : Infinity;
}

/** Whether bytes[start, end) is a name, and behind the other one in the order of bytes. */
function isNext(
  bytes: Uint8Array,
  start: number,
  end: number,
  before: Uint8Array,
  beforeStart: number,
  beforeEnd: number,
): boolean {
  let isBehind = false;
  let isPlain = true;
  for (let at = start, other = beforeStart; at < end; at += 1, other += 1) {
    const byte = bytes[at]!;
    if (byte === SLASH) return false;
    if (byte >= 128) isPlain = false;
    if (isBehind) continue;
    const difference = other === beforeEnd ? 1 : byte - before[other]!;
    if (difference < 0) return false;
    isBehind = difference > 0;
  }
  return isBehind && (isPlain || isUtf8(bytes, start, end));
}

function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  try {
    utf8.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}
