/** A file on its way in, through a partial file. The same for uploads and for a client's downloads. */

import { close, constants, fchmodSync, fsync, open, unlinkSync } from "node:fs";
import { promisify } from "node:util";
import { LeatError } from "../errors.ts";
import { type CollisionRule, mayTake } from "./collision.ts";
import { type Versions, versionedEntry } from "./entry.ts";
import { type Facts, sameThing } from "./facts.ts";
import type { Place } from "./library.ts";
import { quote } from "./names.ts";
import type { Partial } from "./partial.ts";
import { setModified } from "./posix.ts";
import { publish } from "./publish.ts";
import { alreadyExists } from "./refusals.ts";
import type { DurabilityLevel, Sink, StoreEntry, Time } from "./store.ts";

const fsyncLater = promisify(fsync);
const openLater = promisify(open);
const closeLater = promisify(close);

export interface SinkOptions extends CollisionRule {
  /** Bytes, when known. */
  readonly size?: number | undefined;
  readonly modified?: Time | undefined;
  readonly durability: DurabilityLevel;
}

/** Where a file is going. Disposed when the Sink ends. */
export interface SinkTarget extends Disposable {
  /** For messages. */
  readonly path: string;
  readonly versions: Versions;
  /** Permission bits of a new file, if the partial was made with others. */
  readonly mode?: number;
  /** Finds the place anew when the file is committed: folders move while a file is on its way. */
  place(): Place;
}

export class DiskSink implements Sink {
  readonly #partial: Partial;
  readonly #target: SinkTarget;
  readonly #options: SinkOptions;
  #durable = 0;
  #ended = false;

  constructor(partial: Partial, target: SinkTarget, options: SinkOptions) {
    this.#partial = partial;
    this.#target = target;
    this.#options = options;
  }

  get durableOffset(): number {
    return this.#durable;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#mustBeOpen();
    this.#checkPosition(bytes.length, position);
    this.#partial.append(bytes, `cannot write ${quote(this.#target.path)}`);
  }

  async checkpoint(): Promise<void> {
    this.#mustBeOpen();
    const size = this.#partial.size;
    if (this.#options.durability === "fsync") await this.#sync(() => this.#partial.syncBytes());
    this.#durable = Math.max(this.#durable, size);
  }

  async commit(): Promise<StoreEntry> {
    this.#mustBeOpen();
    this.#ended = true;
    try {
      this.#checkSize();
      return await this.#commit();
    } catch (error) {
      this.#partial.remove();
      throw error;
    } finally {
      this.#release();
    }
  }

  keep(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
  }

  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#partial.remove();
    } finally {
      this.#release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.discard();
  }

  async #commit(): Promise<StoreEntry> {
    const durable = this.#options.durability === "fsync";
    this.#prepare();
    if (durable) await this.#sync(() => this.#partial.sync());
    using place = this.#target.place();
    const { path, versions } = this.#target;
    publish(this.#partial, place, this.#options, { path, versions });
    // After the name: links and renames change the ctime, and with it the version.
    const facts = this.#partial.facts();
    if (durable) await this.#syncName(place, facts);
    return versionedEntry(place.name, facts, versions);
  }

  /** Everything that is to be on disk together with the bytes; a lost race is told before the sync. */
  #prepare(): void {
    const { path, versions, mode } = this.#target;
    using place = this.#target.place();
    const existing = place.folder.look(place.name);
    if (!mayTake(existing, this.#options, path, versions)) throw alreadyExists(path);
    try {
      const finalMode = existing?.mode ?? mode;
      if (finalMode !== undefined) fchmodSync(this.#partial.fd, finalMode);
      if (this.#options.modified !== undefined) {
        setModified(this.#partial.fd, this.#options.modified);
      }
    } catch (error) {
      throw LeatError.from(error, `cannot set mode and time of ${quote(path)}`);
    }
  }

  /** Puts the new name on disk. If that fails, a name that was free before is free again. */
  async #syncName(place: Place, published: Facts): Promise<void> {
    try {
      await this.#sync(() => syncFolder(place.folder.path));
    } catch (error) {
      if (this.#options.collision !== "replace") withdraw(place, published);
      throw error;
    }
  }

  #release(): void {
    this.#partial.close();
    this.#target[Symbol.dispose]();
  }

  async #sync(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw LeatError.from(error, `cannot put ${quote(this.#target.path)} on disk`);
    }
  }

  #checkPosition(length: number, position: number): void {
    const { size } = this.#partial;
    if (position !== size) {
      throw new LeatError(
        "INTERNAL",
        `a write at ${position} does not follow the ${size} bytes before`,
      );
    }
    const declared = this.#options.size;
    if (declared !== undefined && size + length > declared) {
      const { path } = this.#target;
      throw new LeatError(
        "SIZE_MISMATCH",
        `${quote(path)} was declared as ${declared} bytes, and more arrived`,
      );
    }
  }

  #checkSize(): void {
    const declared = this.#options.size;
    const { size } = this.#partial;
    if (declared === undefined || declared === size) return;
    const { path } = this.#target;
    throw new LeatError(
      "SIZE_MISMATCH",
      `${quote(path)} was declared as ${declared} bytes, and ${size} arrived`,
    );
  }

  #mustBeOpen(): void {
    if (!this.#ended) return;
    throw new LeatError("INTERNAL", `the writing of ${quote(this.#target.path)} has ended`);
  }
}

/** Removes a name that was just given, unless it is another's by now. */
function withdraw(place: Place, published: Facts): void {
  const named = place.folder.look(place.name);
  if (named === undefined || !sameThing(named, published)) return;
  unlinkSync(place.folder.at(place.name));
}

/** Puts a folder's names on disk. */
async function syncFolder(path: string): Promise<void> {
  const fd = await openLater(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fsyncLater(fd);
  } finally {
    await closeLater(fd);
  }
}

/** What has the name, for an upload that skips it. */
export type Skipped = { readonly skipped: StoreEntry };
