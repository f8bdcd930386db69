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

/**
 * Refuses a file that cannot fit. Others write as well, so a write may still find the disk full.
 * @throws NO_SPACE
 */
export function checkFree(folder: Folder, size: number, path: string): void {
  const free = freeBytes(folder.path);
  if (free === undefined || size <= free) return;
  throw new LeatError("NO_SPACE", `${quote(path)} needs ${size} bytes, and ${free} are free`);
}
