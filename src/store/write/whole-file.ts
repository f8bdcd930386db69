/**
 * Writes small files, each with as few system calls as leave it whole or not there at all. Where anything is unusual
 * nothing is changed, and the caller goes the ordinary way, which can do it or tells why not.
 */
import { closeSync, constants, fchmodSync, writeSync } from "node:fs";
import type { Time } from "../store.ts";
import type { Facts } from "../system/facts.ts";
import {
  ERRNO,
  linkDescriptor,
  O_CLOEXEC,
  O_TMPFILE,
  openAt,
  renameat2,
  statAt,
  statDescriptor,
} from "../system/kernel.ts";
import { isUnusual, setModified } from "../system/posix.ts";

const { O_WRONLY } = constants;

export interface WholeFile {
  readonly name: string;
  readonly modified: Time | undefined;
  /** Permission bits, less the umask. */
  readonly mode: number;
  /** How to replace a file that has the name; missing where that is not wanted. */
  readonly replacing?: Replacing | undefined;
}

/** A file that is replaced keeps its mode; one of another group than the new file is left to the ordinary way. */
export interface Replacing {
  /** The new file has a name for a moment, in a folder of the same file system. */
  readonly temporary: () => { readonly folder: number; readonly name: string };
  /** Called when another file was replaced, with its facts. */
  readonly replaced?: (existing: Facts) => void;
}

/**
 * Writes a whole file, without a sync, then gives it its name if that is free, or a file has it that is to be replaced: a
 * process that is killed leaves nothing, or a partial file.
 * @param folder its descriptor
 * @param checkFirst checks that the name is free before the bytes are written, too
 * @param written asked for the result when the file has its name
 * @returns undefined where it was not written
 */
export function writeWhole<Result>(
  folder: number,
  { name, modified, mode, replacing }: WholeFile,
  bytes: Uint8Array,
  checkFirst: boolean,
  written: (fd: number) => Result,
): Result | undefined {
  if (modified !== undefined && isUnusual(modified)) return undefined; // which may not be kept
  if (checkFirst && replacing === undefined && statAt(folder, name) !== -ERRNO.ENOENT)
    return undefined;
  const fd = openAt(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) return undefined;
  try {
    if (writeSync(fd, bytes, 0, bytes.length, 0) < bytes.length) return undefined;
    if (modified !== undefined) setModified(fd, modified);
    let linked = linkDescriptor(fd, folder, name);
    if (linked === -ERRNO.EEXIST && replacing !== undefined) {
      linked = replace(fd, folder, name, replacing);
    }
    return linked === 0 ? written(fd) : undefined;
  } catch {
    return undefined; // the ordinary way meets the same error
  } finally {
    closeSync(fd);
  }
}

/** @returns 0, or a negative errno: nothing was changed then, but a partial file may be left */
function replace(
  fd: number,
  folder: number,
  name: string,
  { temporary, replaced }: Replacing,
): number {
  const existing = statAt(folder, name);
  const own = statDescriptor(fd);
  if (typeof existing === "number" || typeof own === "number") return -ERRNO.EEXIST;
  if (existing.kind !== "FILE" || existing.group !== own.group) return -ERRNO.EEXIST;
  if (existing.mode !== own.mode) fchmodSync(fd, existing.mode);
  const partial = temporary();
  const linked = linkDescriptor(fd, partial.folder, partial.name);
  if (linked < 0) return linked;
  const renamed = renameat2(partial.folder, partial.name, folder, name, 0);
  if (renamed === 0) replaced?.(existing);
  return renamed;
}
