/**
 * Puts files on disk that are about to be committed. Few files are synced one by one. Of many small files,
 * as in a tree, all that came while the last sync ran are put on disk by one sync of the file system.
 *
 * When that reports that something was lost, the kernel does not say what, and reports it only once: a sync
 * of a single file may succeed afterwards (seen with a block of inodes). So all files that were begun
 * before are refused, and files that are begun later get another FileSyncs.
 */
import { constants, openSync } from "node:fs";
import { SYNC_TOGETHER } from "../../limits.ts";
import { nextTurn } from "../../next-turn.ts";
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

/** One for the process: calls may take long, and are made one after another. */
let thread: SyncThread | undefined;

export class FileSyncs implements Disposable {
  /** A folder on the file system of the files: syncs by it report errors from now on. */
  readonly #folder: Descriptor;
  #waiting: Waiting[] = [];
  /** A sync of the file system runs: files that come meanwhile wait for the next. */
  #isBusy = false;
  #isClosed = false;
  /** The error of a sync of the file system. */
  #lost: { readonly cause: unknown } | undefined;

  /** @param folder on the file system of the files; stays the caller's */
  constructor(folder: Folder) {
    const path = `${folder.path}/.`;
    this.#folder = new Descriptor(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /**
   * @param fd stays open until it is done
   * @throws the system's error
   */
  sync(fd: number): Promise<void> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost.cause);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ fd, resolve, reject });
    // Files of the same turn of the event loop are synced together.
    if (!this.#isBusy && this.#waiting.length === 1) nextTurn(() => this.#next());
    return promise;
  }

  /** Whether bytes were lost: files that are begun from now on need another FileSyncs. */
  get hasLost(): boolean {
    return this.#lost !== undefined;
  }

  /** A sync that runs goes on; files that come later are synced one by one. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    if (!this.#isBusy) this.#folder[Symbol.dispose]();
  }

  #next(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const together = batch.length >= SYNC_TOGETHER && SyncThread.isSupported && !this.#isClosed;
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

/** Bytes did not get to the disk; any other error says that the call is not supported. */
const LOST = ["EIO", "ENOSPC", "EDQUOT"];

/** One for each file system that files are written to. */
export class TreeSyncs implements Disposable {
  readonly #of = new Map<number, FileSyncs>();

  /**
   * For a file that is about to be begun.
   * @param folder on the file system of the files; stays the caller's
   * @returns undefined where the folder cannot be opened for that: then each file is synced by itself
   */
  of(folder: Folder): FileSyncs | undefined {
    const { device } = folder.facts;
    const last = this.#of.get(device);
    if (last?.hasLost === false) return last;
    last?.[Symbol.dispose]();
    try {
      const next = new FileSyncs(folder);
      this.#of.set(device, next);
      return next;
    } catch (error) {
      if (isUnsupported(error)) return undefined;
      throw error;
    }
  }

  /** Syncs that run are waited for by their callers. */
  [Symbol.dispose](): void {
    for (const syncs of this.#of.values()) syncs[Symbol.dispose]();
    this.#of.clear();
  }
}
