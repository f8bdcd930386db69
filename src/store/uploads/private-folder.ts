/** Folders inside the library's own folder, for the user of the server only. */

import { chmodSync, mkdirSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { OWN_FOLDER, quote } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Library } from "../resolve/library.ts";
import { descriptorFacts } from "../system/descriptor.ts";
import { explain, tolerate } from "../system/system-error.ts";

const PRIVATE = 0o700;

/** Opens one, if it exists. */
export function findPrivateFolder(library: Library, name: string): Folder | undefined {
  using root = library.resolver.folder([]);
  if (root.stat(OWN_FOLDER)?.kind !== "DIRECTORY") return undefined;
  using own = root.child(OWN_FOLDER, OWN_FOLDER);
  if (own.stat(name)?.kind !== "DIRECTORY") return undefined;
  return own.child(name, `${OWN_FOLDER}/${name}`);
}

/** Opens one, and makes it if it is missing. @throws PERMISSION_DENIED, READ_ONLY, … */
export function makePrivateFolder(library: Library, name: string): Folder {
  using root = library.resolver.folder([]);
  using own = make(root, OWN_FOLDER, OWN_FOLDER);
  return make(own, name, `${OWN_FOLDER}/${name}`);
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
