import { crc32 } from "../hash.ts";
import { DATA_PAYLOAD } from "../limits.ts";
import type { Source } from "../store/store.ts";
import { atOnce } from "./source-calls.ts";

/** Shared by all calls: its bytes are used at once. */
const PIECE = new Uint8Array(DATA_PAYLOAD);

/**
 * CRC-32 of a range of a source that answers at once.
 * @returns undefined where it has fewer bytes
 * @throws errors of `read`
 */
export function sumRange(source: Source, position: number, length: number): number | undefined {
  let crc = 0;
  for (let done = 0; done < length; done += PIECE.length) {
    const bytes = PIECE.subarray(0, Math.min(PIECE.length, length - done));
    if (atOnce(source.read(bytes, position + done)) !== bytes.length) return undefined;
    crc = crc32(bytes, crc);
  }
  return crc;
}
