/** The modified time and the permission bits of a folder: set when all that is in it is there. */
import { chmodSync, statSync } from "node:fs";
import type { Folder } from "../resolve/folder.ts";
import type { FolderAttributes } from "../store.ts";
import { descriptorFacts } from "../system/descriptor.ts";
import { type Facts, factsOf, sameModified } from "../system/facts.ts";
import { setModifiedAt } from "../system/posix.ts";
import { ignoreErrors } from "../system/system-error.ts";
import { umask } from "./new-mode.ts";

/** Of a folder whose mode is not given. */
const FOLDER_MODE = 0o777;

/** What its owner needs to fill it. */
const OWNER = 0o700;

/** The mode to make a folder with that is to be filled. */
export const fillingMode = (mode = FOLDER_MODE): number => (mode & 0o777) | OWNER;

/** Whether there is something to set: it was made with all its permission bits unless its owner is to have fewer. */
export function hasAttributes({ modified, mode }: FolderAttributes): boolean {
  return modified !== undefined || fillingMode(mode) !== (mode ?? FOLDER_MODE);
}

/**
 * Sets what differs. The files in it are all there, so an error is none of the folder: another user may own it, and it
 * keeps its own attributes then.
 * @returns its facts afterwards
 */
export function setAttributes(folder: Folder, { modified, mode }: FolderAttributes): Facts {
  // Through the open folder itself, whatever has its name by now.
  const path = folder.pathOf(".");
  const before = factsNow(folder);
  const hasTime =
    modified === undefined ||
    sameModified(before, {
      modifiedSeconds: modified.seconds,
      modifiedNanoseconds: modified.nanoseconds,
    });
  if (!hasTime) ignoreErrors(() => setModifiedAt(path, modified));
  const hasMode = mode === undefined || before.mode !== (fillingMode(mode) & ~umask());
  // Last: without the right to search it, its time could not be set. The bits above 0777 stay.
  if (!hasMode) ignoreErrors(() => chmodSync(path, statSync(path).mode & ~(OWNER & ~mode)));
  return hasTime && hasMode ? before : factsNow(folder);
}

function factsNow(folder: Folder): Facts {
  if (folder.fd !== undefined) return descriptorFacts(folder.fd);
  return factsOf(statSync(folder.path, { bigint: true }));
}
