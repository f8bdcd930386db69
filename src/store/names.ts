/**
 * Wire names: the paths that a peer may send. They are accepted as they are or rejected, never repaired: a
 * name that two sides repair differently is a way around every later check.
 *
 * No file is touched here. The command line may use `checkPath` before it asks a server.
 */

import { LeatError } from "../errors.ts";
import { MAX_PATH, MAX_SEGMENT } from "../limits.ts";

/** The store's own folder at the root of a library: no request can list, open or name it. */
export const OWN_FOLDER = ".leat";

/** Characters of a name in a message, at most. */
const SHOWN = 100;

/**
 * Checks a wire path and cuts it.
 * @returns the segments; none for "", the library itself
 * @throws INVALID_NAME, one sentence that names the rule
 */
export function checkPath(path: string): string[] {
  if (path === "") return [];
  const bytes = byteLength(path);
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

/** Whether the wire can carry a name found on disk, as one segment. */
export function isSegment(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !name.includes("/") &&
    name.isWellFormed() &&
    findControl(name) === -1 &&
    byteLength(name) <= MAX_SEGMENT
  );
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
  const bytes = byteLength(segment);
  if (bytes > MAX_SEGMENT) {
    throw refuse(path, `has a segment of ${bytes} bytes; ${MAX_SEGMENT} are allowed`);
  }
}

function checkCharacters(path: string): void {
  if (!path.isWellFormed()) {
    throw refuse(path, "is not Unicode: it has half of a surrogate pair");
  }
  const control = findControl(path);
  if (control === -1) return;
  const code = path.charCodeAt(control);
  const kind = code === 0 ? "a NUL" : `the control character ${codePoint(code)}`;
  throw refuse(path, `has ${kind} at position ${control}`);
}

/** Index of the first C0 control, DEL or C1 control; -1 when there is none. */
function findControl(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return i;
  }
  return -1;
}

/** Length in UTF-8 bytes; half of a surrogate pair counts as three, as U+FFFD would. */
function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (isPair(text, i)) {
      bytes += 2; // four bytes for two units
      i++;
    } else bytes += 2;
  }
  return bytes;
}

function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
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
