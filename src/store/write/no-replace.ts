/** Renames that never replace another file: of two that race for a name exactly one succeeds. */

import { linkSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import type { Folder } from "../resolve/folder.ts";
import { AT_FDCWD, ERRNO, RENAME_NOREPLACE, renameat2, systemError } from "../system/kernel.ts";

/** EINVAL: the file system cannot do it, or a folder would be moved into itself: plain calls tell which. */
const UNSUPPORTED: readonly number[] = [-ERRNO.EINVAL, -ERRNO.ENOSYS, -ERRNO.EOPNOTSUPP];

/** @throws the system's error: EEXIST when the name is taken */
export function renameNoReplace(from: Folder, name: string, to: Folder, newName: string): void {
  const [path, newPath] = [from.pathOf(name), to.pathOf(newName)];
  const result = renameat2(AT_FDCWD, path, AT_FDCWD, newPath, RENAME_NOREPLACE);
  if (result === 0) return;
  if (!UNSUPPORTED.includes(result)) throw systemError(-result, "renameat2");
  if (from.stat(name)?.kind === "DIRECTORY") renameFolder(path, newPath);
  else renameFile(path, newPath);
}

/** link(2) fails when the name is taken. */
export function renameFile(path: string, newPath: string): void {
  linkSync(path, newPath);
  unlinkSync(path);
}

/** Folders cannot be linked: an empty folder reserves the name, and rename(2) replaces it. */
export function renameFolder(path: string, newPath: string): void {
  mkdirSync(newPath);
  try {
    renameSync(path, newPath);
  } catch (error) {
    rmdirSync(newPath);
    throw error;
  }
}
