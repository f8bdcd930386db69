/**
 * The unsent tail of a send buffer, kept without the buffer: file bytes are noted by position and
 * read again, the few bytes between them (heads, answers) are copied.
 */
import type { Saved } from "../net/outbox.ts";
import type { Outgoing, Region } from "../session/outgoing.ts";

type Part =
  | { readonly bytes: Uint8Array }
  | { readonly outgoing: Outgoing; readonly position: number; readonly length: number };

/** Above this there are too many other bytes for it to be worth it. */
const MOST_COPIED = 32 * 1024;

/** @returns undefined when bytes that can't be had again are too many to copy */
export function saveTail(
  buffer: Uint8Array,
  start: number,
  end: number,
  regions: readonly Region[],
): Saved | undefined {
  const parts: Part[] = [];
  let copied = 0;
  let at = start;
  const copyTo = (stop: number): void => {
    if (stop <= at) return;
    parts.push({ bytes: buffer.slice(at, stop) });
    copied += stop - at;
    at = stop;
  };
  for (const region of regions) {
    const behind = region.start + region.length;
    if (behind <= at || region.outgoing.released) continue; // a closed file: its bytes are copied
    copyTo(region.start);
    const skipped = at - region.start;
    parts.push({
      outgoing: region.outgoing,
      position: region.position + skipped,
      length: behind - at,
    });
    at = behind;
  }
  copyTo(end);
  return copied > MOST_COPIED ? undefined : { restore: (into) => restore(parts, into) };
}

function restore(parts: readonly Part[], into: Uint8Array): number {
  let at = 0;
  for (const part of parts) {
    if ("bytes" in part) {
      into.set(part.bytes, at);
      at += part.bytes.length;
    } else {
      part.outgoing.again?.(into, at, part.length, part.position);
      at += part.length;
    }
  }
  return at;
}
