/** A file on its way in, through a partial file. The same for uploads and for a client's downloads. */

import { close, constants, fstatSync, fsync, open } from "node:fs";
import { promisify } from "node:util";
import { LeatError } from "../errors.ts";
import type { CollisionRule } from "./collision.ts";
import { type Versions, versionedEntry } from "./entry.ts";
import { factsOf } from "./facts.ts";
import type { Place } from "./library.ts";
import { quote } from "./names.ts";
import type { Partial } from "./partial.ts";
import { setModified } from "./posix.ts";
import { publish } from "./publish.ts";
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

export interface SinkTarget {
  /** For messages. */
  readonly path: string;
  readonly versions: Versions;
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
      this.#partial.close();
    }
  }

  keep(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#partial.close();
  }

  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#partial.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.discard();
  }

  async #commit(): Promise<StoreEntry> {
    const { modified, durability } = this.#options;
    if (modified !== undefined) this.#setModified(modified);
    if (durability === "fsync") await this.#sync(() => this.#partial.sync());
    using place = this.#target.place();
    const { path, versions } = this.#target;
    publish(this.#partial, { ...place, path, versions }, this.#options);
    // After the name: links and renames change the ctime, and with it the version.
    const facts = factsOf(fstatSync(this.#partial.fd, { bigint: true }));
    if (durability === "fsync") await this.#sync(() => syncFolder(place.folder.path));
    return versionedEntry(place.name, facts, versions);
  }

  #setModified(modified: Time): void {
    try {
      setModified(this.#partial.fd, modified);
    } catch (error) {
      throw LeatError.from(error, `cannot set the time of ${quote(this.#target.path)}`);
    }
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
