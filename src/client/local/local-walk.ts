/**
 * Walks a local folder with everything below it: a folder before what is in it, names in the order of their bytes, as
 * the server walks. Links are not followed. A folder is read when its turn comes, in windows of its names, so that a
 * tree of any size takes the same memory.
 */
import { resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { TREE_DEPTH } from "../../limits.ts";
import { readFolderNames, type FolderNames } from "../../store/listing/folder-names.ts";
import { isOwnFolder, quote } from "../../store/names.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import { readLinkWithin } from "../../store/resolve/read-link.ts";
import { openPlainFolder } from "../../store/resolve/walk-folder.ts";
import { isWireName, wireName } from "../../store/resolve/raw-names.ts";
import type { Time } from "../../store/store.ts";
import { FollowingFolder } from "./following-folder.ts";
import { modeBits } from "../../store/write/attributes.ts";
import type { Facts } from "../../store/system/facts.ts";
import { ERRNO, quickEntryAt, statAt, systemError } from "../../store/system/kernel.ts";

/** A file or folder of a walk; or what went wrong in a folder. */
export interface Walked {
  /** How many folders it is below the root of the walk: 0 for what is directly in it. */
  readonly depth: number;
  /** "" for a report about the folder of this depth. */
  readonly name: string;
  readonly kind: Facts["kind"];
  readonly size: number;
  readonly modified: Time;
  /** Permission bits; undefined where they are not known. */
  readonly mode?: number | undefined;
  /** The text of a link that leads to something in the tree, where that was asked for. */
  readonly target?: string | undefined;
  /** Why the folder cannot be read to its end; of a link, why it cannot be followed. */
  readonly failure?: LeatError | undefined;
  /** Names in the folder that were left out because the wire cannot carry them. */
  readonly skippedNames?: number | undefined;
}

/** A file as a server has sent it, its name still among the bytes that came: an object of each would take longer. */
export interface RawFile {
  /** Its name is the UTF-8 of `bytes[nameStart, nameEnd)`. */
  readonly bytes: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly size: number;
  /** Of the modified time. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Permission bits; -1 where they are not known. */
  readonly mode: number;
}

/** A folder with everything below it, one item after another. */
export interface Walk extends Disposable {
  /** @returns the next item; undefined where `more` is to be waited for */
  next(): Walked | undefined;
  /**
   * Takes files in the folder of this depth as long as `take` wants them. Missing where a walk makes an object of each
   * anyway.
   */
  takeFiles?(depth: number, take: (file: RawFile) => boolean): void;
  /**
   * Passes over the next name where it is a file in the folder of this depth with the same name, size, time and permission
   * bits. Missing as `takeFiles`.
   * @param modeBits the bits that are compared
   * @returns false where it is not, and nothing has changed
   */
  passSame?(depth: number, file: RawFile, modeBits: number): boolean;
  /** The permission bits that can be set there: undefined where none can. */
  readonly modeBits?: number | undefined;
  /** Waits for more. @returns whether there is any @throws what ended the walk */
  more(): Promise<boolean>;
  /** Leaves out what is in the folder that `next` gave last; a walk may give it all the same. */
  skip(): void;
}

interface Level {
  /** Opened when its turn comes. */
  folder: Folder | undefined;
  /** Its name in the level above. */
  readonly name: string;
  /** For messages. */
  readonly path: string;
  window: FolderNames | undefined;
  next: number;
}

/** What becomes of links. */
type Links = "copy" | "skip" | "follow";

/** Of an item that has none. */
export const NO_TIME: Time = { seconds: 0, nanoseconds: 0 };

/** A report about the folder of this depth. */
export function reportAt(depth: number, facts: Pick<Walked, "failure" | "skippedNames">): Walked {
  return { depth, name: "", kind: "OTHER", size: 0, modified: NO_TIME, ...facts };
}

export class LocalWalk implements Walk {
  readonly #levels: Level[] = [];
  readonly #links: Links;
  #report: Walked | undefined;

  /**
   * @param path of the folder; links to it are followed
   * @param links `copy`: links have their text; `follow`: they are given as what they lead to, or with a failure
   * @throws NOT_FOUND, NOT_A_DIRECTORY, …
   */
  constructor(path: string, links: Links = "skip") {
    this.#links = links;
    try {
      const folder = openPlainFolder(resolve(path));
      const opened = links === "follow" ? new FollowingFolder(folder) : folder;
      this.#levels.push({ ...newLevel("", path), folder: opened });
    } catch (error) {
      throw LeatError.from(error, `cannot open the folder ${quote(path)}`);
    }
  }

  next(): Walked | undefined {
    const report = this.#report;
    if (report !== undefined) {
      this.#report = undefined;
      return report;
    }
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const { window, folder } = level;
      if (window === undefined || folder === undefined) return undefined;
      const { names } = window;
      while (level.next < names.count) {
        const index = level.next++;
        const name = wireName(names.bytes, names.start(index), names.end(index));
        const item = name === undefined ? undefined : this.#item(level, folder, name);
        if (item !== undefined) return item;
      }
      if (!window.complete) return undefined;
      this.#leave();
    }
    return undefined;
  }

  get modeBits(): number {
    return modeBits();
  }

  passSame(depth: number, file: RawFile, bits: number): boolean {
    const level = this.#levels.at(-1);
    const fd = level?.folder?.fd;
    if (level?.window === undefined || fd === undefined) return false;
    if (this.#report !== undefined || this.#levels.length !== depth + 1) return false;
    const { names } = level.window;
    if (level.next >= names.count) return false;
    const start = names.start(level.next);
    const end = start + file.nameEnd - file.nameStart;
    // What is not served begins with a dot.
    if (!isSameName(names.bytes, start, file) || (depth === 0 && names.bytes[start] === DOT))
      return false;
    const found = quickEntryAt(fd, names.bytes, start, end);
    if (found?.kind !== "FILE" || found.size !== file.size) return false;
    if (file.mode >= 0 && ((found.mode ^ file.mode) & bits) !== 0) return false;
    const { seconds, nanoseconds } = found.modified;
    if (seconds !== file.seconds || nanoseconds !== file.nanoseconds) return false;
    level.next += 1;
    return true;
  }

  async more(): Promise<boolean> {
    const level = this.#levels.at(-1);
    if (level === undefined) return this.#report !== undefined;
    const depth = this.#levels.length - 1;
    try {
      if (this.#levels.length > TREE_DEPTH) throw tooDeep(level.path);
      level.folder ??= this.#levels.at(-2)!.folder!.child(level.name, level.path);
      const { names } = level.window ?? {};
      const last = names === undefined ? undefined : names.name(names.count - 1);
      level.window = await readFolderNames(level.folder, last, level.path);
      level.next = 0;
      const skippedNames = leftOut(level.window);
      // Before the names: nothing that seems to be missing here is removed.
      if (skippedNames > 0) this.#report = reportAt(depth, { skippedNames });
    } catch (thrown) {
      this.#leave();
      const failure = LeatError.from(thrown, `cannot list ${quote(level.path)}`);
      this.#report = reportAt(depth, { failure });
    }
    return true;
  }

  skip(): void {
    if (this.#levels.at(-1)?.window === undefined) this.#leave();
  }

  [Symbol.dispose](): void {
    while (this.#levels.length > 0) this.#leave();
  }

  #leave(): void {
    this.#levels.pop()?.folder?.[Symbol.dispose]();
  }

  /** @returns undefined where the name is gone, or is the store's own folder */
  #item(level: Level, folder: Folder, name: string): Walked | undefined {
    const depth = this.#levels.length - 1;
    if (depth === 0 && isOwnFolder(name)) return undefined;
    const facts = factsOf(folder, name);
    if (facts === undefined) return undefined;
    if (facts instanceof LeatError) {
      if (this.#links !== "follow") return reportAt(depth, { failure: facts });
      return { ...reportAt(depth, { failure: facts }), name, kind: "LINK" };
    }
    const { kind, size, mode, modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = facts;
    if (kind === "DIRECTORY") this.#levels.push(newLevel(name, `${level.path}/${name}`));
    const found = { depth, name, kind, size, modified: { seconds, nanoseconds }, mode };
    if (kind !== "LINK" || this.#links !== "copy") return found;
    return { ...found, target: readLinkWithin(folder, name, depth) };
  }
}

const DOT = 0x2e;

/** Whether the name that begins at `start`, and ends with a zero, is that of the file. */
function isSameName(
  names: Uint8Array,
  start: number,
  { bytes, nameStart, nameEnd }: RawFile,
): boolean {
  let at = start;
  for (let i = nameStart; i < nameEnd; i += 1) if (names[at++] !== bytes[i]) return false;
  return names[at] === 0;
}

function newLevel(name: string, path: string): Level {
  return { folder: undefined, name, path, window: undefined, next: 0 };
}

/** How many names the wire cannot carry. */
function leftOut({ names }: FolderNames): number {
  let count = 0;
  if (names.arePlain) return count;
  for (let index = 0; index < names.count; index += 1) {
    if (!isWireName(names.bytes, names.start(index), names.end(index))) count += 1;
  }
  return count;
}

function factsOf(folder: Folder, name: string): Facts | LeatError | undefined {
  try {
    if (folder.fd === undefined) return folder.stat(name);
    const found = statAt(folder.fd, name);
    if (typeof found === "object") return found.kind === "LINK" ? folder.stat(name) : found;
    if (found === -ERRNO.ENOENT) return undefined;
    throw systemError(-found, "statx");
  } catch (thrown) {
    return LeatError.from(thrown, `cannot access ${quote(name)}`);
  }
}

function tooDeep(path: string): LeatError {
  return new LeatError("INVALID_NAME", `${quote(path)} is more than ${TREE_DEPTH} folders deep`);
}
