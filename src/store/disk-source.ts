/** A file on disk, open to read from. */

import { fstatSync, readSync } from "node:fs";
import { LeatError } from "../errors.ts";
import { VERSION_GRAIN } from "../limits.ts";
import type { OpenFile } from "./beneath.ts";
import { Descriptor } from "./descriptor.ts";
import { type Versions, versionedEntry } from "./entry.ts";
import { type Facts, factsOf } from "./facts.ts";
import { quote } from "./names.ts";
import type { Source, StoreEntry } from "./store.ts";

export class DiskSource implements Source {
  /** Reads block the loop for as long as the disk takes: 7 us for 64 KiB that are cached. */
  readonly synchronous = true;
  readonly entry: StoreEntry;
  readonly settled: boolean;
  readonly #file: Descriptor;
  readonly #facts: Facts;
  readonly #versions: Versions;

  constructor(name: string, file: OpenFile, versions: Versions) {
    this.#file = new Descriptor(file.fd);
    this.#facts = file.facts;
    this.entry = versionedEntry(name, file.facts, versions);
    this.#versions = versions;
    const { changedSeconds, changedNanoseconds } = file.facts;
    const changed = changedSeconds * 1000 + changedNanoseconds / 1e6;
    this.settled = Date.now() - changed > VERSION_GRAIN;
  }

  get fd(): number {
    return this.#file.fd;
  }

  read(into: Uint8Array, position: number): number {
    this.#mustBeOpen();
    let done = 0;
    try {
      while (done < into.length) {
        const read = readSync(this.fd, into, done, into.length - done, position + done);
        if (read === 0) break;
        done += read;
      }
    } catch (error) {
      throw LeatError.from(error, `cannot read ${quote(this.entry.name)} at ${position + done}`);
    }
    return done;
  }

  currentVersion(): string {
    this.#mustBeOpen();
    const now = factsOf(fstatSync(this.fd, { bigint: true }));
    return onlyNamesChanged(this.#facts, now) ? this.entry.version : this.#versions.of(now);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #mustBeOpen(): void {
    if (this.fd === -1)
      throw new LeatError("INTERNAL", `${quote(this.entry.name)} is closed already`);
  }
}

/**
 * Whether the file lost or got a name, and nothing else: being replaced or removed changes the ctime
 * of a file that somebody still reads, but none of its bytes.
 */
function onlyNamesChanged(before: Facts, now: Facts): boolean {
  return (
    now.links !== before.links &&
    now.size === before.size &&
    now.modifiedSeconds === before.modifiedSeconds &&
    now.modifiedNanoseconds === before.modifiedNanoseconds
  );
}
