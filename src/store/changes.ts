/** Changes to names: remove, make a folder, rename. All synchronous: each is a system call or two. */

import { mkdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { LeatError } from "../errors.ts";
import { checkVersion } from "./collision.ts";
import { entryOf, type Versions, versionedEntry } from "./entry.ts";
import { type Facts, sameThing } from "./facts.ts";
import type { Library, Place } from "./library.ts";
import { checkPath, quote } from "./names.ts";
import { renameNoReplace } from "./no-replace.ts";
import { alreadyExists, isDirectory, notADirectory, notFound } from "./refusals.ts";
import type { StoreEntry } from "./store.ts";
import { isSystemError } from "./system-error.ts";

/** Removes a file, an empty folder, or a link itself. */
export function removeName(
  library: Library,
  path: string,
  ifMatch: string | undefined,
  versions: Versions,
): void {
  using place = library.place(path, rootStays);
  const existing = place.folder.look(place.name);
  if (existing === undefined) throw notFound(path);
  if (ifMatch !== undefined) checkVersion(existing, ifMatch, path, versions);
  try {
    const remove = existing.kind === "DIRECTORY" ? rmdirSync : unlinkSync;
    remove(place.folder.at(place.name));
  } catch (error) {
    throw LeatError.from(error, `cannot remove ${quote(path)}`);
  }
}

/** @param parents make those above it too, and take what exists for made */
export function makeFolder(library: Library, path: string, parents: boolean): void {
  const segments = checkPath(path);
  if (segments.length === 0 && parents) return;
  if (parents) {
    for (let i = 1; i < segments.length; i++) {
      makeOne(library, segments.slice(0, i).join("/"), true);
    }
  }
  makeOne(library, path, parents);
}

function makeOne(library: Library, path: string, mayExist: boolean): void {
  using place = library.place(path, alreadyExists);
  try {
    mkdirSync(place.folder.at(place.name));
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw LeatError.from(error, `cannot make ${quote(path)}`);
    if (!mayExist) throw alreadyExists(path);
    if (library.beneath.stat(checkPath(path)).kind !== "DIRECTORY") throw notADirectory(path);
  }
}

/** @returns what now has the new name */
export function renameName(
  library: Library,
  from: string,
  to: string,
  replace: boolean,
  versions: Versions,
): StoreEntry {
  using source = library.place(from, rootStays);
  using target = library.place(to, rootStays);
  const moving = source.folder.look(source.name);
  if (moving === undefined) throw notFound(from);
  if (to.startsWith(`${from}/`)) throw intoItself(from);
  try {
    if (replace) replaceBy(moving, source, target, to);
    else renameNoReplace(source.folder, source.name, target.folder, target.name);
  } catch (error) {
    throw renameRefusal(error, from, to, replace);
  }
  try {
    const facts = target.folder.look(target.name);
    return versionedEntry(target.name, facts ?? moving, facts && versions);
  } catch {
    // It has happened: a look that fails now does not make it a refusal. Only the version is unknown.
    return entryOf(target.name, moving);
  }
}

function replaceBy(moving: Facts, source: Place, target: Place, to: string): void {
  const existing = target.folder.look(target.name);
  if (moving.kind !== "DIRECTORY" && existing?.kind === "DIRECTORY") throw isDirectory(to);
  if (existing?.kind === "LINK" || existing?.kind === "OTHER") {
    throw new LeatError(
      "NOT_A_REGULAR_FILE",
      `${quote(to)} is not a regular file and is not replaced`,
    );
  }
  renameSync(source.folder.at(source.name), target.folder.at(target.name));
  if (existing !== undefined && sameThing(moving, existing)) dropTwin(moving, source, target);
}

/**
 * rename(2) does nothing, and says so to nobody, when both names are the same file: then the old
 * name is to go. Not where they may be one name in two spellings (macOS ignores letter case).
 */
function dropTwin(moving: Facts, source: Place, target: Place): void {
  if (process.platform !== "linux" || moving.links < 2) return;
  if (source.name === target.name && sameThing(source.folder.facts, target.folder.facts)) return;
  const left = source.folder.look(source.name);
  if (left !== undefined && sameThing(left, moving)) {
    unlinkSync(source.folder.at(source.name));
  }
}

function renameRefusal(error: unknown, from: string, to: string, replace: boolean): LeatError {
  if (isSystemError(error, "EINVAL")) return intoItself(from);
  if (isSystemError(error, "EEXIST")) {
    // XFS says so of a folder that is not empty.
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
