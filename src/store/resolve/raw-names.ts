/** Raw names from disk as names on the wire. */

import { isSegment } from "../names.ts";

// A byte order mark is part of a name like any other character.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @returns undefined when the wire cannot carry the name at `bytes[start, end)`: it is not UTF-8, or has
 *   control characters
 */
export function wireName(bytes: Buffer, start: number, end: number): string | undefined {
  if (isPlain(bytes, start, end)) return bytes.toString("latin1", start, end);
  const name = decode(bytes.subarray(start, end));
  return name !== undefined && isSegment(name) ? name : undefined;
}

/** Whether `wireName` has one, which is quicker to tell. */
export function isWireName(bytes: Buffer, start: number, end: number): boolean {
  return isPlain(bytes, start, end) || wireName(bytes, start, end) !== undefined;
}

/** Whether it is ASCII without control characters, as nearly every name: the quick check. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return true;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
