/**
 * Names that a request has made in folders, folders that it made or moved: they go on disk before its
 * answer. A file in a folder is on disk only as far as the folder's own name is.
 */
import type { Folder } from "./beneath.ts";
import { syncFolder } from "./sync-folder.ts";

/** Those under way, of all requests: what comes into such a folder meanwhile waits for its name. */
const underWay = new Set<Promise<unknown>>();

/**
 * Puts the names in these folders on disk.
 * @param folders open until the answer is there
 * @returns whether all are; false where the file system cannot do that
 * @throws the system's error
 */
export function syncNewNames(folders: readonly Folder[]): Promise<boolean> {
  const before = [...underWay];
  const synced = Promise.all(folders.map(syncFolder));
  const all = Promise.all([synced, ...before]).then(() => synced);
  const done = all.then((each) => each.every(Boolean));
  underWay.add(done);
  const over = (): void => void underWay.delete(done);
  done.then(over, over);
  return done;
}

/** Resolves when the names that were made before are on disk; undefined when all are. @throws */
export function newNamesOnDisk(): Promise<unknown> | undefined {
  return underWay.size === 0 ? undefined : Promise.all(underWay);
}
