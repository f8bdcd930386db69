/** A local folder that keeps files which are replaced or removed elsewhere: each has the path there that it had. */
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { quote } from "../../store/names.ts";
import { setModifiedAt } from "../../store/system/posix.ts";
import { explain, isSystemError } from "../../store/system/system-error.ts";
import type { LocalFolder } from "./local-folder.ts";

/** An older backup of the same path is replaced. */
export class LocalBackups {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  /**
   * The file keeps its name, too, until it is replaced.
   * @param place relative to the target
   * @param isCopy it is to be another file, and not one with two names, if it can be read
   */
  keep(parent: LocalFolder, name: string, place: string, isCopy = false): void {
    this.#put(place, (to) => {
      rmSync(to, { force: true });
      if (isCopy && copyReadable(parent, name, to)) return;
      if (!link(parent.pathOf(name), to)) copy(parent, name, to);
    });
  }

  /** For a file or link that is removed. */
  move(parent: LocalFolder, name: string, place: string): void {
    this.#put(place, (to) => {
      const from = parent.pathOf(name);
      try {
        renameSync(from, to);
      } catch (error) {
        if (!isSystemError(error, "EXDEV")) throw error;
        this.keep(parent, name, place);
        unlinkSync(from);
      }
    });
  }

  #put(place: string, put: (to: string) => void): void {
    const to = join(this.#folder, place);
    explain(`cannot keep ${quote(place)} in ${quote(this.#folder)}`, () => {
      mkdirSync(dirname(to), { recursive: true });
      put(to);
    });
  }
}

/** @returns whether the file systems let it have a second name */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (!isSystemError(error, ...NO_LINK)) throw error;
    return false;
  }
}

/** @returns false where this user may not read it: a second name it can have all the same */
function copyReadable(parent: LocalFolder, name: string, to: string): boolean {
  try {
    copy(parent, name, to);
    return true;
  } catch (error) {
    if (!isSystemError(error, "EACCES")) throw error;
    return false;
  }
}

/** With the mode and the time of the file. */
function copy(parent: LocalFolder, name: string, to: string): void {
  const version = parent.versionOf(name);
  copyFileSync(parent.pathOf(name), to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  if (version !== undefined) setModifiedAt(to, version.modified);
}

/** The file systems are two, or one without links. */
const NO_LINK = ["EXDEV", "EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EMLINK"];
