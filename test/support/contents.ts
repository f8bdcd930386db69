/** Contents for files. */

import { closeSync, openSync, writeSync } from "node:fs";

/** A file without holes, which takes its time at a low rate. @param size in bytes, a multiple of 1 MiB */
export function longFile(path: string, size: number): string {
  const block = contents(1 << 20, 1);
  const file = openSync(path, "w");
  for (let at = 0; at < size; at += block.length) writeSync(file, block);
  closeSync(file);
  return path;
}

/** Bytes in which no two blocks are the same, the same for the same seed. */
export function contents(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = (seed | 1) >>> 0;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}
