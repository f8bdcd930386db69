/**
 * Varints over a Uint8Array, without allocation: numbers up to 2^53 - 1, seven bits a byte, the
 * least significant first. Nothing here checks that a value is such a number; callers do.
 */

/** More bytes are needed. */
export const INCOMPLETE = -1;

/** A legal varint perhaps, but longer than it must be, or above 2^53 - 1. */
export const NOT_CANONICAL = -2;

/** Bytes of the longest varint written here: 2^53 - 1. */
export const MAX_VARINT = 8;

/** How many bytes `value` takes, 1 to 8. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let length = 5;
  for (let bound = 0x8_0000_0000; value >= bound; bound *= 128) length++;
  return length;
}

/**
 * Writes `value` at `at`. The room must be there: bytes beyond the array are lost without a word.
 * @returns the position behind it
 */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) into[position++] = (rest & 127) | 128;
  for (; rest > 127; rest >>>= 7) into[position++] = (rest & 127) | 128;
  into[position++] = rest;
  return position;
}

/**
 * Reads the varint that begins at `at`, out of the bytes before `end`. It is the shortest form of
 * its value, so that its length is `varintLength(value)`.
 * @returns the value, or {@link INCOMPLETE}, or {@link NOT_CANONICAL}
 */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let position = at; position < end; position++) {
    const byte = bytes[position]!;
    value += (byte & 127) * scale;
    if (byte < 128) {
      const padded = byte === 0 && position > at;
      return padded || value > Number.MAX_SAFE_INTEGER ? NOT_CANONICAL : value;
    }
    if (position - at === MAX_VARINT - 1) return NOT_CANONICAL;
    scale *= 128;
  }
  return INCOMPLETE;
}
