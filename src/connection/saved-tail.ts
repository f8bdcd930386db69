/**
 * The unsent tail of a send buffer, kept without the buffer: file bytes are noted by position and
 * read again, the few bytes between them (heads, answers) are copied.
 */
import type { BufferedPayload } from "../session/outgoing.ts";

type Part =
  | { readonly bytes: Uint8Array }
  | (Pick<BufferedPayload, "outgoing" | "length" | "position"> & { readonly bytes?: undefined });

export interface SavedTail {
  /**
   * Writes the tail to the start of `into`.
   * @param payloads gets those that stand in it, so that the tail can be dropped once more
   * @returns how many bytes
   */
  restore(into: Uint8Array, payloads: BufferedPayload[]): number;
}

/** The most that is copied, in bytes: more is not worth it. */
const MOST_COPIED = 32 * 1024;

/** @returns undefined when too many bytes would have to be copied */
export function saveTail(
  buffer: Uint8Array,
  start: number,
  end: number,
  payloads: readonly BufferedPayload[],
): SavedTail | undefined {
  // Bytes of a file that is closed are copied.
  const files = payloads.filter(
    (payload) => payload.start + payload.length > start && !payload.outgoing.released,
  );
  const copied = files.reduce(
    (rest, { start: first, length }) => rest - (first + length - Math.max(start, first)),
    end - start,
  );
  if (copied > MOST_COPIED) return undefined;
  const parts: Part[] = [];
  let at = start;
  for (const { outgoing, start: first, length, position } of files) {
    if (first > at) parts.push({ bytes: buffer.slice(at, first) });
    const skipped = Math.max(0, at - first);
    parts.push({ outgoing, position: position + skipped, length: length - skipped });
    at = first + length;
  }
  if (end > at) parts.push({ bytes: buffer.slice(at, end) });
  return { restore: (into, places) => restore(parts, into, places) };
}

function restore(parts: readonly Part[], into: Uint8Array, payloads: BufferedPayload[]): number {
  let at = 0;
  for (const part of parts) {
    if (part.bytes !== undefined) {
      into.set(part.bytes, at);
      at += part.bytes.length;
    } else {
      part.outgoing.retake?.(into, at, part.length, part.position);
      payloads.push({ ...part, start: at });
      at += part.length;
    }
  }
  return at;
}
