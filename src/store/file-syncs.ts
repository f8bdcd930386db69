/**
 * Puts files on disk that are about to be committed. Few of them: each by itself. Many at once, small
 * files of a tree: all of those that came while the last sync ran by one of the whole file system.
 */
import { closeSync, constants, fsync, openSync } from "node:fs";
import { promisify } from "node:util";
import { SYNC_TOGETHER } from "../limits.ts";
import type { Folder } from "./beneath.ts";
import { SyncThread } from "./sync-thread.ts";

const fsyncLater = promisify(fsync);

interface Waiting {
  readonly fd: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One for all: a call may take as long as a disk does, and they come one after another. */
let thread: SyncThread | undefined;

export class FileSyncs implements Disposable {
  /** On the file system of the files; it sees what goes wrong there from now on. */
  readonly #fd: number;
  #waiting: Waiting[] = [];
  /** One of the whole file system runs: who comes meanwhile waits for the next. */
  #isBusy = false;

  /** @param folder on the file system of the files; stays the caller's */
  constructor(folder: Folder) {
    this.#fd = openSync(`${folder.path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /**
   * @param fd open until the answer is there
   * @throws the system's error
   */
  sync(fd: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ fd, resolve, reject });
    // What the same turn of the event loop brings comes along.
    if (!this.#isBusy && this.#waiting.length === 1) setImmediate(() => this.#next());
    return promise;
  }

  /** Those under way are waited for by whoever asked. */
  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #next(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length >= SYNC_TOGETHER && SyncThread.isServed) void this.#together(batch);
    else this.#each(batch);
  }

  #each(batch: readonly Waiting[]): void {
    for (const { fd, resolve, reject } of batch) fsyncLater(fd).then(resolve, reject);
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    this.#isBusy = true;
    try {
      thread ??= new SyncThread();
      await thread.sync(this.#fd);
      for (const { resolve } of batch) resolve();
    } catch {
      this.#each(batch); // another's file may be what failed: each is told of its own
    }
    this.#isBusy = false;
    if (this.#waiting.length > 0) this.#next();
  }
}

/** One for each file system that a tree reaches. */
export class TreeSyncs implements Disposable {
  readonly #of = new Map<number, FileSyncs>();

  /** @param folder on the file system of the files; stays the caller's */
  of(folder: Folder): FileSyncs {
    const { device } = folder.facts;
    const found = this.#of.get(device) ?? new FileSyncs(folder);
    this.#of.set(device, found);
    return found;
  }

  /** Those under way are waited for by whoever asked. */
  [Symbol.dispose](): void {
    for (const syncs of this.#of.values()) syncs[Symbol.dispose]();
    this.#of.clear();
  }
}
