/** A file on disk, open to read from. */

import { readSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { BLOCK_SIZE, VERSION_GRAIN } from "../../limits.ts";
import type { OpenFile } from "../resolve/resolver.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { type DiskPace, readPace } from "../system/disk-pace.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import { changedAt, type Facts, sameChanged, sameModified } from "../system/facts.ts";
import { quote } from "../names.ts";
import { holeAt, tellsOfHoles } from "../system/kernel.ts";
import { readLater } from "../system/thread-pool.ts";
import type { Source, StoreEntry } from "../store.ts";

/** Bytes are read into this to bring them into the page cache. */
const DISCARDED = new Uint8Array(BLOCK_SIZE);

export class DiskSource implements Source {
  /** A read blocks the event loop: for 7 us with 64 KiB from the page cache. */
  readonly synchronous = true;
  readonly entry: StoreEntry;
  readonly settled: boolean;
  readonly allocated: number | undefined;
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
    const { size, allocated } = file.facts;
    const isSparse = tellsOfHoles && size >= BLOCK_SIZE && allocated < size;
    this.allocated = isSparse ? allocated : undefined;
    this.settled = unchangedFor(file.facts) > VERSION_GRAIN;
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
    return this.#pace.onPool(async () => {
      // After an error, the read will meet the same one, and report it.
      await readLater(this.fd, DISCARDED.subarray(0, length), position).catch(() => {});
    });
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

  holeAt(position: number): number {
    if (this.allocated === undefined || this.fd === -1) return 0;
    return holeAt(this.fd, position);
  }

  currentVersion(): string {
    this.#mustBeOpen();
    const now = descriptorFacts(this.fd);
    const isUnchanged = sameChanged(now, this.#facts) && mayHaveSameBytes(this.#facts, now);
    return isUnchanged ? this.entry.version : this.#versions.of(now);
  }

  /**
   * The ctime changes with every write, even when the modified time is set back. But it also changes when
   * the file is removed, linked, or given another mode.
   */
  comparableIn(): number | undefined {
    this.#mustBeOpen();
    const now = descriptorFacts(this.fd);
    if (!mayHaveSameBytes(this.#facts, now)) return undefined;
    const left = VERSION_GRAIN - unchangedFor(now);
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

/** Milliseconds since the last change of the file. */
const unchangedFor = (facts: Facts): number => Date.now() - changedAt(facts);

function mayHaveSameBytes(before: Facts, now: Facts): boolean {
  return now.size === before.size && sameModified(now, before);
}
