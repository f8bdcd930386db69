/**
 * Standard input. Where it is a file, whoever gave it to us may have read some of it, and may read on
 * behind us: it is read from where it stands, and stands behind what was taken. `Bun.stdin` reads a
 * file from its start, and leaves it where it was.
 */
import { dlopen, FFIType } from "bun:ffi";
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
  return isWaitedFor() ? Bun.stdin.stream() : chunksOfFile();
}

/**
 * Gives back the last bytes that were read, for whoever reads on behind us, where they can be given
 * back: in a file.
 */
export function giveBack(bytes: number): void {
  if (bytes === 0 || isWaitedFor()) return;
  const load = (name: string) =>
    dlopen(name, {
      lseek: { args: [FFIType.i32, FFIType.i64, FFIType.i32], returns: FFIType.i64 },
    }).symbols;
  openLibc(load)?.lseek(STDIN, -bytes, SEEK_CUR);
}

/** A pipe, a socket, a terminal: bytes come when they come, and no thread may wait for them. */
function isWaitedFor(): boolean {
  try {
    const stats = fstatSync(STDIN);
    return stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
  } catch {
    return true; // Bun tells what is wrong with it
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
