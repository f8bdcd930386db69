/**
 * Changes of names: remove, make a folder, rename. Each is a system call or two on the event loop; then new
 * names are put on disk.
 */

import { mkdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Folder } from "../resolve/folder.ts";
import { checkVersion } from "../write/collision.ts";
import { entryOf, versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import { bytesOf, type Facts, sameThing } from "../system/facts.ts";
import type { Library, Place } from "../resolve/library.ts";
import { checkPath, quote } from "../names.ts";
import { renameNoReplace } from "../write/no-replace.ts";
import { alreadyExists, isDirectory, notADirectory, notFound } from "../system/refusals.ts";
import { newNamesOnDisk, syncNewNames } from "../write/sync-new-names.ts";
import type { DurabilityLevel, MaybePromise, StoreEntry } from "../store.ts";
import { ignoreErrors, isSystemError } from "../system/system-error.ts";

/** Removes a file, an empty folder, or a link itself. */
export function removeName(
  library: Library,
  path: string,
  ifMatch: string | undefined,
  versions: Versions,
): void {
  using place = library.place(path, rootStays);
  const existing = place.folder.stat(place.name);
  if (existing === undefined) throw notFound(path);
  if (ifMatch !== undefined) checkVersion(existing, ifMatch, path, versions);
  try {
    const remove = existing.kind === "DIRECTORY" ? rmdirSync : unlinkSync;
    remove(place.folder.pathOf(place.name));
    library.usage?.give(bytesOf(existing), 1);
  } catch (error) {
    throw LeatError.from(error, `cannot remove ${quote(path)}`);
  }
}

interface MakeOptions {
  /** Makes missing parents, too, and accepts a folder that exists. */
  readonly parents: boolean;
  readonly durability: DurabilityLevel;
  /** Permission bits of the folder itself, if it is new. */
  readonly mode: number | undefined;
  /** Of parents that are made. */
  readonly parentMode: number | undefined;
}

/**
 * Makes a folder.
 * @returns undefined where its name is not to be put on disk
 */
export function makeFolder(
  library: Library,
  path: string,
  { parents, durability, mode, parentMode }: MakeOptions,
): Promise<void> | undefined {
  const paths = parents ? withMissing(library, path) : [path];
  const make = (each: string): Place | undefined =>
    makeOne(library, each, parents, each === path ? mode : parentMode);
  if (durability === "fsync") return makeOnDisk(library, paths, make);
  for (const each of paths) make(each)?.[Symbol.dispose]();
  return undefined;
}

/** @returns the path, and those of all folders above it unless its own folder is there, as it mostly is */
function withMissing(library: Library, path: string): string[] {
  const segments = checkPath(path);
  if (segments.length === 0) return []; // the library itself
  if (isFolder(library, segments.slice(0, -1))) return [path];
  return segments.map((_, n) => segments.slice(0, n + 1).join("/"));
}

function isFolder(library: Library, segments: readonly string[]): boolean {
  try {
    return library.resolver.stat(segments).kind === "DIRECTORY";
  } catch {
    return false; // making it reports that
  }
}

/** One after another: a path may have 2,000 folders, and each is held open until it is on disk. */
async function makeOnDisk(
  library: Library,
  paths: readonly string[],
  make: (path: string) => Place | undefined,
): Promise<void> {
  for (const path of paths) {
    using made = make(path);
    try {
      // One that exists may just have been made by another request.
      await (made === undefined ? newNamesOnDisk() : syncNewNames([made.folder]));
    } catch (error) {
      if (made !== undefined) unmake(library, made);
      throw LeatError.from(error, `cannot put the folder ${quote(path)} on disk`);
    }
  }
}

/** @returns its place; undefined when it existed */
function makeOne(
  library: Library,
  path: string,
  mayExist: boolean,
  mode: number | undefined,
): Place | undefined {
  const place = library.place(path, alreadyExists);
  try {
    // An error of mkdir takes ten times as long as this call.
    if (mayExist && place.folder.stat(place.name)?.kind === "DIRECTORY") {
      place[Symbol.dispose]();
      return undefined;
    }
    mkdirSync(place.folder.pathOf(place.name), { mode });
    countNew(library, place);
    return place;
  } catch (error) {
    place[Symbol.dispose]();
    if (!isSystemError(error, "EEXIST")) throw LeatError.from(error, `cannot make ${quote(path)}`);
    if (!mayExist) throw alreadyExists(path);
    if (library.resolver.stat(checkPath(path)).kind !== "DIRECTORY") throw notADirectory(path);
    return undefined;
  }
}

/** @throws QUOTA_EXCEEDED, when it is removed */
function countNew({ usage }: Library, { folder, name }: Place): void {
  try {
    usage?.take(0, 1);
  } catch (error) {
    ignoreErrors(() => rmdirSync(folder.pathOf(name)));
    throw error;
  }
}

/** Removes a folder that was just made. */
function unmake({ usage }: Library, { folder, name }: Place): void {
  // Another request may have put something into it.
  ignoreErrors(() => {
    rmdirSync(folder.pathOf(name));
    usage?.give(0, 1);
  });
}

/** @returns the entry of the new name */
export function renameName(
  library: Library,
  from: string,
  to: string,
  { replace, versions, durability }: RenameOptions,
): MaybePromise<StoreEntry> {
  using places = new DisposableStack();
  const source = places.use(library.place(from, rootStays));
  const target = places.use(library.place(to, rootStays));
  const moving = source.folder.stat(source.name);
  if (moving === undefined) throw notFound(from);
  if (to.startsWith(`${from}/`)) throw intoItself(from);
  try {
    if (replace) {
      const gone = replaceBy(moving, source, target, to);
      library.usage?.give(...gone);
    } else {
      renameNoReplace(source.folder, source.name, target.folder, target.name);
    }
  } catch (error) {
    throw renameRefusal(error, from, to, replace);
  }
  const entry = renamed(target, moving, versions);
  if (durability === "none") return entry;
  return renamedOnDisk(places.move(), [source.folder, target.folder], entry, from);
}

interface RenameOptions {
  readonly replace: boolean;
  readonly versions: Versions;
  readonly durability: DurabilityLevel;
}

function renamed(target: Place, moving: Facts, versions: Versions): StoreEntry {
  try {
    const facts = target.folder.stat(target.name);
    return versionedEntry(target.name, facts ?? moving, facts && versions);
  } catch {
    // It was renamed, even if its facts cannot be read. Only the version is unknown.
    return entryOf(target.name, moving);
  }
}

/** @param places closed when it is done */
async function renamedOnDisk(
  places: DisposableStack,
  folders: readonly Folder[],
  entry: StoreEntry,
  from: string,
): Promise<StoreEntry> {
  using _held = places;
  try {
    await syncNewNames(folders);
    return entry;
  } catch (error) {
    throw LeatError.from(error, `${quote(from)} was renamed, and that cannot be put on disk`);
  }
}

/** @returns the bytes and names that are gone */
function replaceBy(
  moving: Facts,
  source: Place,
  target: Place,
  to: string,
): [bytes: number, names: number] {
  const existing = target.folder.stat(target.name);
  if (moving.kind !== "DIRECTORY" && existing?.kind === "DIRECTORY") throw isDirectory(to);
  if (existing?.kind === "LINK" || existing?.kind === "OTHER") {
    throw new LeatError(
      "NOT_A_REGULAR_FILE",
      `${quote(to)} is not a regular file and is not replaced`,
    );
  }
  renameSync(source.folder.pathOf(source.name), target.folder.pathOf(target.name));
  if (existing === undefined) return [0, 0];
  if (!sameThing(moving, existing)) return [bytesOf(existing), 1];
  return removeOldName(moving, source, target) ? [bytesOf(moving), 1] : [0, 0];
}

/**
 * rename(2) does nothing, without an error, when both names are the same file: then the old name is
 * removed. Not where they may be two spellings of one name (macOS ignores letter case).
 * @returns whether it was
 */
function removeOldName(moving: Facts, source: Place, target: Place): boolean {
  if (process.platform !== "linux" || moving.links < 2) return false;
  if (source.name === target.name && sameThing(source.folder.facts, target.folder.facts)) {
    return false;
  }
  const left = source.folder.stat(source.name);
  if (left === undefined || !sameThing(left, moving)) return false;
  unlinkSync(source.folder.pathOf(source.name));
  return true;
}

function renameRefusal(error: unknown, from: string, to: string, replace: boolean): LeatError {
  if (isSystemError(error, "EINVAL")) return intoItself(from);
  if (isSystemError(error, "EEXIST")) {
    // XFS reports a folder that is not empty by this error.
    return replace
      ? new LeatError("DIRECTORY_NOT_EMPTY", `${quote(to)} is a folder that is not empty`)
      : alreadyExists(to);
  }
  return LeatError.from(error, `cannot rename ${quote(from)} to ${quote(to)}`);
}

function intoItself(path: string): LeatError {
  return new LeatError("INVALID_ARGUMENT", `${quote(path)} cannot be moved into itself`);
}

function rootStays(): LeatError {
  return new LeatError("INVALID_ARGUMENT", "the library itself can be neither removed nor renamed");
}
