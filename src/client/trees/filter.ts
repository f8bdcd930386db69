/** Which names of a tree are left out, by patterns of .gitignore. */
import { LEAVE_OUT_BYTES, LEAVE_OUT_MOST, SYNC_PLACES } from "../../limits.ts";
import { LeftOut } from "../../transfer/left-out.ts";

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
  /** Patterns of which a server can leave out what matches: some, or all, of those that there are. */
  readonly leaveOut: readonly string[];
  /** Whether nothing is excluded but what these match. */
  readonly isLeftOut: boolean;
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
  const leaveOut = leftOutBy(patterns);
  const { default: ignore } = await import("ignore");
  const make = () => ignore({ ignorecase: false }).add(patterns);
  let current = make();
  let asked = 0;
  return {
    ...leaveOut,
    excludes(place, isFolder) {
      if (!ignore.isPathValid(place)) return false; // a name that a server made up: it is refused
      // It remembers every name that it was asked about.
      if (asked++ % SYNC_PLACES === 0) current = make();
      return current.ignores(isFolder ? `${place}/` : place);
    },
  };
}

/** Of patterns of .gitignore. Where one includes something, a server that does not know it could leave out too much. */
function leftOutBy(patterns: readonly string[]): Pick<Filter, "leaveOut" | "isLeftOut"> {
  const written = patterns.filter((pattern) => !/^(#|\s*$)/.test(pattern));
  if (written.some((pattern) => pattern.startsWith("!"))) return { leaveOut: [], isLeftOut: false };
  const leaveOut: string[] = [];
  let bytes = 0;
  for (const pattern of written) {
    // Spaces at the end do not count in .gitignore.
    if (!LeftOut.takes(pattern) || /\s/.test(pattern)) continue;
    bytes += Buffer.byteLength(pattern);
    if (bytes > LEAVE_OUT_BYTES || leaveOut.length === LEAVE_OUT_MOST) break;
    leaveOut.push(pattern);
  }
  return { leaveOut, isLeftOut: leaveOut.length === written.length };
}
