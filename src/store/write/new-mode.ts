/**
 * The permission bits of a new file: as `cp` would give them, those of what was copied, less the umask
 * or as the folder's default ACL says, and none of setuid, setgid and sticky.
 */
import type { Folder } from "../resolve/folder.ts";
import { PartialFile } from "./partial.ts";

/** Of a file that nothing is said about. */
const FILE_MODE = 0o666;

/** A partial is written, and opened again by a later try, whatever the file is to have. */
const OWNER = 0o600;

/** Read once: asking for the umask sets it for a moment, for all threads. */
const umask = process.umask();

/** What is asked for, to be made with. @param mode 0 of a store that has none */
export const givenMode = (mode: number): number => (mode === 0 ? FILE_MODE : mode & 0o777);

/** The bits to make a partial with. @param mode of the file, when known */
export const partialMode = (mode = FILE_MODE): number => (mode & 0o777) | OWNER;

/** @returns what a partial that was made so is to have instead; undefined when it has it */
export function modeAfter(partial: PartialFile, mode = FILE_MODE): number | undefined {
  const more = OWNER & ~mode;
  return more === 0 ? undefined : partial.facts().mode & ~more;
}

/** What any new file of this mode gets in a folder. */
export function modeOfNew(folder: Folder, mode = FILE_MODE): number {
  const sample = PartialFile.unnamed(folder, () => "", mode & 0o777);
  if (sample === undefined) return mode & 0o777 & ~umask;
  try {
    return sample.facts().mode;
  } finally {
    sample.close();
  }
}
