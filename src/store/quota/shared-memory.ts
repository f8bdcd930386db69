/**
 * Memory that processes share, under a name. It is a file of the system's memory, and not one on the disk of a library:
 * a file system that writes each change to another place (btrfs, ZFS) needs room for that, and where there is none it
 * ends the process that changes mapped memory.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { ignoreErrors, tolerate } from "../system/system-error.ts";

/** Where a system has no such folder, its temporary files: then a full disk may still end a process. */
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : "/tmp";

/** Opens an open file by its path once more. */
const FDS = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";

const pathOf = (name: string): string => `${FOLDER}/leat-usage-${name}`;

/**
 * Maps memory that is there.
 * @param name one that nobody can guess: others could make it before
 * @param size in bytes
 * @returns undefined where it is missing @throws the system's error
 */
export function mapMemory(name: string, size: number): BigInt64Array | undefined {
  const fd = tolerate("ENOENT", () =>
    openSync(pathOf(name), constants.O_RDWR | constants.O_NOFOLLOW),
  );
  if (fd === undefined) return undefined;
  try {
    return fstatSync(fd).size === size ? map(fd, size) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Makes it, in place of one that is there. @throws ENOSPC: nothing is left */
export function makeMemory(name: string, bytes: Uint8Array): BigInt64Array {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const fd = openSync(pathOf(name), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    // Written, so that there is a page for it: a hole would need one later.
    ftruncateSync(fd, 0);
    writeSync(fd, bytes, 0, bytes.length, 0);
    return map(fd, bytes.length);
  } catch (thrown) {
    removeMemory(name);
    throw thrown;
  } finally {
    closeSync(fd);
  }
}

/** Those that have mapped it keep it. */
export function removeMemory(name: string): void {
  ignoreErrors(() => unlinkSync(pathOf(name)));
}

function map(fd: number, size: number): BigInt64Array {
  const bytes = Bun.mmap(`${FDS}/${fd}`, { shared: true });
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, size / 8);
}
