/**
 * Recognizes the store's own folder at the root of a library. Some file systems take several spellings
 * for one name: another letter case, accents or invisible characters, dots at the end, short names with
 * "~", a stream behind ":". A name that may be such a spelling is compared by its inode; all others, nearly
 * all there are, cost no system call.
 */
import { type Facts, sameThing } from "../system/facts.ts";
import { isOwnFolder, OWN_FOLDER } from "../names.ts";

/** The letters of the folder, and anything but letters around them. */
const LETTERS = /^[^a-z]*l[^a-z]*e[^a-z]*a[^a-z]*t[^a-z]*$/i;
const NOT_ASCII = /[^\0-\x7f]/;

/** Whether a file system may take this name for that of the own folder. */
export function mayBeOwnFolder(name: string): boolean {
  if (name.includes("~") || name.includes(":")) return true;
  return LETTERS.test(NOT_ASCII.test(name) ? name.normalize("NFKD") : name);
}

/**
 * Whether a name at the root of a library is one of the store's own folder.
 * @param stat lstat of a name at the root
 */
export function namesOwnFolder(name: string, stat: (name: string) => Facts | undefined): boolean {
  if (isOwnFolder(name)) return true;
  if (!mayBeOwnFolder(name)) return false;
  const own = stat(OWN_FOLDER);
  const found = own && stat(name);
  return own !== undefined && found !== undefined && sameThing(own, found);
}
