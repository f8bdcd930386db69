/**
 * Which names a sync leaves as they are, by patterns of .gitignore: those of the caller, and those of the file
 * .leatignore in the local folder. Patterns of a server are not used: it could keep the client busy with them.
 */
import { join } from "node:path";
import { SYNC_PATTERNS } from "../../limits.ts";
import { readShortFile } from "../local/short-file.ts";
import { isOwnFolder } from "../../store/names.ts";
import { type Filter, makeFilter, type Patterns } from "../trees/filter.ts";

/** The file with patterns, in the local folder. */
const PATTERNS_FILE = ".leatignore";

/** Whether a sync copies it, but does not remove it: the patterns, and what a server keeps in a library. */
export function isNeverRemoved(place: string): boolean {
  return place === PATTERNS_FILE || isOwnFolder(place.slice(place.lastIndexOf("/") + 1));
}

/**
 * @param local the local folder
 * @returns undefined where there are no patterns
 * @throws TOO_LARGE, PERMISSION_DENIED (the file of patterns)
 */
export function makeSyncFilter(local: string, patterns: Patterns): Promise<Filter | undefined> {
  const written = readShortFile(join(local, PATTERNS_FILE), SYNC_PATTERNS);
  return makeFilter(patterns, written.split(/\r?\n/));
}
