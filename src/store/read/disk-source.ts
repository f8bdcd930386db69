/** A file on disk, open to read from. */

import { readSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { BLOCK_SIZE, VERSION_GRAIN } from "../../limits.ts";
import type { OpenFile } from "../resolve/resolver.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { type DiskPace, readPace } from "../system/disk-pace.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import type { Facts } from "../system/facts.ts";
import { quote } from "../names.ts";
import { readLater } from "../system/thread-pool.ts";
import type { Source, StoreEntry } from "../store.ts";

/** Where bytes go that are to be in the page cache: nobody looks at them. */
const NOWHERE = new Uint8Array(BLOCK_SIZE);

export class DiskSource implements Source {
  /** Reads block the loop for as long as the disk takes: 7 us for 64 KiB that are cached. */
  readonly synchronous = true;
  readonly entry: StoreEntry;
  readonly settled: boolean;
  readonly #file: Descriptor;
  readonly #facts: Facts;
  readonly #versions: Versions;
  readonly #pace: DiskPace;

  constructor(name: string, file: OpenFile, versions: Versions, pace = readPace) {
    this.#file = new Descriptor(file.fd);
    this.#facts = file.facts;
    this.entry = versionedEntry(name, file.facts, versions);
    this.#versions = versions;
    this.#pace = pace;
    this.settled = stillFor(file.facts) > VERSION_GRAIN;
  }

  get fd(): number {
    return this.#file.fd;
  }

  read(into: Uint8Array, position: number): number {
    this.#mustBeOpen();
    return this.#pace.onLoop(() => this.#readAll(into, position));
  }

  fetch(position: number, length: number): Promise<void> | undefined {
    if (this.#pace.mayBlock) return undefined;
    return this.#pace.onPool(() => this.#fetch(position, length));
  }

  /** An error is met again, and told, by the read. */
  async #fetch(position: number, length: number): Promise<void> {
    try {
      await readLater(this.fd, NOWHERE.subarray(0, length), position);
    } catch {
      // As said above.
    }
  }

  #readAll(into: Uint8Array, position: number): number {
    let done = 0;
    try {
      while (done < into.length) {
        const count = readSync(this.fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw LeatError.from(error, `cannot read ${quote(this.entry.name)} at ${position + done}`);
    }
    return done;
  }

  currentVersion(): string {
    this.#mustBeOpen();
    const now = descriptorFacts(this.fd);
    return isUntouched(this.#facts, now) ? this.entry.version : this.#versions.of(now);
  }

  /**
   * The ctime tells that something happened, and not what: being replaced, removed, linked or given
   * another mode moves it as a write does, and a time that was set back does not hide from it.
   */
  comparableIn(): number | undefined {
    this.#mustBeOpen();
    const now = descriptorFacts(this.fd);
    if (!mayHaveSameBytes(this.#facts, now)) return undefined;
    const left = VERSION_GRAIN - stillFor(now);
    return Math.min(Math.max(0, left), VERSION_GRAIN);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #mustBeOpen(): void {
    if (this.fd === -1)
      throw new LeatError("INTERNAL", `${quote(this.entry.name)} is closed already`);
  }
}

/** Milliseconds since anything happened to it. */
function stillFor({ changedSeconds, changedNanoseconds }: Facts): number {
  return Date.now() - (changedSeconds * 1000 + changedNanoseconds / 1e6);
}

function isUntouched(before: Facts, now: Facts): boolean {
  return (
    now.changedSeconds === before.changedSeconds &&
    now.changedNanoseconds === before.changedNanoseconds &&
    mayHaveSameBytes(before, now)
  );
}

function mayHaveSameBytes(before: Facts, now: Facts): boolean {
  return (
    now.size === before.size &&
    now.modifiedSeconds === before.modifiedSeconds &&
    now.modifiedNanoseconds === before.modifiedNanoseconds
  );
}
