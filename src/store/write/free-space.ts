/** The free space of a disk. */

import { statfsSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Folder } from "../resolve/folder.ts";
import { quote } from "../names.ts";

/**
 * Bytes that may still be written to the file system of a folder, as far as a number can tell.
 * @param path of the folder, for node:fs
 * @returns undefined where it is not known: ramfs and many FUSE file systems claim 0 free of 0 blocks, and
 *   are not full
 */
export function freeBytes(path: string): number | undefined {
  try {
    const { blocks, bavail, bsize } = statfsSync(path);
    return blocks > 0 ? Math.min(Math.max(bavail, 0) * bsize, Number.MAX_SAFE_INTEGER) : undefined;
  } catch {
    return undefined; // a full disk is noticed by a write
  }
}

/** Bytes of a file that is to come, as far as known. */
export interface Expected {
  readonly size?: number | undefined;
  /** What it takes on the disk, where it has holes. */
  readonly allocated?: number | undefined;
}

/**
 * Refuses a file that cannot fit. Others write as well, so a write may still find the disk full.
 * @param before bytes of it that are there already
 * @throws NO_SPACE
 */
export function checkFree(folder: Folder, expected: Expected, path: string, before = 0): void {
  if (expected.size === undefined) return;
  const size = Math.min(expected.size - before, expected.allocated ?? Number.POSITIVE_INFINITY);
  const free = freeBytes(folder.path);
  if (free === undefined || size <= free) return;
  throw new LeatError("NO_SPACE", `${quote(path)} needs ${size} bytes, and ${free} are free`);
}
