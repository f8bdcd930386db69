/**
 * The permission bits of a new file, as `cp` sets them: those of the original, less the umask or as the
 * folder's default ACL says, and without setuid, setgid and sticky.
 */
import type { Folder } from "../resolve/folder.ts";
import { PartialFile } from "./partial.ts";

/** Of a file whose mode is not given. */
export const FILE_MODE = 0o666;

/** A partial always has these: it is written, and opened again by a later try. */
const OWNER = 0o600;

let known: number | undefined;

/** Read once, when it is first asked for: reading the umask sets it for a moment, for all threads. */
export const umask = (): number => (known ??= process.umask());

/** The mode of folders where that of files is this one: who may read a folder may search it. */
export const folderMode = (mode: number): number => mode | ((mode & 0o444) >> 2);

/** @param mode as the peer gave it; undefined: its store has no modes */
export const givenMode = (mode = FILE_MODE): number => mode & 0o777;

/** The mode to create a partial with. @param mode of the file, when known */
export const partialMode = (mode = FILE_MODE): number => (mode & 0o777) | OWNER;

/** @returns the final mode of a partial that was created with `partialMode`; undefined when it has it */
export function modeAfter(partial: PartialFile, mode = FILE_MODE): number | undefined {
  const more = OWNER & ~mode;
  return more === 0 ? undefined : partial.facts().mode & ~more;
}

/** The mode that a new file in a folder gets. */
export function modeOfNew(folder: Folder, mode = FILE_MODE): number {
  const sample = PartialFile.unnamed(folder, () => "", mode & 0o777);
  if (sample === undefined) return mode & 0o777 & ~umask();
  try {
    return sample.facts().mode;
  } finally {
    sample.close();
  }
}
