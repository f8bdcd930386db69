/**
 * The folder of partial files: `.leat/partial` in the library, so that a commit is a rename on one file
 * system. Made when the first upload begins; only the user of the server has access to it.
 */

import { readdirSync } from "node:fs";
import { PARTIALS_COMPARED, PARTIALS_LEFT } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { bytesOnDisk, changedAt, type Facts } from "../system/facts.ts";
import { type FileSyncs, TreeSyncs } from "../write/file-syncs.ts";
import { beyond, KEPT_BOUNDS, type KeptBounds, KeptPartials } from "./kept-partials.ts";
import type { Library } from "../resolve/library.ts";
import { partialMode } from "../write/new-mode.ts";
import { findPrivateFolder, isRemoved, makePrivateFolder } from "../resolve/private-folder.ts";
import { abandon, PartialFile, removeUnheld } from "../write/partial.ts";
import { sumPartial } from "../write/sum-partial.ts";
import { stillRunning } from "../system/refusals.ts";
import { pause } from "../../next-turn.ts";
import type { Prefix } from "../store.ts";
import type { Usage } from "../usage.ts";

/** In the folder of a store. */
export const PARTIAL_FOLDER = "partial";

/** Partials of a sweep between two pauses for the event loop. */
const SLICE = 128;

/** A partial that this process has locked, and whether there was none before. */
export interface Owned {
  readonly partial: PartialFile;
  readonly isNew: boolean;
}

interface Found {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. Not the modified time, which may be that of the file it becomes. */
  readonly changed: number;
}

export class Partials implements Disposable {
  readonly folder: Folder;
  readonly #syncs = new TreeSyncs();
  /** Those that stay for another try. */
  readonly kept: KeptPartials;
  readonly #bounds: KeptBounds;
  /** The names are being read; all calls that come meanwhile share the next reading. */
  #reading: Promise<unknown> = Promise.resolve();
  #next: Promise<string[]> | undefined;
  /** Those that could not be removed: the next sweep tries again, however new they are. */
  readonly #unremoved = new Set<string>();
  readonly #usage: Usage | undefined;

  /** @param folder closed with this @param usage they count there */
  constructor(folder: Folder, bounds: KeptBounds, usage?: Usage) {
    this.folder = folder;
    this.#usage = usage;
    this.#bounds = bounds;
    this.kept = new KeptPartials(bounds, this);
  }

  /** Opens the folder, makes it if it is missing. @throws PERMISSION_DENIED, READ_ONLY, CROSS_DEVICE */
  static make(library: Library, bounds = KEPT_BOUNDS): Partials {
    return new Partials(makePrivateFolder(library, PARTIAL_FOLDER), bounds, library.usage);
  }

  /** Opens the folder if it is there. */
  static find(library: Library, bounds: KeptBounds): Partials | undefined {
    const folder = findPrivateFolder(library, PARTIAL_FOLDER);
    return folder && new Partials(folder, bounds, library.usage);
  }

  /**
   * Creates the partial of an upload that is not continued: it replaces one that an earlier try has left.
   * @param target the folder that the file is going to
   * @throws UNAVAILABLE while another try holds the one with this name
   */
  create(name: string, path: string, target: Folder, mode = partialMode()): PartialFile {
    const make = (): PartialFile | undefined =>
      this.#adopt(PartialFile.create(this.folder, name, mode, { target }));
    const partial = make() ?? (this.#removeUnheld(name) ? make() : undefined);
    if (partial !== undefined) return partial;
    throw stillRunning(path);
  }

  /** Puts partials on disk, many at once, for uploads that begin now. */
  get syncs(): FileSyncs | undefined {
    return this.#syncs.of(this.folder);
  }

  /** Creates one without a name, as `PartialFile.unnamed`. */
  createUnnamed(name: () => string, target: Folder, mode: number): PartialFile | undefined {
    return this.#adopt(PartialFile.unnamed(this.folder, name, mode, target));
  }

  /**
   * Locks the partial of a retried upload: the one that an earlier try has left, or a new one.
   * @param target the folder that the file is going to
   * @returns undefined while another try holds it
   */
  lock(name: string, target: Folder, mode: number): Owned | undefined {
    const made = this.#adopt(PartialFile.create(this.folder, name, mode, { target }));
    if (made !== undefined) return { partial: made, isNew: true };
    const left = this.reopen(name);
    if (left !== undefined) return { partial: left, isNew: false };
    // A second name of a file that was committed is never continued.
    this.remove(name, ({ links }) => links > 1);
    return undefined;
  }

  /** Opens what an earlier try has left, unless another try holds it. */
  reopen(name: string): PartialFile | undefined {
    return this.#adopt(PartialFile.reopen(this.folder, name), false);
  }

  /** @throws QUOTA_EXCEEDED, when a new one is removed */
  #adopt(partial: PartialFile | undefined, isNew = true): PartialFile | undefined {
    if (partial === undefined) return undefined;
    try {
      if (this.#usage !== undefined) partial.countIn(this.#usage, isNew);
    } catch (error) {
      abandon(partial);
      throw error;
    }
    if (partial.isNamed) this.#unremoved.delete(partial.name);
    partial.onUnremoved = this.#onUnremoved;
    return partial;
  }

  readonly #onUnremoved = (name: string): void => {
    if (this.#unremoved.size < PARTIALS_LEFT) this.#unremoved.add(name);
  };

  /**
   * Opens and locks a partial of this target whose first bytes are these.
   * @param own the caller's own partial, which is left out
   * @returns "held" where none was found, but one that another try holds
   */
  async find(
    target: string,
    prefix: Prefix,
    own: string,
    isOver: () => boolean,
  ): Promise<PartialFile | "held" | undefined> {
    const all = await this.#names();
    const names = all.filter((name) => name.endsWith(`.${target}`) && name !== own);
    let held: "held" | undefined;
    for (const name of names.slice(0, PARTIALS_COMPARED)) {
      const partial = this.reopen(name);
      if (partial === undefined) {
        held = "held";
        continue;
      }
      try {
        const begins = partial.size >= prefix.length && prefix.length > 0;
        if (begins && (await sumPartial(partial, prefix.length, isOver)) === prefix.crc32)
          return partial;
      } catch (error) {
        partial.close();
        throw error;
      }
      partial.close();
    }
    return held;
  }

  /**
   * Removes partials that no try holds: those that were last changed before `since`, those that could not
   * be removed before, and the oldest of those beyond the bounds.
   * @param since milliseconds since 1970
   * @returns how many were removed
   */
  sweep(since: number): number {
    const all: Found[] = [];
    for (const name of readdirSync(this.folder.path)) this.#stat(name, all);
    return this.#sweepThrough(all, since);
  }

  /** As `sweep`, with pauses. Errors are ignored: the next sweep tries again. */
  async sweepLater(since: number): Promise<void> {
    try {
      const all: Found[] = [];
      for (const [index, name] of (await this.#names()).entries()) {
        this.#stat(name, all);
        if (index % SLICE === SLICE - 1) await pause();
      }
      this.#sweepThrough(all, since);
    } catch {
      // As documented: the next sweep tries again.
    }
  }

  #stat(name: string, all: Found[]): void {
    const facts = this.folder.stat(name);
    if (facts?.kind !== "FILE") return;
    all.push({ name, size: bytesOnDisk(facts), changed: changedAt(facts) });
  }

  #sweepThrough(all: readonly Found[], since: number): number {
    const isDue = (name: string, changed: number): boolean =>
      changed < since || this.#unremoved.has(name);
    const { due = [], rest = [] } = Object.groupBy(all, ({ name, changed }) =>
      isDue(name, changed) ? "due" : "rest",
    );
    const removed = [
      ...due.filter(({ name }) => this.remove(name, (facts) => isDue(name, changedAt(facts)))),
      ...beyond(rest, this.#bounds).filter((name) => this.remove(name)),
    ];
    return removed.length;
  }

  /** The names of all partials, read from now on. */
  #names(): Promise<string[]> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => {});
      return reading;
    });
    return this.#next;
  }

  async #read(): Promise<string[]> {
    const names: string[] = [];
    await this.folder.readNames(PARTIAL_FOLDER, {
      take: (bytes, start, end) =>
        void names.push(Buffer.from(bytes.subarray(start, end)).toString("latin1")),
      settle: () => Promise.resolve(),
    });
    return names;
  }

  /** Unless a try holds it. One that cannot be removed is left to the next sweep. @returns whether it is gone */
  remove(name: string, mayRemove?: (facts: Facts) => boolean): boolean {
    try {
      const gone = this.#removeUnheld(name, mayRemove);
      if (gone) this.#unremoved.delete(name);
      return gone;
    } catch {
      return false;
    }
  }

  #removeUnheld(name: string, mayRemove?: (facts: Facts) => boolean): boolean {
    return removeUnheld(this.folder, name, mayRemove, this.#usage);
  }

  /** Whether a partial can be renamed into this folder. */
  canPublishTo({ facts }: Folder): boolean {
    const own = this.folder.facts;
    return facts.device === own.device && facts.mount === own.mount;
  }

  /** Whether the folder was removed. */
  get isRemoved(): boolean {
    return isRemoved(this.folder);
  }

  [Symbol.dispose](): void {
    this.#syncs[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}
