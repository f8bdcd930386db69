/** The CRC-32 of what is in a partial file. */
import { crc32Join, crc32OfZeros } from "../../crc32.ts";
import { LeatError } from "../../errors.ts";
import { crc32 } from "../../hash.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import type { PartialFile } from "./partial.ts";

/**
 * CRC-32 of its first bytes. Holes are not read.
 * @param isOver whether the answer is no longer wanted
 * @throws IO_ERROR when there are fewer; CANCELLED when it is over
 */
export async function sumPartial(
  partial: PartialFile,
  length: number,
  isOver?: () => boolean,
): Promise<number> {
  const block = new Uint8Array(Math.min(BLOCK_SIZE, length));
  let sum = 0;
  for (let at = 0, step = 0; at < length; at += step) {
    if (isOver?.() === true) throw new LeatError("CANCELLED", "the upload was given up");
    const hole = Math.min(partial.holeAt(at), length - at);
    step = Math.max(BLOCK_SIZE, hole);
    if (hole === step) {
      sum = crc32Join(sum, crc32OfZeros(hole), hole);
      continue;
    }
    const bytes = block.subarray(0, Math.min(BLOCK_SIZE, length - at));
    if ((await partial.read(bytes, at)) < bytes.length) {
      throw new LeatError("IO_ERROR", `a partial file has less than ${length} bytes`);
    }
    sum = crc32(bytes, sum);
  }
  return sum;
}
