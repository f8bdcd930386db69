/**
 * Puts files on disk that are about to be committed. Few of them: each by itself. Many at once, small
 * files of a tree: all of those that came while the last sync ran by one of the whole file system.
 *
 * When that says that something was lost, the kernel does not say what, and says so once: a sync of a
 * single file may find nothing wrong with it afterwards (seen with a block of inodes). So all whose
 * files were begun before that are refused, and files that are begun later get another FileSyncs.
 */
import { constants, openSync } from "node:fs";
import { SYNC_TOGETHER } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { SyncThread } from "./sync-thread.ts";
import { isSystemError, isUnsupported } from "../system/system-error.ts";
import { fsyncLater } from "../system/thread-pool.ts";

interface Waiting {
  readonly fd: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One for all: a call may take as long as a disk does, and they come one after another. */
let thread: SyncThread | undefined;

export class FileSyncs implements Disposable {
  /** On the file system of the files; it sees what goes wrong there from now on. */
  readonly #folder: Descriptor;
  #waiting: Waiting[] = [];
  /** One of the whole file system runs: files that come meanwhile wait for the next. */
  #isBusy = false;
  #isClosed = false;
  /** What a sync of the whole file system has said. */
  #lost: { readonly cause: unknown } | undefined;

  /** @param folder on the file system of the files; stays the caller's */
  constructor(folder: Folder) {
    const path = `${folder.path}/.`;
    this.#folder = new Descriptor(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /**
   * @param fd open until the answer is there
   * @throws the system's error
   */
  sync(fd: number): Promise<void> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost.cause);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ fd, resolve, reject });
    // What the same turn of the event loop brings comes along.
    if (!this.#isBusy && this.#waiting.length === 1) setImmediate(() => this.#next());
    return promise;
  }

  /** Files that are begun from now on need another one. */
  get hasLost(): boolean {
    return this.#lost !== undefined;
  }

  /** A sync that is under way goes on; a file that comes later is synced by itself. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    if (!this.#isBusy) this.#folder[Symbol.dispose]();
  }

  #next(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const together = batch.length >= SYNC_TOGETHER && SyncThread.isServed && !this.#isClosed;
    if (together) void this.#together(batch);
    else this.#each(batch);
  }

  #lose(cause: unknown, batch: readonly Waiting[]): void {
    this.#lost = { cause };
    for (const { reject } of [...batch, ...this.#waiting]) reject(cause);
    this.#waiting = [];
  }

  #each(batch: readonly Waiting[]): void {
    for (const { fd, resolve, reject } of batch) fsyncLater(fd).then(resolve, reject);
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    this.#isBusy = true;
    try {
      thread ??= new SyncThread();
      await thread.sync(this.#folder.fd);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (isSystemError(error, ...LOST)) this.#lose(error, batch);
      else this.#each(batch);
    }
    this.#isBusy = false;
    if (this.#isClosed) this.#folder[Symbol.dispose]();
    if (this.#waiting.length > 0) this.#next();
  }
}

/** @param folder on the file system of the files; stays the caller's @returns `last`, while it is of use */
export function currentSyncs(last: FileSyncs | undefined, folder: Folder): FileSyncs {
  if (last?.hasLost === false) return last;
  last?.[Symbol.dispose]();
  return new FileSyncs(folder);
}

/** Bytes did not get to the disk; anything else says that the call cannot be had. */
const LOST = ["EIO", "ENOSPC", "EDQUOT"];

/** One for each file system that a tree reaches. */
export class TreeSyncs implements Disposable {
  readonly #of = new Map<number, FileSyncs>();

  /**
   * Those for a file that is about to be begun.
   * @param folder on the file system of the files; stays the caller's
   * @returns undefined where the folder cannot be opened for that: then each file is synced by itself
   */
  of(folder: Folder): FileSyncs | undefined {
    const { device } = folder.facts;
    try {
      const found = currentSyncs(this.#of.get(device), folder);
      this.#of.set(device, found);
      return found;
    } catch (error) {
      if (isUnsupported(error)) return undefined;
      throw error;
    }
  }

  /** Those under way are waited for by their callers. */
  [Symbol.dispose](): void {
    for (const syncs of this.#of.values()) syncs[Symbol.dispose]();
    this.#of.clear();
  }
}
