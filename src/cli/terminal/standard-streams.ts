/**
 * stdout and stderr of a command, by their descriptors. Node's streams for them, `process.stdout` and
 * `process.stderr`, cost 10 ms of a command's start, half of what a `get` of a small file takes.
 */
import { FFIType } from "bun:ffi";
import { type Stats, fstatSync, writeSync } from "node:fs";
import { openLibc } from "../../libc.ts";
import { isSystemError } from "../../store/system/system-error.ts";
import { writeSomeLater } from "../../store/system/thread-pool.ts";

export const STDOUT = 1;
export const STDERR = 2;

type Stream = typeof STDOUT | typeof STDERR;

/** Milliseconds before a write that found no room is repeated, and how often `say` does so. */
const NO_ROOM_PAUSE = 10;
const SAY_TRIES = 100;

export function isTerminal(stream: Stream): boolean {
  if (facts(stream)?.isCharacterDevice() !== true) return false;
  const { i32 } = FFIType;
  return openLibc({ isatty: { args: [i32], returns: i32 } })?.isatty(stream) === 1;
}

/** Whether a write may have to wait for a reader. */
export function isPipe(stream: Stream): boolean {
  const stats = facts(stream);
  return stats?.isFIFO() === true || stats?.isSocket() === true;
}

/** Writes a short text at once, and waits for room up to a second; then the rest is lost. */
export function say(stream: Stream, text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  for (let tries = 0; tries < SAY_TRIES && at < bytes.length; tries++) {
    try {
      at += writeSync(stream, bytes, at);
    } catch (error) {
      if (!isSystemError(error, "EAGAIN")) return;
      Bun.sleepSync(NO_ROOM_PAUSE);
    }
  }
}

/**
 * Writes all of it: to a file at once, else on the thread pool, where a slow reader holds up nothing else.
 * @throws the system's error: EPIPE when nothing reads it any more
 */
export async function writeAll(stream: Stream, bytes: Uint8Array): Promise<void> {
  const isFile = facts(stream)?.isFile() === true;
  for (let at = 0; at < bytes.length;) {
    try {
      at += isFile ? writeSync(stream, bytes, at) : await writeSomeLater(stream, bytes, at, null);
    } catch (error) {
      // Another process that shares the pipe or terminal has made it non-blocking.
      if (!isSystemError(error, "EAGAIN")) throw error;
      await Bun.sleep(NO_ROOM_PAUSE);
    }
  }
}

/** undefined where this process was started with the stream closed. */
function facts(stream: Stream): Stats | undefined {
  try {
    return fstatSync(stream);
  } catch {
    return undefined;
  }
}
