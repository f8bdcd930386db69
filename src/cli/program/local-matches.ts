/** What a pattern matches on this machine. */
import { type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { GlobPattern } from "../../client/trees/glob-pattern.ts";
import { LeatError } from "../../errors.ts";
import { below, quote } from "../../store/names.ts";

type Add = (match: { readonly name: string; readonly isFolder: boolean }) => void;

/** Adds what the pattern matches. @returns false where something has this name @throws PERMISSION_DENIED, … */
export function localMatches(typed: string, add: Add): boolean {
  if (lstatSync(typed, { throwIfNoEntry: false }) !== undefined) return false;
  const foldersOnly = typed.endsWith("/");
  const addIf: Add = (match) => {
    if (!foldersOnly || match.isFolder) add(match);
  };
  for (const pattern of GlobPattern.all(typed.replace(/(?<=.)\/+$/, ""))) {
    const root = pattern.folder === "" && typed.startsWith("/") ? "/" : pattern.folder;
    look(root, "", 0, pattern, addIf);
  }
  return true;
}

function look(folder: string, path: string, at: number, pattern: GlobPattern, add: Add): void {
  const { depth } = pattern;
  for (const entry of entriesOf(folder)) {
    const name = below(folder, entry.name);
    const place = below(path, entry.name);
    if (depth === undefined) {
      if (pattern.matches(place)) add({ name, isFolder: entry.isDirectory() });
      // As in shells, ** follows no links.
      if (entry.isDirectory()) look(name, place, at + 1, pattern, add);
    } else if (pattern.matchesAt(at, entry.name)) {
      if (at + 1 === depth) add({ name, isFolder: entry.isDirectory() });
      else if (isFolder(name, entry)) look(name, place, at + 1, pattern, add);
    }
  }
}

/** None where it is no folder. */
function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder === "" ? "." : folder, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    const error = LeatError.from(thrown, `cannot read the folder ${quote(folder)}`);
    if (error.code === "NOT_FOUND" || error.code === "NOT_A_DIRECTORY") return [];
    throw error;
  }
}

function isFolder(path: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
