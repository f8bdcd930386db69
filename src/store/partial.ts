/** A partial file: exists under a name of its own, held by its lock, until it is published. */

import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { LeatError } from "../errors.ts";
import type { Folder } from "./beneath.ts";
import { type Facts, factsOf, sameThing } from "./facts.ts";
import { tryLock } from "./posix.ts";
import { isSystemError } from "./system-error.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

// The kernel's work is done on the thread pool: a sync may take seconds.
const fsyncLater = promisify(fsync);
const fdatasyncLater = promisify(fdatasync);

export class Partial {
  readonly fd: number;
  readonly folder: Folder;
  readonly name: string;
  /** Bytes written so far. */
  size = 0;
  #open = true;

  private constructor(fd: number, folder: Folder, name: string) {
    this.fd = fd;
    this.folder = folder;
    this.name = name;
  }

  /**
   * Makes a new one and locks it.
   * @param folder stays the caller's
   * @returns undefined when the name is taken
   */
  static create(folder: Folder, name: string, mode: number): Partial | undefined {
    const fd = openNew(folder.at(name), mode);
    if (fd === undefined) return undefined;
    // Somebody may have locked it first, or swept it, in the moment it had no lock.
    if (tryLock(fd) && isNamed(fd, folder, name)) return new Partial(fd, folder, name);
    closeSync(fd);
    return undefined;
  }

  get path(): string {
    return this.folder.at(this.name);
  }

  facts(): Facts {
    return factsOf(fstatSync(this.fd, { bigint: true }));
  }

  /** Appends all of `bytes`. @throws NO_SPACE, QUOTA_EXCEEDED, IO_ERROR, TOO_LARGE */
  append(bytes: Uint8Array, doing: string): void {
    let done = 0;
    try {
      while (done < bytes.length) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, this.size + done);
      }
    } catch (error) {
      throw LeatError.from(error, doing);
    }
    this.size += done;
  }

  /** Puts its bytes on disk, its times and name not necessarily. */
  async syncBytes(): Promise<void> {
    await fdatasyncLater(this.fd);
  }

  /** Puts its bytes and its times on disk. */
  async sync(): Promise<void> {
    await fsyncLater(this.fd);
  }

  /** Lets go: the lock ends, a name that it still has stays. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }

  /** Removes the name, then lets go. */
  remove(): void {
    if (!this.#open) return;
    try {
      unlinkSync(this.path);
    } catch (error) {
      if (!isSystemError(error, "ENOENT"))
        throw LeatError.from(error, "cannot remove a partial file");
    } finally {
      this.close();
    }
  }
}

/**
 * Removes a partial unless somebody holds it.
 * @param mayRemove asked with the lock held
 * @returns whether it is gone
 */
export function removeUnheld(
  folder: Folder,
  name: string,
  mayRemove: (facts: Facts) => boolean = () => true,
): boolean {
  const fd = openExisting(folder.at(name));
  if (fd === undefined) return folder.look(name) === undefined;
  try {
    if (!tryLock(fd) || !isNamed(fd, folder, name)) return false;
    const facts = factsOf(fstatSync(fd, { bigint: true }));
    if (facts.kind !== "FILE" || !mayRemove(facts)) return false;
    unlinkSync(folder.at(name));
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Whether the open file still has this name. */
function isNamed(fd: number, folder: Folder, name: string): boolean {
  const named = folder.look(name);
  return named !== undefined && sameThing(named, factsOf(fstatSync(fd, { bigint: true })));
}

function openNew(path: string, mode: number): number | undefined {
  try {
    return openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, mode);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return undefined;
    throw LeatError.from(error, "cannot make a partial file");
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, O_RDWR | O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
