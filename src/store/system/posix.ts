/**
 * The POSIX calls that node:fs lacks, or has with less precision: flock(2), futimens(3) and utimensat(2). On
 * Linux and macOS.
 */

import { FFIType, ptr, read } from "bun:ffi";
import { futimesSync, utimesSync } from "node:fs";
import { openLibc } from "../../libc.ts";
import { ERRNO } from "../../system-error.ts";
import type { Time } from "../store.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
/** The function of the C library that gives the address of errno. */
const ERRNO_AT = process.platform === "darwin" ? "__error" : "__errno_location";

/** The folder that the process is in; paths here begin with "/" and ignore it. */
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
/** The second one, in halves: a bigint for each number would be garbage to collect. */
const modifiedWords = new Int32Array(times, 16);
const timesAt = ptr(new Uint8Array(times));

/**
 * Locks an open file unless it is locked.
 * @returns "none" where the system or the file system has no such locks: only EWOULDBLOCK means "held"
 */
export function lockExclusively(fd: number): "ours" | "held" | "none" {
  if (symbols === undefined) return "none";
  if (symbols.flock(fd, LOCK_EX | LOCK_NB) === 0) return "ours";
  // Nothing else runs on this thread between the two calls, so errno is still that of the first.
  const location = symbols[ERRNO_AT]?.() ?? null;
  return location !== null && read.i32(location, 0) === ERRNO.EAGAIN ? "held" : "none";
}

/** Locks an open file together with others; gives up a lock of its own for that. @returns whether it is locked so */
export function lockShared(fd: number): boolean {
  return symbols?.flock(fd, LOCK_SH | LOCK_NB) === 0;
}

export function unlock(fd: number): void {
  symbols?.flock(fd, LOCK_UN);
}

/** Sets the modified time to the nanosecond. @throws the error of node:fs */
export function setModified(fd: number, modified: Time): void {
  prepare(modified);
  if (symbols !== undefined && symbols.futimens(fd, timesAt) === 0) return;
  // Rounds to about a quarter of a microsecond; where the call above failed, this throws the error.
  const seconds = rounded(modified);
  futimesSync(fd, seconds, seconds);
}

/** Whether some file systems have no such time: it is before 1970, or does not fit into 32 bits. */
export function isUnusual({ seconds }: Time): boolean {
  return seconds < 0 || seconds >= 2 ** 31;
}

/** As `setModified`, by a path; links are followed. @throws the error of node:fs */
export function setModifiedAt(path: string, modified: Time): void {
  prepare(modified);
  const text = Buffer.from(`${path}\0`);
  if (symbols !== undefined && symbols.utimensat(AT_FDCWD, text, timesAt, 0) === 0) return;
  const seconds = rounded(modified);
  utimesSync(path, seconds, seconds);
}

function prepare({ seconds, nanoseconds }: Time): void {
  modifiedWords[0] = seconds;
  modifiedWords[1] = Math.floor(seconds / TWO_TO_32);
  modifiedWords[2] = nanoseconds;
}

const rounded = ({ seconds, nanoseconds }: Time): number => seconds + nanoseconds / 1e9;
