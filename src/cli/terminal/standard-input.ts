/**
 * Standard input. A file may be shared with the program that started this one, which has read some of it or
 * will read on: it is read from its current position, and the position moves. `Bun.stdin` reads a file from its
 * start, and leaves the position as it was.
 */
import { FFIType } from "bun:ffi";
import { fstatSync } from "node:fs";
import { KiB } from "../../limits.ts";
import { openLibc } from "../../libc.ts";
import { readSomeLater } from "../../store/system/thread-pool.ts";

const STDIN = 0;
const SEEK_CUR = 1;

/** Bytes that are read of a file at a time. */
const CHUNK = 256 * KiB;

/** The bytes of standard input, each chunk in memory of its own. @throws the system's error */
export function standardInput(): AsyncIterable<Uint8Array> {
  return isStream() ? Bun.stdin.stream() : chunksOfFile();
}

/** Moves the position of a file back by the last bytes that were read, for the next program that reads it. */
export function giveBack(bytes: number): void {
  if (bytes === 0 || isStream()) return;
  const { i32, i64 } = FFIType;
  openLibc({ lseek: { args: [i32, i64, i32], returns: i64 } })?.lseek(STDIN, -bytes, SEEK_CUR);
}

/** A pipe, a socket or a terminal: its bytes may come late, and no thread may wait for them. */
function isStream(): boolean {
  try {
    const stats = fstatSync(STDIN);
    return stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
  } catch {
    return true; // Bun reports the error
  }
}

async function* chunksOfFile(): AsyncGenerator<Uint8Array> {
  while (true) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK);
    const count = await readSomeLater(STDIN, chunk);
    if (count === 0) return;
    yield chunk.subarray(0, count);
  }
}
