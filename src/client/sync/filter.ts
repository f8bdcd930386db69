/**
 * Which names a sync leaves as they are, by patterns of .gitignore: those of the caller, and those of the file
 * .leatignore in the local folder. Patterns of a server are not used: it could keep the client busy with them.
 */
import { join } from "node:path";
import { SYNC_PATTERNS, SYNC_PLACES } from "../../limits.ts";
import { readShortFile } from "../local/short-file.ts";
import { isOwnFolder } from "../../store/names.ts";
import type { SyncOptions } from "./sync.ts";

/** @see https://git-scm.com/docs/gitignore */
export interface Filter {
  /** @param place of the name, relative to the root of the sync */
  excludes(place: string, isFolder: boolean): boolean;
}

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
export async function makeFilter(
  local: string,
  { exclude = [], include = [] }: SyncOptions,
): Promise<Filter | undefined> {
  const written = readShortFile(join(local, PATTERNS_FILE), SYNC_PATTERNS).split(/\r?\n/);
  const patterns = [...written, ...exclude, ...include.map((pattern) => `!${pattern}`)];
  if (!patterns.some((pattern) => pattern.trim() !== "" && !pattern.startsWith("#")))
    return undefined;
  const { default: ignore } = await import("ignore");
  const make = () => ignore({ ignorecase: false }).add(patterns);
  let current = make();
  let asked = 0;
  return {
    excludes(place, isFolder) {
      if (!ignore.isPathValid(place)) return false; // a name that a server made up: it is refused
      // It remembers every name that it was asked about.
      if (asked++ % SYNC_PLACES === 0) current = make();
      return current.ignores(isFolder ? `${place}/` : place);
    },
  };
}
