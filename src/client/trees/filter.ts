/** Which names of a tree are left out, by patterns of .gitignore. */
import { SYNC_PLACES } from "../../limits.ts";

/** Patterns of .gitignore, relative to the folder that is moved: https://git-scm.com/docs/gitignore */
export interface Patterns {
  /** What matches one of these is left out, a folder with everything in it. */
  readonly exclude?: readonly string[];
  /** What one of these matches is not left out, unless a folder above it is. */
  readonly include?: readonly string[];
}

export interface Filter {
  /** @param place of the name, relative to the folder that is moved */
  excludes(place: string, isFolder: boolean): boolean;
}

/**
 * @param written patterns that come before those of the caller
 * @returns undefined where there are none
 */
export async function makeFilter(
  { exclude = [], include = [] }: Patterns,
  written: readonly string[] = [],
): Promise<Filter | undefined> {
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
