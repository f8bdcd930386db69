/**
 * A partial file: exists under a name of its own, held by its lock, until it is published. A small one
 * has no name at all before.
 */

import {
  type Stats,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { LeatError } from "../../errors.ts";
import { crc32 } from "../../hash.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import { type Folder, isNamed } from "../resolve/folder.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import type { Facts } from "../system/facts.ts";
import { Lock } from "../system/locks.ts";
import {
  ERRNO,
  linkDescriptor,
  O_CLOEXEC,
  O_TMPFILE,
  openAt,
  systemError,
} from "../system/kernel.ts";
import { fdatasyncLater, fsyncLater, readLater, writeLater } from "../system/thread-pool.ts";
import type { MaybePromise } from "../store.ts";
import { isSystemError } from "../system/system-error.ts";
import type { DiskPace } from "../system/disk-pace.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

export class PartialFile {
  readonly #file: Descriptor;
  #lock: Lock | undefined;
  readonly folder: Folder;
  #name: string | (() => string);
  #size = 0;
  #isNamed = true;
  /** Called with its name when it could not be removed. */
  onUnremoved: ((name: string) => void) | undefined;

  private constructor(fd: number, folder: Folder, name: string | (() => string)) {
    this.#file = new Descriptor(fd);
    this.folder = folder;
    this.#name = name;
  }

  /**
   * Makes a new one and locks it.
   * @param folder stays the caller's, as `target` does
   * @param target where it is going: it is made there, and linked here, so that it has the group, the
   *   ACL and the mode that any new file has there
   * @returns undefined when the name is taken
   */
  static create(
    folder: Folder,
    name: string,
    mode: number,
    target?: Folder,
  ): PartialFile | undefined {
    const made = target && PartialFile.unnamed(folder, () => name, mode, target);
    if (made !== undefined) {
      const result = made.#tryName();
      if (result === 0) return made;
      made.close();
      if (result === -ERRNO.EEXIST) return undefined;
    }
    const fd = openNew(folder.pathOf(name), mode);
    if (fd === undefined) return undefined;
    if (target !== undefined) giveGroup(fd, target);
    const partial = new PartialFile(fd, folder, name);
    try {
      // Somebody may have locked it first, or swept it, in the moment it had no lock.
      if (partial.#takeLock() && isNamed(fd, folder, name)) return partial;
    } catch (error) {
      partial.close();
      throw error;
    }
    partial.close();
    return undefined;
  }

  /**
   * Opens one that was left, and locks it.
   * @param folder stays the caller's
   * @returns undefined when there is none that is ours, or somebody holds it
   */
  static reopen(folder: Folder, name: string): PartialFile | undefined {
    const fd = openExisting(folder.pathOf(name));
    if (fd === undefined) return undefined;
    const partial = new PartialFile(fd, folder, name);
    try {
      if (isOurs(fstatSync(fd)) && partial.#takeLock() && isNamed(fd, folder, name)) {
        partial.#size = fstatSync(fd).size;
        return partial;
      }
    } catch (error) {
      partial.close();
      throw LeatError.from(error, "cannot open a partial file");
    }
    partial.close();
    return undefined;
  }

  /**
   * Makes one without a name (O_TMPFILE): there is nothing to lock and nothing to clean up, whatever
   * happens, and nothing that another try could continue.
   * @param folder stays the caller's
   * @param name that it gets when it needs one, made up then
   * @param target where it is going: it has the group, the ACL and the mode of a new file there
   * @returns undefined where that can't be done
   */
  static unnamed(
    folder: Folder,
    name: () => string,
    mode: number,
    target = folder,
  ): PartialFile | undefined {
    if (target.fd === undefined) return undefined;
    const fd = openAt(target.fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (fd < 0) return undefined;
    const partial = new PartialFile(fd, folder, name);
    partial.#isNamed = false;
    return partial;
  }

  /** The one it has among the partials, or would get. */
  get name(): string {
    if (typeof this.#name === "function") this.#name = this.#name();
    return this.#name;
  }

  /** Whether it has a name among the partials. */
  get isNamed(): boolean {
    return this.#isNamed;
  }

  /** Gives one without a name the name it is published under. @returns 0, or a negative errno */
  linkTo(folder: Folder, name: string): number {
    return folder.fd === undefined ? -ERRNO.EOPNOTSUPP : linkDescriptor(this.fd, folder.fd, name);
  }

  /** Gives it its name among the partials, from where it can be renamed. @throws IO_ERROR, NO_SPACE */
  takeName(): void {
    if (this.#isNamed) return;
    const result = this.#tryName();
    if (result < 0) throw LeatError.from(systemError(-result, "linkat"), "cannot name a partial");
  }

  /** @returns 0, or a negative errno */
  #tryName(): number {
    const result = this.#takeLock() ? this.linkTo(this.folder, this.name) : -ERRNO.EAGAIN;
    if (result === 0) this.#isNamed = true;
    return result;
  }

  /**
   * Where other processes do not see our lock, one of them may have put its own in the place of ours.
   * @throws UNAVAILABLE
   */
  checkName(): void {
    if (this.#lock?.isSeen !== false || isNamed(this.fd, this.folder, this.name)) return;
    throw new LeatError("UNAVAILABLE", "another process has taken the partial file over");
  }

  #takeLock(): boolean {
    this.#lock ??= Lock.take(this.fd);
    return this.#lock !== undefined;
  }

  /** -1 once it is closed. */
  get fd(): number {
    return this.#file.fd;
  }

  get path(): string {
    return this.folder.pathOf(this.name);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  facts(): Facts {
    return descriptorFacts(this.fd);
  }

  /**
   * Appends all of `bytes`, at once or on the thread pool.
   * @throws the system's error
   */
  append(bytes: Uint8Array, pace: DiskPace): MaybePromise<void> {
    if (!pace.mayBlock) return this.#appendLater(bytes, pace);
    pace.onLoop(() => this.#writeAll(bytes));
    this.#size += bytes.length;
  }

  async #appendLater(bytes: Uint8Array, pace: DiskPace): Promise<void> {
    await pace.onPool(() => writeLater(this.fd, bytes, this.#size));
    this.#size += bytes.length;
  }

  /** A write may be short, when the disk is nearly full. */
  #writeAll(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.fd, bytes, done, bytes.length - done, this.#size + done);
    }
  }

  /** Reads into `into` on the thread pool. @returns bytes read: fewer at the end of the file */
  read(into: Uint8Array, position: number): Promise<number> {
    return readLater(this.fd, into, position);
  }

  /**
   * CRC-32 of its first bytes.
   * @param isOver nobody wants to know any more
   * @throws IO_ERROR when there are fewer; CANCELLED when it is over
   */
  async crc32(length: number, isOver?: () => boolean): Promise<number> {
    const block = new Uint8Array(Math.min(BLOCK_SIZE, length));
    let sum = 0;
    for (let at = 0; at < length; at += BLOCK_SIZE) {
      if (isOver?.() === true) throw new LeatError("CANCELLED", "nobody goes on with the upload");
      const bytes = block.subarray(0, Math.min(BLOCK_SIZE, length - at));
      if ((await this.read(bytes, at)) < bytes.length) {
        throw new LeatError("IO_ERROR", `a partial file has less than ${length} bytes`);
      }
      sum = crc32(bytes, sum);
    }
    return sum;
  }

  /** Forgets the bytes from `size` on. */
  rewind(size: number): void {
    try {
      ftruncateSync(this.fd, size);
    } catch (error) {
      throw LeatError.from(error, "cannot cut a partial file");
    }
    this.#size = size;
  }

  /** Puts its bytes on disk, its times and name not necessarily. */
  syncBytes(): Promise<void> {
    return fdatasyncLater(this.fd);
  }

  /** Puts its bytes and its times on disk. */
  sync(): Promise<void> {
    return fsyncLater(this.fd);
  }

  /** Lets go: the lock ends, a name that it still has stays. */
  close(): void {
    this.#lock?.release();
    this.#lock = undefined;
    this.#file[Symbol.dispose]();
  }

  /** Removes the name, then lets go. */
  remove(): void {
    if (this.fd === -1) return;
    if (!this.#isNamed) return this.close();
    try {
      unlinkSync(this.path);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return;
      this.onUnremoved?.(this.name);
      throw LeatError.from(error, "cannot remove a partial file");
    } finally {
      this.close();
    }
  }
}

/** Removes a partial where something else is to be told. If that fails, the sweep does it. */
export function abandon(partial: PartialFile): void {
  try {
    partial.remove();
  } catch {
    // As said above.
  }
}

/**
 * Removes a partial unless somebody holds it.
 * @param mayRemove asked first without the lock, so that one that stays is not locked even for a
 *   moment, in which its maker would find it taken; then again with it
 * @returns whether it is gone
 */
export function removeUnheld(
  folder: Folder,
  name: string,
  mayRemove: (facts: Facts) => boolean = () => true,
): boolean {
  const seen = folder.stat(name);
  if (seen?.kind !== "FILE") return seen === undefined;
  if (!mayRemove(seen)) return false;
  const fd = openExisting(folder.pathOf(name));
  if (fd === undefined) return false;
  let lock: Lock | undefined;
  try {
    lock = Lock.take(fd);
    if (lock === undefined || !isNamed(fd, folder, name)) return false;
    const facts = descriptorFacts(fd);
    if (!mayRemove(facts)) return false;
    unlinkSync(folder.pathOf(name));
    return true;
  } catch (error) {
    throw LeatError.from(error, "cannot remove an old partial file");
  } finally {
    lock?.release();
    closeSync(fd);
  }
}

/** A file that another user has put there, or that has another name as well, is not continued. */
export function isOurs(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1 && stats.uid === (process.getuid?.() ?? stats.uid);
}

function openNew(path: string, mode: number): number | undefined {
  try {
    return openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, mode);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return undefined;
    throw LeatError.from(error, "cannot make a partial file");
  }
}

/**
 * The group that a new file has in a folder: that of the folder where the system or the folder says so.
 * A group that we may not give is no reason to refuse the file.
 */
function giveGroup(fd: number, { path }: Folder): void {
  try {
    const { mode, gid } = statSync(`${path}/.`);
    const takesGroup = process.platform === "darwin" || (mode & SET_GROUP) !== 0;
    const wanted = takesGroup ? gid : (process.getegid?.() ?? gid);
    if (fstatSync(fd).gid !== wanted) fchownSync(fd, -1, wanted);
  } catch {
    // As said above.
  }
}

/** S_ISGID of a folder: what is made in it has its group. */
const SET_GROUP = 0o2000;

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, O_RDWR | O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
