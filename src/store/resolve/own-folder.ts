/**
 * The store's own folder at the root of a library, by whatever name it is called. Some file systems take
 * several spellings for one name: another letter case, accents or characters that are not shown, dots at
 * the end, short names with "~", a stream behind ":". A name that may be such a spelling is compared by
 * what it stands for; all others, nearly all there are, cost nothing.
 */
import type { Facts } from "../system/facts.ts";
import { sameThing } from "../system/facts.ts";
import { isOwnFolder, OWN_FOLDER } from "../names.ts";

/** The letters of the folder, and anything but letters around them. */
const LETTERS = /^[^a-z]*l[^a-z]*e[^a-z]*a[^a-z]*t[^a-z]*$/i;
const NOT_ASCII = /[^\0-\x7f]/;

/** Whether a file system may take this name for that of the folder. */
export function mayBeOwnFolder(name: string): boolean {
  if (name.includes("~") || name.includes(":")) return true;
  return LETTERS.test(NOT_ASCII.test(name) ? name.normalize("NFKD") : name);
}

/**
 * Whether a name at the root of a library stands for the store's own folder.
 * @param look what a name at the root is, a link not followed
 */
export function standsForOwnFolder(
  name: string,
  look: (name: string) => Facts | undefined,
): boolean {
  if (isOwnFolder(name)) return true;
  if (!mayBeOwnFolder(name)) return false;
  const own = look(OWN_FOLDER);
  const found = own && look(name);
  return own !== undefined && found !== undefined && sameThing(own, found);
}
