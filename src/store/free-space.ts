/** How much fits. */

import { statfsSync } from "node:fs";
import { LeatError } from "../errors.ts";
import type { Folder } from "./beneath.ts";
import { quote } from "./names.ts";

/** Bytes that may still be written to the file system of a folder. */
export function freeBytes(folder: Folder): number {
  const { bavail, bsize } = statfsSync(folder.path);
  return bavail * bsize;
}

/**
 * Refuses a file that cannot fit. Rough: others write too, so a write may still meet a full disk.
 * @throws NO_SPACE
 */
export function checkFree(folder: Folder, size: number, path: string): void {
  const free = freeBytes(folder);
  if (size <= free) return;
  throw new LeatError("NO_SPACE", `${quote(path)} needs ${size} bytes, and ${free} are free`);
}
