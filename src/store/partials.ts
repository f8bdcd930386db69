/**
 * The folder of partial files: `.leat/partial` in the library, so that a commit is a rename on one
 * file system. Made when the first upload begins; nobody else may look into it.
 */

import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { LeatError } from "../errors.ts";
import { PARTIAL_RETENTION } from "../limits.ts";
import type { Folder } from "./beneath.ts";
import type { Facts } from "./facts.ts";
import type { Library } from "./library.ts";
import { OWN_FOLDER, quote } from "./names.ts";
import { PartialFile, removeUnheld } from "./partial.ts";
import { isSystemError } from "./system-error.ts";

const PARTIAL_FOLDER = "partial";
const PRIVATE = 0o700;
/** Less the umask. The folder keeps strangers out until the file is published. */
const FILE_MODE = 0o666;

export class Partials implements Disposable {
  readonly folder: Folder;

  private constructor(folder: Folder) {
    this.folder = folder;
  }

  /** Opens the folder, makes it if it is missing. @throws PERMISSION_DENIED, READ_ONLY, CROSS_DEVICE */
  static make(library: Library): Partials {
    using root = library.beneath.folder([]);
    using own = makePrivate(root, OWN_FOLDER, OWN_FOLDER);
    return new Partials(makePrivate(own, PARTIAL_FOLDER, `${OWN_FOLDER}/${PARTIAL_FOLDER}`));
  }

  /** Opens the folder if it is there. */
  static find(library: Library): Partials | undefined {
    using root = library.beneath.folder([]);
    if (root.look(OWN_FOLDER)?.kind !== "DIRECTORY") return undefined;
    using own = root.child(OWN_FOLDER, OWN_FOLDER);
    if (own.look(PARTIAL_FOLDER)?.kind !== "DIRECTORY") return undefined;
    return new Partials(own.child(PARTIAL_FOLDER, `${OWN_FOLDER}/${PARTIAL_FOLDER}`));
  }

  /**
   * @param name from the upload's id, the same over all retries
   * @throws UNAVAILABLE when another session holds it
   */
  create(name: string, path: string): PartialFile {
    const partial = PartialFile.create(this.folder, name, FILE_MODE);
    if (partial !== undefined) return partial;
    // Left by an earlier try. Nobody can continue it yet, so it makes room.
    const again = removeUnheld(this.folder, name)
      ? PartialFile.create(this.folder, name, FILE_MODE)
      : undefined;
    if (again !== undefined) return again;
    throw new LeatError("UNAVAILABLE", `the upload of ${quote(path)} is still running elsewhere`, {
      retryAfter: 1000,
    });
  }

  /**
   * Removes what nobody holds and nobody touched for PARTIAL_RETENTION.
   * @param now milliseconds since 1970
   * @returns how many were removed
   */
  sweep(now: number): number {
    const isOld = (facts: Facts): boolean => facts.modifiedSeconds * 1000 < now - PARTIAL_RETENTION;
    const names = readdirSync(this.folder.path);
    return names.filter((name) => removeUnheld(this.folder, name, isOld)).length;
  }

  /** Whether a partial can be renamed into this folder. */
  canPublishTo({ facts }: Folder): boolean {
    const own = this.folder.facts;
    return facts.device === own.device && facts.mount === own.mount;
  }

  /** Whether somebody removed the folder. */
  get isGone(): boolean {
    try {
      return statSync(`${this.folder.path}/.`).nlink === 0;
    } catch {
      return true;
    }
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/**
 * Opens the folder, if it is there, and sweeps it. What cannot be swept does no harm to reading: a
 * server starts, and an upload will say what is wrong.
 */
export function sweepPartials(library: Library): Partials | undefined {
  let partials: Partials | undefined;
  try {
    partials = Partials.find(library);
    partials?.sweep(Date.now());
  } catch {
    // As said above.
  }
  return partials;
}

function makePrivate(parent: Folder, name: string, path: string): Folder {
  try {
    mkdirSync(parent.at(name), { mode: PRIVATE });
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) {
      throw LeatError.from(error, `cannot make the folder ${quote(path)}`);
    }
  }
  const folder = parent.child(name, path);
  try {
    checkPrivate(folder, path);
    return folder;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

function checkPrivate(folder: Folder, path: string): void {
  if ((folder.facts.mode & 0o077) === 0) return;
  try {
    chmodSync(folder.path, PRIVATE);
  } catch (error) {
    throw LeatError.from(error, `others can look into ${quote(path)}`);
  }
}
