/**
 * Wire names: the paths that a peer may send. They are accepted as they are or rejected, never repaired: a
 * name that two sides repair differently is a way around every later check.
 *
 * No file is touched here. The command line may use `checkPath` before it asks a server.
 */

import { LeatError } from "../errors.ts";
import { MAX_LINK, MAX_PATH, MAX_SEGMENT } from "../limits.ts";

/** The store's own folder at the root of a library: no request can list, open or name it. */
export const OWN_FOLDER = ".leat";

/** In the own folder: what the stores of single users need. */
export const USERS_FOLDER = "users";

/** Characters of a name in a message, at most. */
const SHOWN = 100;

/** C0 controls, DEL and C1 controls. */
const CONTROL = /\p{Cc}/u;

/**
 * Nearly all names there are: printable ASCII, no dot at the start of a segment, none empty. With at most MAX_SEGMENT
 * characters they keep all rules; checking each rule takes ten times as long.
 */
const PLAIN_SEGMENT = /^[!-\-0-~][ -.0-~]*$/;
const PLAIN_PATH = /^[!-\-0-~][ -.0-~]*(?:\/[!-\-0-~][ -.0-~]*)*$/;

/**
 * Checks a wire path and cuts it.
 * @returns the segments; none for "", the library itself
 * @throws INVALID_NAME, one sentence that names the rule
 */
export function checkPath(path: string): string[] {
  if (path === "") return [];
  if (path.length <= MAX_SEGMENT && PLAIN_PATH.test(path)) return path.split("/");
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH) {
    throw refuse(path, `is ${bytes} bytes long; ${MAX_PATH} are allowed`);
  }
  checkCharacters(path);
  if (path.startsWith("/")) throw refuse(path, "begins with a slash; paths are relative");
  if (path.endsWith("/")) throw refuse(path, "ends with a slash");
  const segments = path.split("/");
  for (const segment of segments) checkSegment(path, segment);
  if (isOwnFolder(segments[0] ?? "")) {
    throw refuse(path, `begins with ${OWN_FOLDER}, the store's own folder`);
  }
  return segments;
}

/**
 * Whether this name is that of the store's own folder, at the root of a library. In any letter case,
 * because some file systems ignore it.
 */
export function isOwnFolder(segment: string): boolean {
  return segment.length === OWN_FOLDER.length && segment.toLowerCase() === OWN_FOLDER;
}

/**
 * Whether a link leads to something in its tree, whatever the other links in the tree are, as long as this holds for them,
 * too: it is relative, and goes up only at its start.
 * @param target its text
 * @param depth how many folders the folder of the link is below the root of the tree
 */
export function leadsWithin(target: string, depth: number): boolean {
  if (target === "" || target.startsWith("/") || Buffer.byteLength(target) > MAX_LINK) return false;
  const segments = target.split("/").filter((segment) => segment !== "" && segment !== ".");
  const down = segments.findIndex((segment) => segment !== "..");
  const up = down === -1 ? segments.length : down;
  return up <= depth && segments.slice(up).every(isSegment);
}

/** Whether the wire can carry a name found on disk, as one segment. */
export function isSegment(name: string): boolean {
  if (name.length <= MAX_SEGMENT && PLAIN_SEGMENT.test(name)) return true;
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !name.includes("/") &&
    name.isWellFormed() &&
    !CONTROL.test(name) &&
    Buffer.byteLength(name) <= MAX_SEGMENT
  );
}

/** The path of a name in a folder; "" is the library itself. */
export function below(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** A name for a message: in quotes, on one line, at most about 820 bytes. */
export function quote(name: string): string {
  const cut = name.length > SHOWN ? name.slice(0, SHOWN) : name;
  const shown = cut
    .toWellFormed()
    .replace(/["\\]/g, "\\$&")
    // Control, format (text direction), private and separator characters would garble a terminal.
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return cut === name ? `"${shown}"` : `"${shown}…" (${name.length} characters)`;
}

function checkSegment(path: string, segment: string): void {
  if (segment === "") throw refuse(path, "has an empty segment");
  if (segment === "." || segment === "..") throw refuse(path, `has a "${segment}" segment`);
  const bytes = Buffer.byteLength(segment);
  if (bytes > MAX_SEGMENT) {
    throw refuse(path, `has a segment of ${bytes} bytes; ${MAX_SEGMENT} are allowed`);
  }
}

function checkCharacters(path: string): void {
  if (!path.isWellFormed()) {
    throw refuse(path, "is not Unicode: it has half of a surrogate pair");
  }
  const control = path.search(CONTROL);
  if (control === -1) return;
  const code = path.charCodeAt(control);
  const kind = code === 0 ? "a NUL" : `the control character ${codePoint(code)}`;
  throw refuse(path, `has ${kind} at position ${control}`);
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function codePoint(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function refuse(path: string, why: string): LeatError {
  return new LeatError("INVALID_NAME", `the name ${quote(path)} ${why}`);
}
