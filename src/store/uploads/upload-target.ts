/** Where an upload into a library goes: its place is looked for by its path, its commit is noted. */
import type { Folder } from "../resolve/folder.ts";
import type { DiskSink } from "../write/disk-sink.ts";
import type { SinkTarget } from "../write/sink-target.ts";
import type { Versions } from "../system/versions.ts";
import type { FileSyncs } from "../write/file-syncs.ts";
import type { Library, OpenPlace, Place } from "../resolve/library.ts";
import { modeAfter, modeOfNew } from "../write/new-mode.ts";
import type { PartialFile } from "../write/partial.ts";
import { keyIn, keyOf } from "./receipt-record.ts";
import type { Receipts } from "./receipts.ts";
import { isDirectory, takenOver } from "../system/refusals.ts";
import type { CommitDigest, CreateOptions, NotDone } from "../store.ts";
import type { Kept, Tries } from "./tries.ts";

/** What the uploads of a library share. */
export interface UploadHost {
  readonly library: Library;
  readonly versions: Versions;
  /** Open ones. */
  readonly open: Set<UploadTarget>;
  receipts(): Receipts;
  /** Tries that are known of. */
  triesSeen(): number;
  /** Those for an upload that begins. */
  syncs(): FileSyncs | undefined;
  kept(kept: Kept): void;
}

/** One for each upload of thousands: an object, and not a closure for each of what it does. */
export class UploadTarget implements SinkTarget {
  readonly path: string;
  readonly options: CreateOptions;
  readonly #host: UploadHost;
  readonly #uploadId: Uint8Array;
  readonly #syncs: FileSyncs | undefined;
  /** Set by its maker, before anything else. */
  sink!: DiskSink;
  /** Its number among the tries of its upload. */
  readonly number: number;
  /** Tries that were known of when it began. */
  readonly #since: number;
  /** The note of the commit. */
  #note: Buffer | undefined;

  constructor(
    host: UploadHost,
    path: string,
    uploadId: Uint8Array,
    number: number,
    options: CreateOptions,
  ) {
    this.#host = host;
    this.path = path;
    this.#uploadId = uploadId;
    this.number = number;
    this.#since = Math.max(number, host.triesSeen());
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

  /** Of one that an earlier try has made nobody knows what it was made with. */
  mode(partial: PartialFile, folder: Folder): number | undefined {
    const { mode, resume } = this.options;
    if (mode === undefined) return undefined;
    return resume === undefined ? modeAfter(partial, mode) : modeOfNew(folder, mode);
  }

  sync(partial: PartialFile): Promise<void> {
    if (partial.isNamed || this.#syncs === undefined) return partial.sync();
    return this.#syncs.sync(partial.fd);
  }

  /** Whether it is a try of this upload. */
  isOf(path: string, uploadId: Uint8Array): boolean {
    return this.path === path && Buffer.compare(this.#uploadId, uploadId) === 0;
  }

  /** Whether no newer try is known of. @param key its own */
  isNewest(tries: Tries, key = this.key): boolean {
    return tries.isNewest(key, this.number, this.#since);
  }

  /** Which upload it is of, as a key of maps. */
  get key(): string {
    return keyOf(this.#uploadId, this.path);
  }

  recordIntent(partial: PartialFile, digest: CommitDigest, notDone: NotDone | undefined): void {
    const facts = partial.facts();
    const durability = notDone?.sync === true ? "none" : this.options.durability;
    const receipts = this.#host.receipts();
    const promised = { ...digest, durability, notDone, facts };
    this.#note = receipts.recordIntent(this.#uploadId, this.path, promised);
    // With a lock no newer try gets as far as to begin. Without, it has said so before it looked for our
    // note: either it sees that, or we see what it said.
    if (partial.isNamed) return;
    const { tries } = receipts;
    tries.refresh();
    if (!tries.isEmpty && !this.isNewest(tries, keyIn(this.#note))) throw takenOver(this.path);
  }

  confirmIntent(): void {
    if (this.#note !== undefined) this.#host.receipts().confirm(this.#note);
  }

  withdrawIntent(): void {
    if (this.#note !== undefined) this.#host.receipts().withdraw(this.#note);
  }

  kept(name: string, size: number): void {
    const { peer = "" } = this.options;
    this.#host.kept({ name, size, peer: peer.replace(/:\d+$/, "") });
  }

  [Symbol.dispose](): void {
    this.#host.open.delete(this);
  }
}
