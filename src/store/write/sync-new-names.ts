/**
 * Puts on disk the names of folders that requests have made, and new names of what they renamed. A file in
 * a new folder is safe only when the name of that folder is on disk.
 */
import type { Folder } from "../resolve/folder.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * Resolves when all new names of all requests are on disk: files that come into a new folder wait for
 * that. Each waits for the one before it, and so for all of them.
 */
let last: Promise<boolean> | undefined;

/**
 * Puts the names in these folders on disk.
 * @param folders stay open until it is done
 * @returns whether all are on disk; false where the file system cannot do that
 * @throws the system's error
 */
export function syncNewNames(folders: readonly Folder[]): Promise<boolean> {
  const all = Promise.all([last, ...folders.map(syncFolder)]);
  const done = all.then(([, ...own]) => own.every(Boolean));
  last = done;
  const over = (): void => {
    if (last === done) last = undefined;
  };
  done.then(over, over);
  return done;
}

/** Resolves when all names that were made before are on disk; undefined when they are. @throws the system's error */
export function newNamesOnDisk(): Promise<unknown> | undefined {
  return last;
}
