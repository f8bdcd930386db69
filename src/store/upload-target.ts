/** Where an upload into a library goes: its place is looked for by its path, its commit is noted. */
import type { DiskSink, SinkTarget } from "./disk-sink.ts";
import type { Versions } from "./entry.ts";
import type { FileSyncs } from "./file-syncs.ts";
import type { Library, OpenPlace, Place } from "./library.ts";
import type { PartialFile } from "./partial.ts";
import type { Receipts } from "./receipts.ts";
import { isDirectory } from "./refusals.ts";
import type { CommitDigest, CreateOptions, DurabilityLevel } from "./store.ts";

/** What the uploads of a library share. */
export interface UploadHost {
  readonly library: Library;
  readonly versions: Versions;
  /** Open ones. */
  readonly open: Set<UploadTarget>;
  receipts(): Receipts;
  /** Those for an upload that begins. */
  syncs(): FileSyncs | undefined;
}

/** One for each upload of thousands: an object, and not a closure for each of what it does. */
export class UploadTarget implements SinkTarget {
  readonly path: string;
  readonly options: CreateOptions;
  readonly #host: UploadHost;
  readonly #uploadId: Uint8Array;
  readonly #syncs: FileSyncs | undefined;
  /** Set by whoever makes it, before anything else. */
  sink!: DiskSink;
  /** What was noted of the commit, and is to be noted once more when it has happened. */
  #note: Buffer | undefined;

  constructor(host: UploadHost, path: string, uploadId: Uint8Array, options: CreateOptions) {
    this.#host = host;
    this.path = path;
    this.#uploadId = uploadId;
    this.options = options;
    this.#syncs = options.durability === "fsync" ? host.syncs() : undefined;
    host.open.add(this);
  }

  get versions(): Versions {
    return this.#host.versions;
  }

  place(): Place {
    return this.#host.library.place(this.path, isDirectory);
  }

  placeNow(): OpenPlace {
    return this.#host.library.placeNow(this.path, isDirectory);
  }

  sync(partial: PartialFile): Promise<void> {
    if (partial.isNamed || this.#syncs === undefined) return partial.sync();
    return this.#syncs.sync(partial.fd);
  }

  promise(partial: PartialFile, digest: CommitDigest, durability: DurabilityLevel): void {
    const facts = partial.facts();
    const state = partial.isNamed ? "named" : "unnamed";
    const note = this.#host
      .receipts()
      .promise(this.#uploadId, this.path, { ...digest, durability, facts, state });
    this.#note = partial.isNamed ? undefined : note;
  }

  confirm(): void {
    if (this.#note !== undefined) this.#host.receipts().confirm(this.#note);
  }

  withdraw(): void {
    this.#host.receipts().withdraw(this.#uploadId);
  }

  [Symbol.dispose](): void {
    this.#host.open.delete(this);
  }
}
