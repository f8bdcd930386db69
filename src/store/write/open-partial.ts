/** Descriptors of partial files: how they are created and opened. */

import { type Stats, constants, fchownSync, fstatSync, openSync, statSync } from "node:fs";
import type { Folder } from "../resolve/folder.ts";
import { explain, ignoreErrors, tolerate } from "../system/system-error.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** A file of another user, or one with a second name, is not continued. */
export function isOurs(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1 && stats.uid === (process.getuid?.() ?? stats.uid);
}

/** @param target for messages @returns undefined when the name is taken */
export function openNew(path: string, mode: number, target: string): number | undefined {
  const flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR;
  return explain(`cannot write into the folder of ${target}`, () =>
    tolerate("EEXIST", () => openSync(path, flags, mode)),
  );
}

/**
 * Gives a file the group that a new file in this folder has: that of the folder where the system or the
 * folder says so. Where we may not set it, the file keeps its own.
 */
export function giveGroup(fd: number, { path }: Folder): void {
  ignoreErrors(() => {
    const { mode, gid } = statSync(`${path}/.`);
    const takesGroup = process.platform === "darwin" || (mode & SET_GROUP) !== 0;
    const wanted = takesGroup ? gid : (process.getegid?.() ?? gid);
    if (fstatSync(fd).gid !== wanted) fchownSync(fd, -1, wanted);
  });
}

/** S_ISGID of a folder: what is made in it has its group. */
const SET_GROUP = 0o2000;

/** @returns undefined when it cannot be opened */
export function openExisting(path: string): number | undefined {
  try {
    return openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
}
