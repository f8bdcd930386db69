/**
 * Names of folders kept from one page to the next, in bounded memory and for a short while.
 *
 * Kept names are used as long as the folder is unchanged. A large folder that keeps changing would be read
 * for every page, so its kept names are also used for a while after a change: ten times as long as reading
 * them took, so that reading takes at most a tenth of the time. Names that were removed meanwhile are left
 * out by the page; new names may be missing from a listing that was under way when they were made.
 */

import {
  FOLDER_CACHE_BYTES,
  FOLDER_CACHE_TIME,
  FOLDER_READS,
  FOLDER_WINDOW_BYTES,
} from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { changedAt, type Facts, identityOf, sameChanged, sameModified } from "../system/facts.ts";
import { type FolderNames, type Room, readFolderNames } from "./folder-names.ts";
import { Semaphore } from "./semaphore.ts";

/** Reading that took longer than this, in milliseconds, makes a folder large. */
const LARGE = 20;

/** Names of a large folder are used this many times as long as they took to read. */
const REUSE_FACTOR = 10;

/**
 * A folder that changed less than this many milliseconds before it was read may change again
 * without a change of its times: they move in ticks, of two seconds on the coarsest file systems.
 */
const TICK = 2000;

interface Kept extends FolderNames {
  readonly facts: Facts;
  /** performance.now(), in milliseconds. */
  readonly readAt: number;
  /** Milliseconds that reading took. */
  readonly took: number;
  /** Whether every change since it was read has changed the folder's times. */
  readonly timesReliable: boolean;
}

export class FolderCache implements Disposable {
  readonly #kept = new Map<string, Kept>();
  readonly #budget: number;
  readonly #lifetime: number;
  readonly #readers = new Semaphore(FOLDER_READS);
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param budget bytes
   * @param lifetime milliseconds
   */
  constructor(budget = FOLDER_CACHE_BYTES, lifetime = FOLDER_CACHE_TIME) {
    this.#budget = budget;
    this.#lifetime = lifetime;
  }

  /** Bytes kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Names that begin behind `after`, or earlier.
   * @param shown the folder's path, for messages
   */
  async names(folder: Folder, after: Uint8Array | undefined, shown: string): Promise<FolderNames> {
    const kept = this.#find(folder, after);
    if (kept !== undefined) return kept;
    return await this.#readers.run(
      async () => this.#find(folder, after) ?? (await this.#read(folder, after, shown)),
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#kept.clear();
    this.#bytes = 0;
  }

  #find(folder: Folder, after: Uint8Array | undefined): Kept | undefined {
    const key = identityOf(folder.facts);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (this.#isOld(kept) || !isFresh(kept, folder.facts, after)) return undefined;
    if (!reaches(kept, after)) return undefined;
    // The order of the map is that of the last use.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  async #read(folder: Folder, after: Uint8Array | undefined, shown: string): Promise<FolderNames> {
    const readAt = performance.now();
    const { facts } = folder;
    const timesReliable = Date.now() - newest(facts) > TICK;
    using room = this.#room(identityOf(facts));
    const read = await readFolderNames(folder, after, shown, room);
    const kept = { ...read, facts, readAt, took: performance.now() - readAt, timesReliable };
    this.#keep(identityOf(facts), kept);
    return kept;
  }

  /**
   * The memory of a reader: one window, and more while no other reader needs it and no other folder has to
   * be dropped for it. A folder that fits into fewer windows is read fewer times.
   */
  #room(key: string): Room & Disposable {
    const own = this.#kept.get(key);
    const others = this.#bytes - (own === undefined ? 0 : costOf(own));
    let windows = 1;
    return {
      bytes: FOLDER_WINDOW_BYTES,
      more: () => {
        const bytes = (windows + 1) * FOLDER_WINDOW_BYTES + FOLDER_COST;
        if (others + bytes > this.#budget || !this.#readers.takeSpare()) return 0;
        windows += 1;
        return FOLDER_WINDOW_BYTES;
      },
      [Symbol.dispose]: () => {
        for (; windows > 1; windows -= 1) this.#readers.release();
      },
    };
  }

  #keep(key: string, kept: Kept): void {
    this.#drop(key);
    if (costOf(kept) > this.#budget) return;
    this.#kept.set(key, kept);
    this.#bytes += costOf(kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#budget) break;
      this.#drop(oldest);
    }
    this.#watch();
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= costOf(kept);
  }

  /** Drops what is too old, now and as long as something is kept. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const [key, kept] of this.#kept) if (this.#isOld(kept)) this.#drop(key);
      if (this.#kept.size > 0) this.#watch();
    }, this.#lifetime);
    this.#timer.unref();
  }

  #isOld(kept: Kept): boolean {
    return performance.now() - kept.readAt > this.#lifetime;
  }
}

/** A folder takes memory besides its names, however few they are: measured with 60,000 empty ones. */
export const FOLDER_COST = 2048;

function costOf({ names }: Kept): number {
  return names.size + FOLDER_COST;
}

function isFresh(kept: Kept, now: Facts, after: Uint8Array | undefined): boolean {
  const sameTimes = sameModified(kept.facts, now) && sameChanged(kept.facts, now);
  if (kept.timesReliable && sameTimes) return true;
  if (after === undefined || kept.took < LARGE) return false;
  return performance.now() - kept.readAt < kept.took * (REUSE_FACTOR + 1);
}

/** Whether the window has the names that follow `after`. */
function reaches(kept: Kept, after: Uint8Array | undefined): boolean {
  if (kept.after !== undefined && (after === undefined || Buffer.compare(kept.after, after) > 0)) {
    return false;
  }
  if (kept.complete) return true;
  return after === undefined || kept.names.compare(kept.names.count - 1, after) > 0;
}

/** The last time of a folder, in milliseconds since 1970. */
function newest(facts: Facts): number {
  return Math.max(facts.modifiedSeconds * 1000, changedAt(facts));
}
