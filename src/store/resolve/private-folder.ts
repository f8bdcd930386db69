/** Folders inside the library's own folder, for the user of the server only. */

import { chmodSync, mkdirSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../names.ts";
import type { Folder } from "./folder.ts";
import type { Library } from "./library.ts";
import { descriptorFacts } from "../system/descriptor.ts";
import { explain, tolerate } from "../system/system-error.ts";

const PRIVATE = 0o700;

/** Opens one, if it exists. */
export function findPrivateFolder(library: Library, name: string): Folder | undefined {
  return descend(library, name, (parent, child, path) =>
    parent.stat(child)?.kind === "DIRECTORY" ? parent.child(child, path) : undefined,
  );
}

/** Opens one, and makes it if it is missing. @throws PERMISSION_DENIED, READ_ONLY, … */
export function makePrivateFolder(library: Library, name: string): Folder {
  return descend(library, name, make)!;
}

/** @param enter opens a folder in a folder; undefined ends it */
function descend(
  library: Library,
  name: string,
  enter: (parent: Folder, name: string, path: string) => Folder | undefined,
): Folder | undefined {
  const { root, names } = library.home;
  let folder: Folder | undefined = root;
  const entered: string[] = [];
  for (const each of [...names, name]) {
    using parent: Folder = folder;
    entered.push(each);
    folder = enter(parent, each, entered.join("/"));
    if (folder === undefined) return undefined;
  }
  return folder;
}

/** Whether an open folder was removed. */
export function isRemoved(folder: Folder): boolean {
  try {
    if (folder.fd === undefined) return statSync(`${folder.path}/.`).nlink === 0;
    return descriptorFacts(folder.fd).links === 0;
  } catch {
    return true;
  }
}

function make(parent: Folder, name: string, path: string): Folder {
  explain(`cannot make the folder ${quote(path)}`, () =>
    tolerate("EEXIST", () => mkdirSync(parent.pathOf(name), { mode: PRIVATE })),
  );
  const folder = parent.child(name, path);
  try {
    if ((folder.facts.mode & 0o077) !== 0) chmodSync(folder.path, PRIVATE);
    return folder;
  } catch (error) {
    folder[Symbol.dispose]();
    throw LeatError.from(error, `cannot keep other users out of ${quote(path)}`);
  }
}
