/**
 * The POSIX calls that node:fs lacks or has only roughly: flock(2), futimens(3) and utimensat(2). The
 * same on Linux and macOS.
 */

import { FFIType, ptr, read } from "bun:ffi";
import { futimesSync, utimesSync } from "node:fs";
import { openLibc } from "../../libc.ts";
import type { Time } from "../store.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
/** EWOULDBLOCK, also called EAGAIN. */
const WOULD_BLOCK = process.platform === "darwin" ? 35 : 11;
/** Where the C library tells why a call failed. */
const ERRNO_AT = process.platform === "darwin" ? "__error" : "__errno_location";

/** The folder that the process is in: a path that begins with "/" does not depend on it. */
const AT_FDCWD = process.platform === "darwin" ? -2 : -100;

/** Leaves the access time as it is. */
const UTIME_OMIT = process.platform === "darwin" ? -2n : 0x3fff_fffen;

const TWO_TO_32 = 2 ** 32;

const { i32, i64_fast, ptr: pointer } = FFIType;
const symbols = openLibc({
  flock: { args: [i32, i32], returns: i32 },
  [ERRNO_AT]: { args: [], returns: pointer },
  futimens: { args: [i32, i64_fast], returns: i32 },
  utimensat: { args: [i32, pointer, i64_fast, i32], returns: i32 },
});

/** Two struct timespec: access time, modified time. */
const times = new ArrayBuffer(32);
new BigInt64Array(times)[1] = UTIME_OMIT;
/** The second one, by halves: a bigint for each number would be one more thing to collect. */
const modifiedWords = new Int32Array(times, 16);
const timesAt = ptr(new Uint8Array(times));

/**
 * Takes the lock of an open file unless somebody holds it.
 * @returns "none" where the file system, or the system, has no such locks: only EWOULDBLOCK says that
 *   somebody holds it
 */
export function lockExclusively(fd: number): "ours" | "held" | "none" {
  if (symbols === undefined) return "none";
  if (symbols.flock(fd, LOCK_EX | LOCK_NB) === 0) return "ours";
  // Nothing of ours runs between the two calls on this thread, so errno is still that of the first.
  const location = symbols[ERRNO_AT]?.() ?? null;
  return location !== null && read.i32(location, 0) === WOULD_BLOCK ? "held" : "none";
}

/** Sets the modified time to the nanosecond. @throws the error of node:fs */
export function setModified(fd: number, modified: Time): void {
  prepare(modified);
  if (symbols !== undefined && symbols.futimens(fd, timesAt) === 0) return;
  // Rounds to about a quarter of a microsecond; throws what was wrong, if it was not the call.
  const seconds = roughly(modified);
  futimesSync(fd, seconds, seconds);
}

/** As `setModified`, of what a path leads to. @throws the error of node:fs */
export function setModifiedAt(path: string, modified: Time): void {
  prepare(modified);
  const text = Buffer.from(`${path}\0`);
  if (symbols !== undefined && symbols.utimensat(AT_FDCWD, text, timesAt, 0) === 0) return;
  const seconds = roughly(modified);
  utimesSync(path, seconds, seconds);
}

function prepare({ seconds, nanoseconds }: Time): void {
  modifiedWords[0] = seconds;
  modifiedWords[1] = Math.floor(seconds / TWO_TO_32);
  modifiedWords[2] = nanoseconds;
}

const roughly = ({ seconds, nanoseconds }: Time): number => seconds + nanoseconds / 1e9;
