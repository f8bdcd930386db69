/**
 * Writes small files, each with as few system calls as leave it whole or not there at all. Where anything is unusual
 * nothing is changed, and the caller goes the ordinary way, which can do it or tells why not.
 */
import { closeSync, constants, writeSync } from "node:fs";
import type { Time } from "../store.ts";
import { ERRNO, linkDescriptor, O_CLOEXEC, O_TMPFILE, openAt, statAt } from "../system/kernel.ts";
import { isUnusual, setModified } from "../system/posix.ts";

const { O_WRONLY } = constants;

export interface WholeFile {
  readonly name: string;
  readonly modified: Time | undefined;
  /** Permission bits, less the umask. */
  readonly mode: number;
}

/**
 * Writes a whole file, without a sync, then gives it its name if that is free: a process that is killed
 * leaves nothing.
 * @param folder its descriptor
 * @param checkFirst checks that the name is free before the bytes are written, too
 * @param written asked for the result when the file has its name
 * @returns undefined where it was not written
 */
export function writeWhole<Result>(
  folder: number,
  { name, modified, mode }: WholeFile,
  bytes: Uint8Array,
  checkFirst: boolean,
  written: (fd: number) => Result,
): Result | undefined {
  if (modified !== undefined && isUnusual(modified)) return undefined; // which may not be kept
  if (checkFirst && statAt(folder, name) !== -ERRNO.ENOENT) return undefined;
  const fd = openAt(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) return undefined;
  try {
    if (writeSync(fd, bytes, 0, bytes.length, 0) < bytes.length) return undefined;
    if (modified !== undefined) setModified(fd, modified);
    return linkDescriptor(fd, folder, name) === 0 ? written(fd) : undefined;
  } catch {
    return undefined; // the ordinary way meets the same error
  } finally {
    closeSync(fd);
  }
}
