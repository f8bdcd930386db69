/**
 * The Linux system calls that node:fs lacks: openat2, statx on a descriptor, renameat2. Through
 * `syscall` of the C library, so that its age does not matter.
 *
 * All calls share the buffers for names and answers: a call is over before the next begins.
 */

import { FFIType, ptr, read } from "bun:ffi";
import { closeSync, existsSync } from "node:fs";
import { openLibc } from "../../libc.ts";
import { MAX_PATH } from "../../limits.ts";
import { ERRNO } from "../../system-error.ts";
import { type Facts, inRange, kindOfMode } from "./facts.ts";

export { ERRNO, systemError } from "../../system-error.ts";

/** Numbers of the calls; openat2 has the same on every architecture. */
const CALLS = {
  x64: { statx: 332, renameat2: 316, getdents64: 217, openat: 257, linkat: 265, lseek: 8 },
  arm64: { statx: 291, renameat2: 276, getdents64: 61, openat: 56, linkat: 37, lseek: 62 },
};
const OPENAT2 = 437;

export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
/** Creates a file without a name in a folder. Includes O_DIRECTORY, as the kernel requires. */
export const O_TMPFILE = 0o20200000;

export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;

export const RENAME_NOREPLACE = 1;
/** In place of a folder's descriptor, for paths that begin with "/". */
export const AT_FDCWD = -100;

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
/** STATX_BASIC_STATS and STATX_MNT_ID. */
const STATX_WANTED = 0x7ff | 0x1000;
const STATX_MNT_ID = 0x1000;
const STATX_SIZE = 256;

/** Directory entries of one call: some 800 names, about 0.3 ms. */
const ENTRIES_SIZE = 32 * 1024;

const isKnown = process.platform === "linux" && process.arch in CALLS;
const { i64_fast, ptr: pointer } = FFIType;
const symbols = isKnown
  ? openLibc({
      syscall: {
        args: [i64_fast, i64_fast, i64_fast, i64_fast, i64_fast, i64_fast],
        returns: i64_fast,
      },
      __errno_location: { args: [], returns: pointer },
    })
  : undefined;
const calls = process.arch === "arm64" ? CALLS.arm64 : CALLS.x64;

// The buffers are module constants, so that ffi pointers to them stay valid.
const name = new Uint8Array(MAX_PATH + 1);
const name2 = new Uint8Array(MAX_PATH + 1);
const how = new Uint8Array(24);
const answer = new Uint8Array(STATX_SIZE);
const howView = new DataView(how.buffer);
const view = new DataView(answer.buffer);
const at = { name: ptr(name), name2: ptr(name2), how: ptr(how), answer: ptr(answer) };
const entries = new Uint8Array(ENTRIES_SIZE);
const entriesAt = ptr(entries);
const encoder = new TextEncoder();

/** One call; a negative answer is the errno. */
function call(number: number, a: number, b: number, c: number, d: number, e: number): number {
  if (symbols === undefined) return -ERRNO.ENOSYS;
  const result = Number(symbols.syscall(number, a, b, c, d, e));
  if (result !== -1) return result;
  // Nothing else runs on this thread between the two calls, so errno is still that of the first.
  const location = symbols["__errno_location"]();
  return location === null ? -ERRNO.EIO : -read.i32(location, 0);
}

/** Puts a path where the kernel reads it. @returns whether it fits */
function put(path: string, into: Uint8Array<ArrayBuffer>): boolean {
  const { read: taken, written } = encoder.encodeInto(path, into);
  into[written] = 0;
  return taken === path.length && written <= MAX_PATH;
}

/** The same of a name that is bytes[start, end). */
function putBytes(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MAX_PATH) return false;
  let length = 0;
  for (let at = start; at < end; at += 1) name[length++] = bytes[at]!;
  name[length] = 0;
  return true;
}

/** openat2(2) for reading or O_PATH. @returns a descriptor, or a negative errno */
export function openat2(folder: number, path: string, flags: number, resolve: number): number {
  if (!put(path, name)) return -ERRNO.ENAMETOOLONG;
  howView.setUint32(0, flags | O_CLOEXEC, true); // the lower half of 64 bits
  howView.setUint32(16, resolve, true);
  return call(OPENAT2, folder, at.name, at.how, how.length, 0);
}

/** openat(2). @returns a descriptor, or a negative errno */
export function openAt(folder: number, path: string, flags: number, mode: number): number {
  if (!put(path, name)) return -ERRNO.ENAMETOOLONG;
  return call(calls.openat, folder, at.name, flags, mode, 0);
}

/** Since Linux 6.10, and before for root; the way by /proc takes 2.5 us more. */
let linksByDescriptor = true;

/**
 * linkat(2) of an open file that has no name yet (O_TMPFILE).
 * @returns 0, or a negative errno: EEXIST when the name is taken
 */
export function linkDescriptor(fd: number, folder: number, to: string): number {
  if (!put(to, name2)) return -ERRNO.ENAMETOOLONG;
  if (linksByDescriptor) {
    name[0] = 0;
    const result = call(calls.linkat, fd, at.name, folder, at.name2, AT_EMPTY_PATH);
    if (result === 0 || result === -ERRNO.EEXIST) return result;
  }
  if (!put(`/proc/self/fd/${fd}`, name)) return -ERRNO.ENAMETOOLONG;
  const result = call(calls.linkat, AT_FDCWD, at.name, folder, at.name2, AT_SYMLINK_FOLLOW);
  if (result === 0) linksByDescriptor = false;
  return result;
}

/** renameat2(2). @returns 0, or a negative errno */
export function renameat2(
  fromFolder: number,
  from: string,
  toFolder: number,
  to: string,
  flags: number,
): number {
  if (!put(from, name) || !put(to, name2)) return -ERRNO.ENAMETOOLONG;
  return call(calls.renameat2, fromFolder, at.name, toFolder, at.name2, flags);
}

/** statx(2) of a name in a folder, links not followed. @returns facts, or a negative errno */
export function statAt(folder: number, segment: string): Facts | number {
  if (!put(segment, name)) return -ERRNO.ENAMETOOLONG;
  return statx(folder, at.name, AT_SYMLINK_NOFOLLOW);
}

/** The same, its name as the bytes[start, end). */
export function statBytesAt(
  folder: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Facts | number {
  if (!putBytes(bytes, start, end)) return -ERRNO.ENAMETOOLONG;
  return statx(folder, at.name, AT_SYMLINK_NOFOLLOW);
}

/** The answer of `quickEntryAt`: an object for each name would take longer to make and to collect than to fill. */
const modified = { seconds: 0, nanoseconds: 0 };
const entry = { kind: "FILE" as "FILE" | "DIRECTORY", size: 0, modified, mode: 0, version: "" };

/**
 * The entry of a file or a folder in a folder.
 * @returns the same object each time, valid until the next call; undefined where `statBytesAt` has to tell
 */
export function quickEntryAt(
  folder: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Readonly<typeof entry> | undefined {
  if (!putBytes(bytes, start, end)) return undefined;
  const { statx } = calls;
  if (call(statx, folder, at.name, AT_SYMLINK_NOFOLLOW, STATX_WANTED, at.answer) < 0)
    return undefined;
  const mode = view.getUint16(28, true);
  const kind = kindOfMode(mode);
  if (kind !== "FILE" && kind !== "DIRECTORY") return undefined;
  entry.kind = kind;
  entry.size = kind === "FILE" ? inRange(wide(40)) : 0;
  entry.mode = mode & 0o777;
  modified.seconds = signed(112);
  modified.nanoseconds = view.getUint32(120, true);
  return entry;
}

/** statx(2) of an open descriptor, O_PATH ones too. @returns facts, or a negative errno */
export function statDescriptor(fd: number): Facts | number {
  name[0] = 0;
  return statx(fd, at.name, AT_EMPTY_PATH);
}

/** Whether this system has `readDirectoryEntries`. */
export const hasDirectoryEntries = symbols !== undefined;

/**
 * getdents64(2).
 * @returns the next entries as the kernel packs them, valid until the next call; empty at the end; or a
 *   negative errno
 */
export function readDirectoryEntries(fd: number): Uint8Array | number {
  const result = call(calls.getdents64, fd, entriesAt, entries.length, 0, 0);
  return result < 0 ? result : entries.subarray(0, result);
}

/** Whether this system has `holeAt`. */
export const tellsOfHoles = symbols !== undefined;

const SEEK_END = 2;
const SEEK_DATA = 3;

/**
 * How many bytes of an open file from `position` on are a hole: zeros that take no room on the disk. Moves its current
 * position.
 * @returns 0 where they are data, where the file ends, and where the system or the file system does not tell
 */
export function holeAt(fd: number, position: number): number {
  const data = call(calls.lseek, fd, position, SEEK_DATA, 0, 0);
  if (data >= 0) return data - position;
  // No data is behind it. The file may have become shorter.
  const end = data === -ERRNO.ENXIO ? call(calls.lseek, fd, 0, SEEK_END, 0, 0) : 0;
  return Math.max(0, end - position);
}

function statx(folder: number, path: number, flags: number): Facts | number {
  const result = call(calls.statx, folder, path, flags, STATX_WANTED, at.answer);
  return result < 0 ? result : readFacts();
}

/** Reads struct statx; the offsets are the kernel's, the same on every architecture. */
function readFacts(): Facts {
  const mode = view.getUint16(28, true);
  return {
    kind: kindOfMode(mode),
    mode: mode & 0o777,
    group: view.getUint32(24, true),
    links: view.getUint32(16, true),
    size: inRange(wide(40)),
    allocated: inRange(wide(48) * 512),
    inodeLow: view.getUint32(32, true),
    inodeHigh: view.getUint32(36, true),
    changedSeconds: signed(96),
    changedNanoseconds: view.getUint32(104, true),
    modifiedSeconds: signed(112),
    modifiedNanoseconds: view.getUint32(120, true),
    device: deviceNumber(view.getUint32(136, true), view.getUint32(140, true)),
    mount: (view.getUint32(0, true) & STATX_MNT_ID) === 0 ? 0 : wide(144),
  };
}

/** As makedev(3) packs it, so that a device has the same number here and in node:fs. */
function deviceNumber(major: number, minor: number): number {
  const low = (minor & 0xff) + (major & 0xfff) * 2 ** 8;
  return low + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}

function wide(offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

function signed(offset: number): number {
  return inRange(view.getUint32(offset, true) + view.getInt32(offset + 4, true) * 2 ** 32);
}

/** Whether this kernel resolves beneath a folder and /proc shows our descriptors. */
export function kernelResolves(folder: number): boolean {
  const fd = openat2(folder, ".", O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return false;
  const works = typeof statDescriptor(fd) === "object" && existsSync(`/proc/self/fd/${fd}/.`);
  closeSync(fd);
  return works;
}
