/**
 * A partial file: a file that is being written, under a name of its own and locked, until it is published.
 * A small one has no name at all.
 */

import { constants, fstatSync, ftruncateSync, unlinkSync, writeSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { MiB } from "../../limits.ts";
import { type Folder, isNamed } from "../resolve/folder.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { bytesOf, type Facts } from "../system/facts.ts";
import { Lock } from "../system/locks.ts";
import {
  ERRNO,
  holeAt,
  linkDescriptor,
  O_CLOEXEC,
  O_TMPFILE,
  openAt,
  systemError,
} from "../system/kernel.ts";
import {
  fdatasyncLater,
  fsyncLater,
  readLater,
  truncateLater,
  writeLater,
} from "../system/thread-pool.ts";
import type { MaybePromise } from "../store.ts";
import type { Usage } from "../usage.ts";
import { explain, ignoreErrors, isSystemError } from "../system/system-error.ts";
import type { DiskPace } from "../system/disk-pace.ts";
import { giveGroup, isOurs, openExisting, openNew } from "./open-partial.ts";

/** A longer hole is made on the thread pool. One of a few blocks is made before a thread has woken up. */
const SHORT_HOLE = 4 * MiB;

interface CreateOptions {
  /**
   * The folder that the file is going to: it is created there and linked into its own folder, so that it has the group, ACL
   * and mode of a new file there.
   */
  readonly target?: Folder;
  /** What it becomes, for messages. */
  readonly shown?: string;
}

export class PartialFile {
  readonly #file: Descriptor;
  #lock: Lock | undefined;
  readonly folder: Folder;
  #name: string | (() => string);
  #size = 0;
  #isNamed = true;
  /** Called with its name when it could not be removed. */
  onUnremoved: ((name: string) => void) | undefined;
  #usage: Usage | undefined;
  /** Bytes that count as used. */
  #counted = 0;
  /** It has become a file of the library. */
  #isPublished = false;

  private constructor(fd: number, folder: Folder, name: string | (() => string)) {
    this.#file = new Descriptor(fd);
    this.folder = folder;
    this.#name = name;
  }

  /**
   * Creates and locks a new one.
   * @param folder stays the caller's, as `target` does
   * @returns undefined when the name is taken
   */
  static create(
    folder: Folder,
    name: string,
    mode: number,
    { target, shown = "the target" }: CreateOptions = {},
  ): PartialFile | undefined {
    const made = target && PartialFile.unnamed(folder, () => name, mode, target);
    if (made !== undefined) {
      const result = made.#tryName();
      if (result === 0) return made;
      made.close();
      if (result === -ERRNO.EEXIST) return undefined;
    }
    const fd = openNew(folder.pathOf(name), mode, shown);
    if (fd === undefined) return undefined;
    if (target !== undefined) giveGroup(fd, target);
    // Another process may have locked it first, or removed it, before it was locked.
    const partial = new PartialFile(fd, folder, name);
    return partial.#closeUnless(() => partial.#takeLock() && isNamed(fd, folder, name));
  }

  /**
   * Opens and locks one that an earlier try has left.
   * @param folder stays the caller's
   * @returns undefined when there is none that is ours, or another process holds it
   */
  static reopen(folder: Folder, name: string): PartialFile | undefined {
    const fd = openExisting(folder.pathOf(name));
    if (fd === undefined) return undefined;
    const partial = new PartialFile(fd, folder, name);
    const check = (): boolean => {
      if (!isOurs(fstatSync(fd)) || !partial.#takeLock()) return false;
      partial.#size = fstatSync(fd).size;
      return isNamed(fd, folder, name);
    };
    return explain("cannot open a partial file", () => partial.#closeUnless(check));
  }

  /**
   * Creates one without a name (O_TMPFILE): it need not be locked, leaves nothing behind, and cannot be
   * continued by another try.
   * @param folder stays the caller's
   * @param name called when it needs one
   * @param target the folder that the file is going to: it has the group, ACL and mode of a new file there
   * @returns undefined where the system or the file system cannot do that
   */
  static unnamed(
    folder: Folder,
    name: () => string,
    mode: number,
    target = folder,
  ): PartialFile | undefined {
    if (target.fd === undefined) return undefined;
    const fd = openAt(target.fd, ".", O_TMPFILE | constants.O_RDWR | O_CLOEXEC, mode);
    if (fd < 0) return undefined;
    const partial = new PartialFile(fd, folder, name);
    partial.#isNamed = false;
    return partial;
  }

  /** @returns itself; undefined, and closed, where the check fails @throws the error of the check */
  #closeUnless(check: () => boolean): this | undefined {
    let isGood = false;
    try {
      isGood = check();
    } finally {
      if (!isGood) this.close();
    }
    return isGood ? this : undefined;
  }

  /** Its name in the folder of partial files, or the one it would get there. */
  get name(): string {
    if (typeof this.#name === "function") this.#name = this.#name();
    return this.#name;
  }

  /** From now on it counts. @param isNew it does not yet @throws QUOTA_EXCEEDED */
  countIn(usage: Usage, isNew: boolean): void {
    if (isNew) usage.take(0, 1);
    this.#usage = usage;
    this.#counted = this.#size;
  }

  /** It will have so many bytes. @throws QUOTA_EXCEEDED */
  reserve(size: number): void {
    if (this.#usage === undefined || size <= this.#counted) return;
    this.#usage.take(size - this.#counted, 0);
    this.#counted = size;
  }

  /** It has become a file. @param replaced what had the name before */
  published(replaced: Facts | undefined): void {
    this.#isPublished = true;
    if (replaced !== undefined) this.#usage?.give(bytesOf(replaced), 1);
  }

  /** The file that it had become is removed. */
  withdrawn(): void {
    this.#isPublished = false;
    this.#isNamed = false;
  }

  /** Whether it has a name in the folder of partial files. */
  get isNamed(): boolean {
    return this.#isNamed;
  }

  /** Publishes one that has no name. @returns 0, or a negative errno */
  linkTo(folder: Folder, name: string): number {
    return folder.fd === undefined ? -ERRNO.EOPNOTSUPP : linkDescriptor(this.fd, folder.fd, name);
  }

  /**
   * Gives it its name in the folder of partial files, unless it has that, so that it can be renamed.
   * @throws IO_ERROR, NO_SPACE; UNAVAILABLE where other processes do not see our lock, and one of them has
   *   replaced our partial file by its own
   */
  takeName(): void {
    const result = this.#isNamed ? 0 : this.#tryName();
    if (result < 0) throw LeatError.from(systemError(-result, "linkat"), "cannot name a partial");
    if (this.#lock?.isShared !== false || isNamed(this.fd, this.folder, this.name)) return;
    throw new LeatError("UNAVAILABLE", "another process has taken the partial file over");
  }

  /** @returns 0, or a negative errno */
  #tryName(): number {
    const result = this.#takeLock() ? this.linkTo(this.folder, this.name) : -ERRNO.EAGAIN;
    if (result === 0) this.#isNamed = true;
    return result;
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
   * @throws the system's error, QUOTA_EXCEEDED
   */
  append(bytes: Uint8Array, pace: DiskPace): MaybePromise<void> {
    this.reserve(this.#size + bytes.length);
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

  /**
   * Appends zeros that take no room, at once or on the thread pool: some file systems write them.
   * @throws the system's error, QUOTA_EXCEEDED
   */
  appendHole(length: number, pace: DiskPace): MaybePromise<void> {
    const size = this.#size + length;
    this.reserve(size);
    if (length > SHORT_HOLE || !pace.mayBlock) return this.#appendHoleLater(size, pace);
    pace.onLoop(() => ftruncateSync(this.fd, size));
    this.#size = size;
  }

  async #appendHoleLater(size: number, pace: DiskPace): Promise<void> {
    await pace.onPool(() => truncateLater(this.fd, size));
    this.#size = size;
  }

  /** How many bytes from `position` on are a hole; 0 where that is not known. */
  holeAt(position: number): number {
    return holeAt(this.fd, position);
  }

  /** Reads into `into` on the thread pool. @returns bytes read: fewer at the end of the file */
  read(into: Uint8Array, position: number): Promise<number> {
    return readLater(this.fd, into, position);
  }

  /** Cuts it to `size` bytes. */
  rewind(size: number): void {
    explain("cannot cut a partial file", () => ftruncateSync(this.fd, size));
    this.#size = size;
  }

  /** Puts its bytes on disk, without its times and name. */
  syncBytes(): Promise<void> {
    return fdatasyncLater(this.fd);
  }

  /** Puts its bytes and its times on disk. */
  sync(): Promise<void> {
    return fsyncLater(this.fd);
  }

  /** Closes and unlocks it; its name stays. */
  close(): void {
    this.#settle();
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
    this.#file[Symbol.dispose]();
  }

  /** What was reserved, and is not there, counts no more. */
  #settle(): void {
    const left = this.#isPublished || this.#isNamed;
    this.#usage?.give(this.#counted - (left ? this.#size : 0), left ? 0 : 1);
    this.#usage = undefined;
  }

  /** Removes its name, then closes it. */
  remove(): void {
    if (this.fd === -1) return;
    if (!this.#isNamed) return this.close();
    try {
      unlinkSync(this.path);
      this.#isNamed = false;
    } catch (error) {
      this.#isNamed = !isSystemError(error, "ENOENT");
      if (!this.#isNamed) return;
      this.onUnremoved?.(this.name);
      throw LeatError.from(error, "cannot remove a partial file");
    } finally {
      this.close();
    }
  }
}

/** Removes a partial where the caller reports another error. */
export function abandon(partial: PartialFile): void {
  ignoreErrors(() => partial.remove()); // the sweep removes one that stays
}

/**
 * Removes a partial unless another process holds it.
 * @param mayRemove called without the lock, so that one that stays is not locked even for a moment, in
 *   which a retry would find it held; then again with the lock
 * @param usage it was counted there
 * @returns whether it is gone
 */
export function removeUnheld(
  folder: Folder,
  name: string,
  mayRemove: (facts: Facts) => boolean = () => true,
  usage?: Usage,
): boolean {
  const seen = folder.stat(name);
  if (seen?.kind !== "FILE") return seen === undefined;
  if (!mayRemove(seen)) return false;
  const fd = openExisting(folder.pathOf(name));
  if (fd === undefined) return false;
  using _file = new Descriptor(fd);
  return explain("cannot remove an old partial file", () => {
    using lock = Lock.take(fd);
    if (lock === undefined || !isNamed(fd, folder, name)) return false;
    const facts = descriptorFacts(fd);
    if (!mayRemove(facts)) return false;
    unlinkSync(folder.pathOf(name));
    if (facts.links === 1) usage?.give(facts.size, 1);
    return true;
  });
}
