/**
 * Names that a request has made in folders, folders that it made or moved: they go on disk before its
 * answer. A file in a folder is on disk only as far as the folder's own name is.
 */
import type { Folder } from "../resolve/folder.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * Resolves when all that are under way are on disk, of all requests: what comes into such a folder meanwhile
 * waits for its name. Each waits for the one before it, and so for all of them.
 */
let last: Promise<boolean> | undefined;

/**
 * Puts the names in these folders on disk.
 * @param folders open until the answer is there
 * @returns whether all are; false where the file system cannot do that
 * @throws the system's error
 */
export function syncNewNames(folders: readonly Folder[]): Promise<boolean> {
  const before = last;
  const synced = Promise.all(folders.map(syncFolder));
  const all = before === undefined ? synced : Promise.all([synced, before]).then(() => synced);
  const done = all.then((each) => each.every(Boolean));
  last = done;
  const over = (): void => {
    if (last === done) last = undefined;
  };
  done.then(over, over);
  return done;
}

/** Resolves when the names that were made before are on disk; undefined when all are. @throws */
export function newNamesOnDisk(): Promise<unknown> | undefined {
  return last;
}
