import { FRAME_DATA, FRAME_STREAM } from "./frame.ts";
import { readVarint, varintLength } from "./varint.ts";

/** Frame fields from this number on are of later versions, and skipped. */
const UNKNOWN = 16 << 3;

/**
 * Whether a whole frame carries Data and no other body, by its top-level tags alone: some bodies
 * decode to far more memory than they have bytes (a list of empty entries), so that a peer may send
 * them only up to a smaller limit. Tags in a form that no encoder writes count as another body.
 */
export function carriesOnlyData(frame: Uint8Array): boolean {
  const end = frame.length;
  let at = 0;
  while (at < end) {
    const tag = readVarint(frame, at, end);
    if (tag !== FRAME_STREAM && tag !== FRAME_DATA && tag < UNKNOWN) return false;
    at += varintLength(tag);
    const type = tag & 7;
    if (type === 1 || type === 5) {
      at += type === 1 ? 8 : 4;
      continue;
    }
    const value = type === 0 || type === 2 ? readVarint(frame, at, end) : -1;
    if (value < 0) return false;
    at += varintLength(value) + (type === 2 ? value : 0);
  }
  return true;
}
