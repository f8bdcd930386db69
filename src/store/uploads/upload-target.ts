/** The target of an upload into a library: its place is found by its path, its commit is journalled. */
import type { Folder } from "../resolve/folder.ts";
import type { DiskSink } from "../write/disk-sink.ts";
import type { SinkTarget } from "../write/sink-target.ts";
import type { Versions } from "../system/versions.ts";
import type { FileSyncs } from "../write/file-syncs.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import { modeAfter, modeOfNew } from "../write/new-mode.ts";
import type { PartialFile } from "../write/partial.ts";
import { keyIn, keyOf } from "./receipt-record.ts";
import { isDirectory, takenOver } from "../system/refusals.ts";
import type { CommitDigest, CreateOptions, NotDone } from "../store.ts";
import type { Tries } from "./tries.ts";
import type { Uploads } from "./uploads.ts";

/** A class, and not an object of closures: there is one for each of thousands of uploads. */
export class UploadTarget implements SinkTarget {
  readonly path: string;
  readonly options: CreateOptions;
  readonly #uploads: Uploads;
  readonly #uploadId: Uint8Array;
  readonly #syncs: FileSyncs | undefined;
  /** Set right after it is made: each needs the other. */
  sink!: DiskSink;
  /** The number of this try. */
  readonly number: number;
  /** How many tries were known of when it began. */
  readonly #since: number;
  #intent: Buffer | undefined;

  constructor(
    uploads: Uploads,
    path: string,
    uploadId: Uint8Array,
    number: number,
    options: CreateOptions,
  ) {
    this.#uploads = uploads;
    this.path = path;
    this.#uploadId = uploadId;
    this.number = number;
    this.#since = Math.max(number, uploads.folders.triesSeen);
    this.options = options;
    this.#syncs = options.durability === "fsync" ? uploads.folders.partials.syncs : undefined;
    uploads.open.add(this);
  }

  get versions(): Versions {
    return this.#uploads.versions;
  }

  place(): Place {
    return this.#uploads.library.place(this.path, isDirectory);
  }

  placeNow(): OpenPlace {
    return this.#uploads.library.placeNow(this.path, isDirectory);
  }

  /** With which mode an earlier try has made the partial is not known. */
  mode(partial: PartialFile, folder: Folder): number | undefined {
    const { mode, resume } = this.options;
    if (mode === undefined) return undefined;
    return resume === undefined ? modeAfter(partial, mode) : modeOfNew(folder, mode);
  }

  sync(partial: PartialFile): Promise<void> {
    if (partial.isNamed || this.#syncs === undefined) return partial.sync();
    return this.#syncs.sync(partial.fd);
  }

  /** Whether this is a try of that upload. */
  isOf(path: string, uploadId: Uint8Array): boolean {
    return this.path === path && Buffer.compare(this.#uploadId, uploadId) === 0;
  }

  /** Whether no newer try is known of. @param key as `key`, where it is at hand */
  isNewest(tries: Tries, key = this.key): boolean {
    return tries.isNewest(key, this.number, this.#since);
  }

  /** Identifies the upload, as a key of maps. */
  get key(): string {
    return keyOf(this.#uploadId, this.path);
  }

  recordIntent(partial: PartialFile, digest: CommitDigest, notDone: NotDone | undefined): void {
    const facts = partial.facts();
    const durability = notDone?.sync === true ? "none" : this.options.durability;
    const { receipts } = this.#uploads.folders;
    const intent = { ...digest, durability, notDone, facts };
    this.#intent = receipts.recordIntent(this.#uploadId, this.path, intent);
    // While this try holds a lock, a newer one waits for it. Without a lock, the newer one announced itself
    // before it looked for our intent: either it finds that, or we find its announcement.
    if (partial.isNamed) return;
    const { tries } = receipts;
    tries.refresh();
    if (!this.isNewest(tries, keyIn(this.#intent))) throw takenOver(this.path);
  }

  confirmIntent(): void {
    if (this.#intent !== undefined) this.#uploads.folders.receipts.confirm(this.#intent);
  }

  withdrawIntent(): void {
    if (this.#intent !== undefined) this.#uploads.folders.receipts.withdraw(this.#intent);
  }

  onKept(name: string, size: number): void {
    const { peer = "" } = this.options;
    this.#uploads.folders.keep({ name, size, peer: peer.replace(/:\d+$/, "") });
  }

  [Symbol.dispose](): void {
    this.#uploads.open.delete(this);
  }
}
