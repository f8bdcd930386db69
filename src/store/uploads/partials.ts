/**
 * The folder of partial files: `.leat/partial` in the library, so that a commit is a rename on one
 * file system. Made when the first upload begins; nobody else may look into it.
 */

import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { PARTIALS_COMPARED, PARTIALS_LEFT } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Facts } from "../system/facts.ts";
import { currentSyncs, type FileSyncs } from "../write/file-syncs.ts";
import { statDescriptor } from "../system/kernel.ts";
import { beyond, KEPT_BOUNDS, type KeptBounds, KeptPartials } from "./kept-partials.ts";
import type { Library } from "../resolve/library.ts";
import { OWN_FOLDER, quote } from "../names.ts";
import { partialMode } from "../write/new-mode.ts";
import { PartialFile, removeUnheld } from "../write/partial.ts";
import { pause } from "../system/pause.ts";
import type { Prefix } from "../store.ts";
import { isSystemError } from "../system/system-error.ts";

const PARTIAL_FOLDER = "partial";
const PRIVATE = 0o700;

/** Partials that are looked at between two looks at the event loop. */
const SLICE = 128;

/** One that is ours, and whether there was none before. */
export interface Owned {
  readonly partial: PartialFile;
  readonly isNew: boolean;
}

interface Seen {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
}

export class Partials implements Disposable {
  readonly folder: Folder;
  #syncs: FileSyncs | undefined;
  /** Those that are kept for another try. */
  readonly kept: KeptPartials;
  readonly #bounds: KeptBounds;
  /** The names are being read; all asks that come meanwhile share the next reading. */
  #reading: Promise<unknown> | undefined;
  #next: Promise<string[]> | undefined;
  /** Those that could not be removed: the next sweep tries again, however young they are. */
  readonly #left = new Set<string>();

  private constructor(folder: Folder, bounds: KeptBounds) {
    this.folder = folder;
    this.#bounds = bounds;
    this.kept = new KeptPartials(bounds, {
      has: (name) => this.folder.stat(name) !== undefined,
      remove: (name) => void this.#remove(name),
      lookAtAll: () => void this.sweepLater(0),
    });
  }

  /** The upload that a partial is of, by the first part of its name. */
  static uploadId(name: string): Uint8Array {
    return Buffer.from(name.slice(0, 32), "hex");
  }

  /** Opens the folder, makes it if it is missing. @throws PERMISSION_DENIED, READ_ONLY, CROSS_DEVICE */
  static make(library: Library, bounds = KEPT_BOUNDS): Partials {
    return new Partials(makeOwn(library, PARTIAL_FOLDER), bounds);
  }

  /** Opens the folder if it is there. */
  static find(library: Library, bounds: KeptBounds): Partials | undefined {
    const folder = findOwn(library, PARTIAL_FOLDER);
    return folder && new Partials(folder, bounds);
  }

  /**
   * @param name from the upload's id, the same over all retries
   * @param target the folder that it is going to
   * @param mode to make it with
   * @throws UNAVAILABLE when another session holds it
   */
  create(name: string, path: string, target: Folder, mode = partialMode()): PartialFile {
    const partial = this.#taken(PartialFile.create(this.folder, name, mode, target));
    if (partial !== undefined) return partial;
    // Left by an earlier try that is not to be continued, so it makes room.
    const again = removeUnheld(this.folder, name)
      ? PartialFile.create(this.folder, name, mode, target)
      : undefined;
    if (this.#taken(again) !== undefined) return again!;
    throw new LeatError("UNAVAILABLE", `the upload of ${quote(path)} is still running elsewhere`, {
      retryAfter: 1000,
    });
  }

  /** Puts partials on disk, many at once: those that begin now. */
  get syncs(): FileSyncs {
    this.#syncs = currentSyncs(this.#syncs, this.folder);
    return this.#syncs;
  }

  /** One that nobody finds and that leaves nothing; undefined where the file system has none such. */
  createUnnamed(name: () => string, target: Folder, mode: number): PartialFile | undefined {
    return this.#taken(PartialFile.unnamed(this.folder, name, mode, target));
  }

  /**
   * Makes the partial of an upload that is tried again ours: what an earlier try has left, or a new one.
   * @param target the folder that it is going to
   * @returns undefined while somebody holds it
   */
  own(name: string, target: Folder, mode: number): Owned | undefined {
    const made = this.#taken(PartialFile.create(this.folder, name, mode, target));
    if (made !== undefined) return { partial: made, isNew: true };
    const left = this.reopen(name);
    if (left !== undefined) return { partial: left, isNew: false };
    // A second name of a file that was committed: nobody continues that.
    this.#remove(name, ({ links }) => links > 1);
    return undefined;
  }

  /** Opens what an earlier try has left, unless somebody holds it. */
  reopen(name: string): PartialFile | undefined {
    return this.#taken(PartialFile.reopen(this.folder, name));
  }

  #taken(partial: PartialFile | undefined): PartialFile | undefined {
    if (partial === undefined) return undefined;
    if (partial.isNamed) this.#left.delete(partial.name);
    partial.onLeft = this.#onLeft;
    return partial;
  }

  readonly #onLeft = (name: string): void => {
    if (this.#left.size < PARTIALS_LEFT) this.#left.add(name);
  };

  /**
   * Opens a partial of this target that begins so.
   * @param own the name of the caller's own
   * @returns `held` where there is none, but one that somebody holds
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
        if (begins && (await partial.crc32(prefix.length, isOver)) === prefix.crc32) return partial;
      } catch (error) {
        partial.close();
        throw error;
      }
      partial.close();
    }
    return held;
  }

  /**
   * Removes what nobody holds and nobody touched since, what could not be removed before, and the oldest
   * of those that are more than may be.
   * @param since milliseconds since 1970
   * @returns how many were removed
   */
  sweep(since: number): number {
    const all: Seen[] = [];
    for (const name of readdirSync(this.folder.path)) this.#see(name, all);
    return this.#sweepThrough(all, since);
  }

  /** The same beside other work. An error is no harm: the next one tries again. */
  async sweepLater(since: number): Promise<void> {
    try {
      const all: Seen[] = [];
      for (const [index, name] of (await this.#names()).entries()) {
        this.#see(name, all);
        if (index % SLICE === SLICE - 1) await pause();
      }
      this.#sweepThrough(all, since);
    } catch {
      // As said above.
    }
  }

  #see(name: string, all: Seen[]): void {
    const facts = this.folder.stat(name);
    if (facts?.kind !== "FILE") return;
    all.push({ name, size: facts.size, changed: changedAt(facts) });
  }

  #sweepThrough(all: readonly Seen[], since: number): number {
    const isDue = (name: string, changed: number): boolean =>
      changed < since || this.#left.has(name);
    const { due = [], rest = [] } = Object.groupBy(all, ({ name, changed }) =>
      isDue(name, changed) ? "due" : "rest",
    );
    const removed = [
      ...due.filter(({ name }) => this.#remove(name, (facts) => isDue(name, changedAt(facts)))),
      ...beyond(rest, this.#bounds).filter((name) => this.#remove(name)),
    ];
    return removed.length;
  }

  /** All of them, as they are from now on. */
  #names(): Promise<string[]> {
    this.#next ??= (async () => {
      await this.#reading;
      this.#next = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => {});
      return await reading;
    })();
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

  /** One that cannot be removed is no reason to stop: the next sweep tries it again. */
  #remove(name: string, mayRemove?: (facts: Facts) => boolean): boolean {
    try {
      const gone = removeUnheld(this.folder, name, mayRemove);
      if (gone) this.#left.delete(name);
      return gone;
    } catch {
      return false;
    }
  }

  /** Whether a partial can be renamed into this folder. */
  canPublishTo({ facts }: Folder): boolean {
    const own = this.folder.facts;
    return facts.device === own.device && facts.mount === own.mount;
  }

  /** Whether somebody removed the folder. */
  get isGone(): boolean {
    return isGone(this.folder);
  }

  [Symbol.dispose](): void {
    this.#syncs?.[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}

export function isGone(folder: Folder): boolean {
  const found = folder.fd === undefined ? undefined : statDescriptor(folder.fd);
  if (typeof found === "object") return found.links === 0;
  try {
    return statSync(`${folder.path}/.`).nlink === 0;
  } catch {
    return true;
  }
}

/** When it was last written to; its modified time may be that of the file it becomes. */
function changedAt({ changedSeconds, changedNanoseconds }: Facts): number {
  return changedSeconds * 1000 + changedNanoseconds / 1e6;
}

/** Opens a folder in the library's own if it is there. */
export function findOwn(library: Library, name: string): Folder | undefined {
  using root = library.resolver.folder([]);
  if (root.stat(OWN_FOLDER)?.kind !== "DIRECTORY") return undefined;
  using own = root.child(OWN_FOLDER, OWN_FOLDER);
  if (own.stat(name)?.kind !== "DIRECTORY") return undefined;
  return own.child(name, `${OWN_FOLDER}/${name}`);
}

/** Opens a folder in the library's own, makes it if it is missing. */
export function makeOwn(library: Library, name: string): Folder {
  using root = library.resolver.folder([]);
  using own = makePrivate(root, OWN_FOLDER, OWN_FOLDER);
  return makePrivate(own, name, `${OWN_FOLDER}/${name}`);
}

function makePrivate(parent: Folder, name: string, path: string): Folder {
  try {
    mkdirSync(parent.pathOf(name), { mode: PRIVATE });
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
