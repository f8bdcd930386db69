/**
 * Uploads into a library: those that are under way, those that were interrupted and may be continued,
 * and for a day those that are done. Nothing of it is kept in memory that the disk does not have, so
 * that another process, or the next one, goes on with it.
 */

import { LeatError } from "../../errors.ts";
import {
  PARTIAL_RETENTION,
  SWEEP_EVERY,
  TRIES_CHECK,
  UNNAMED_BELOW,
  UPLOAD_WINDOW,
} from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { mayUseName } from "../write/collision.ts";
import { DiskSink, type Skipped } from "../write/disk-sink.ts";
import type { Versions } from "../system/versions.ts";
import { checkFree } from "../write/free-space.ts";
import { KEPT_BOUNDS, type KeptBounds } from "./kept-partials.ts";
import type { Library, OpenPlace } from "../resolve/library.ts";
import { quote } from "../names.ts";
import { partialMode } from "../write/new-mode.ts";
import { abandon, type PartialFile } from "../write/partial.ts";
import { findOwn, makeOwn, Partials } from "./partials.ts";
import { keyOf } from "./receipt-record.ts";
import { Receipts } from "./receipts.ts";
import { isDirectory, takenOver } from "../system/refusals.ts";
import type { CreateOptions } from "../store.ts";
import { FIRST_TRY, type Kept } from "./tries.ts";
import { type RetryHost, type Begun, type Created, RetriedUpload } from "./retried-upload.ts";
import { partialName } from "./upload-name.ts";
import { type UploadHost, UploadTarget } from "./upload-target.ts";

export interface UploadsOptions {
  readonly library: Library;
  readonly versions: Versions;
  /** What has the name, for an upload that skips it. */
  readonly skip: (path: string, place: OpenPlace) => Skipped;
  /** Milliseconds that an abandoned partial is kept. */
  readonly retention?: number | undefined;
  /** Milliseconds that a receipt is kept; RECEIPT_RETENTION. */
  readonly receiptRetention?: number | undefined;
  /** Those of src/limits.ts unless given. */
  readonly kept?: Partial<KeptBounds> | undefined;
  /** Milliseconds since 1970; for tests. */
  readonly now?: (() => number) | undefined;
}

const UPLOAD_ID_BYTES = 16;
const RECEIPT_FOLDER = "receipts";

/** Milliseconds since 1970, by a clock that nobody sets while we run. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

export class Uploads implements AsyncDisposable {
  readonly #options: UploadsOptions;
  readonly #bounds: KeptBounds;
  readonly #host: UploadHost & RetryHost;
  /** Open ones; they use our descriptors. */
  readonly #open = new Set<UploadTarget>();
  /** Those that are looked for. */
  readonly #opening = new Set<Promise<Created>>();
  /** Nothing is begun any more. */
  #closing = false;
  readonly #timer: ReturnType<typeof setInterval>;
  /** While uploads are open that have a lock: looks whether a newer try wants it. */
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Tries of others that were looked at. */
  #watched = 0;
  #partials: Partials | undefined;
  #receipts: Receipts | undefined;
  /** In this turn of the event loop: whether the folder of the receipts is still there. */
  #looked = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#bounds = { ...KEPT_BOUNDS, ...options.kept };
    const isClosing = (): boolean => this.#closing;
    this.#host = {
      library: options.library,
      versions: options.versions,
      open: this.#open,
      get isClosing() {
        return isClosing();
      },
      receipts: () => this.#openReceipts(),
      triesSeen: () => this.#receipts?.triesSeen ?? FIRST_TRY,
      syncs: () => this.#partials?.syncs,
      kept: (kept) => this.#kept(kept),
      inPartials: (work) => this.#inPartials(work),
      takeOver: (path, uploadId, number) => this.#takeOver(path, uploadId, number),
      begin: (path, how, begun) => this.#begin(path, how, begun),
    };
    this.#sweep();
    this.#timer = setInterval(
      () => this.#lookAfter(),
      Math.min(SWEEP_EVERY, options.retention ?? PARTIAL_RETENTION),
    );
    this.#timer.unref();
  }

  create(path: string, options: CreateOptions): Created | Promise<Created> {
    if (options.uploadId.length !== UPLOAD_ID_BYTES) {
      const message = `an upload id has ${UPLOAD_ID_BYTES} bytes, not ${options.uploadId.length}`;
      throw new LeatError("INVALID_ARGUMENT", message);
    }
    if (options.resume === undefined) return this.#begin(path, options);
    const opening = new RetriedUpload(this.#host, path, options).run();
    this.#opening.add(opening);
    const done = (): void => void this.#opening.delete(opening);
    opening.then(done, done);
    return opening;
  }

  /** Resolves when no upload is open. */
  async idle(): Promise<void> {
    while (this.#opening.size + this.#open.size > 0) {
      const ends = [...this.#open].map(({ sink }) => sink.released());
      await Promise.allSettled([...this.#opening, ...ends]);
    }
  }

  /** Waits for commits that are under way, and discards every other open Sink. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await Promise.allSettled(this.#opening);
    await Promise.allSettled([...this.#open].map(({ sink }) => sink.close()));
    clearInterval(this.#watch);
    this.#partials?.[Symbol.dispose]();
    this.#receipts?.[Symbol.dispose]();
  }

  /** @param again an upload that is tried again, and the partial that is its own */
  #begin(path: string, options: CreateOptions, again?: Begun): DiskSink | Skipped {
    const { library, versions, skip } = this.#options;
    if (this.#closing) throw new LeatError("UNAVAILABLE", "the library is being closed");
    const place = library.placeNow(path, isDirectory);
    // All of it comes along with the request in any case: the commit will tell.
    const willTell = options.collision === "fail" && mayBeUnnamed(options, UPLOAD_WINDOW + 1);
    const existing = willTell ? undefined : place.folder.stat(place.name);
    if (!mayUseName(existing, options, path, versions)) return skip(path, place);
    const partial = this.#place(path, place, options, again?.partial);
    const { uploadId = options.uploadId, number = FIRST_TRY, resumed } = again ?? {};
    try {
      if (partial.isNamed) this.#begunWithLock(path, uploadId, number);
      const target = new UploadTarget(this.#host, path, uploadId, number, options);
      target.sink = new DiskSink(partial, target, resumed ? { ...options, resumed } : options);
      return target.sink;
    } catch (error) {
      // One that is tried again goes back to the caller, which found it.
      if (again === undefined) abandon(partial);
      throw error;
    }
  }

  /**
   * From here on a newer try waits for us. One that came before has gone on: this is the first one, and
   * its request has been under way for long.
   * @throws UNAVAILABLE
   */
  #begunWithLock(path: string, uploadId: Uint8Array, number: number): void {
    const { tries } = this.#openReceipts();
    tries.refresh();
    const isNewest = tries.isEmpty || tries.isNewest(keyOf(uploadId, path), number, tries.count);
    if (!isNewest) throw takenOver(path);
    this.#watch ??= setInterval(() => this.#lookForNewer(), TRIES_CHECK);
    this.#watch.unref();
  }

  /** Another process may have been asked to go on with an upload that is open here. */
  #lookForNewer(): void {
    if (this.#open.size === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
    try {
      const { tries } = this.#openReceipts();
      tries.refresh();
      if (tries.count === this.#watched) return;
      this.#watched = tries.count;
      for (const target of this.#open) {
        if (!target.isNewest(tries)) void letGo(target).catch(() => {});
      }
    } catch {
      // The next look may be able to.
    }
  }

  /** Older tries of an upload that are open here have to let go. */
  async #takeOver(path: string, uploadId: Uint8Array, number: number): Promise<void> {
    for (const target of this.#open) {
      if (target.number < number && target.isOf(path, uploadId)) await letGo(target);
    }
  }

  #place(
    path: string,
    place: OpenPlace,
    options: CreateOptions,
    found: PartialFile | undefined,
  ): PartialFile {
    const partials = this.#openPartials();
    if (!partials.canPublishTo(place.folder)) {
      const message = `${quote(path)} is on another file system than the partial files`;
      throw new LeatError("CROSS_DEVICE", message);
    }
    // To take the place of another file, it needs a name among the partials.
    const mode = partialMode(options.mode);
    const mayNeedName = options.collision === "replace";
    if (mayBeUnnamed(options, UNNAMED_BELOW) && !(mayNeedName && partials.isGone)) {
      const unnamed = partials.createUnnamed(() => partialName(path, options), place.folder, mode);
      if (unnamed !== undefined) return unnamed;
    }
    return this.#inPartials((own) => {
      if (options.size !== undefined) {
        checkFree(own.folder, options.size - (found?.size ?? 0), path);
      }
      return found ?? own.create(partialName(path, options), path, place.folder, mode);
    });
  }

  #openPartials(): Partials {
    this.#partials ??= Partials.make(this.#options.library, this.#bounds);
    return this.#partials;
  }

  #inPartials<Result>(work: (partials: Partials) => Result): Result {
    const partials = this.#openPartials();
    try {
      return work(partials);
    } catch (error) {
      if (!partials.isGone) throw error;
    }
    // Somebody has cleared the folder away, and perhaps that of the receipts. Where it is still there, it
    // stays open: a look into it that runs would find nothing.
    this.#looked = false;
    partials[Symbol.dispose]();
    this.#partials = undefined; // to be made by the next upload, if it can't be made now
    return work(this.#openPartials());
  }

  #openReceipts(): Receipts {
    if (!this.#looked) this.#lookAtReceipts();
    this.#receipts ??= this.#receiptsIn(makeOwn(this.#options.library, RECEIPT_FOLDER));
    return this.#receipts;
  }

  #receiptsIn(folder: Folder): Receipts {
    const { receiptRetention } = this.#options;
    return new Receipts(folder, receiptRetention, (kept) => this.#partials?.kept.note(kept));
  }

  #lookAtReceipts(): void {
    this.#looked = true;
    setImmediate(() => (this.#looked = false));
    if (this.#receipts?.isGone !== true) return;
    this.#receipts[Symbol.dispose]();
    this.#receipts = undefined;
  }

  /** That it is not told to others does no harm to the upload. */
  #kept(kept: Kept): void {
    try {
      this.#openReceipts().tries.noteKept(kept);
    } catch {
      this.#partials?.kept.note(kept);
    }
    this.#partials?.kept.trim(kept.name);
  }

  /** Partials that were not touched since go. In milliseconds since 1970. */
  #due(): number {
    const { retention = PARTIAL_RETENTION, now = steadyNow } = this.#options;
    return now() - retention;
  }

  /** Also of what others have left: they may be processes that each serve one client, and soon end. */
  #lookAfter(): void {
    void this.#findPartials()?.sweepLater(this.#due());
    this.#findReceipts();
  }

  /** While the journal is open it is measured how long the library is served, and what is old goes. */
  #findReceipts(): void {
    try {
      if (!this.#looked) this.#lookAtReceipts();
      if (this.#receipts !== undefined) return;
      const folder = findOwn(this.#options.library, RECEIPT_FOLDER);
      this.#receipts = folder && this.#receiptsIn(folder);
    } catch {
      // As with the partials.
    }
  }

  #sweep(): void {
    try {
      this.#findPartials()?.sweep(this.#due());
    } catch {
      // As below.
    }
  }

  /** That nothing can be swept does no harm to reading: an upload will say why. */
  #findPartials(): Partials | undefined {
    try {
      this.#partials ??= Partials.find(this.#options.library, this.#bounds);
    } catch {
      // As said above.
    }
    return this.#partials;
  }
}

/** An older try ends, unless it is being committed; then it is waited for. */
async function letGo({ sink, options }: UploadTarget): Promise<void> {
  // First its client is told: from then on nothing is written any more.
  if (sink.isOpen) options.onTakenOver?.();
  await sink.handOver();
}

/** @param size of bytes from which on it may not */
function mayBeUnnamed({ size, resume }: CreateOptions, below: number): boolean {
  return size !== undefined && size < below && resume === undefined;
}
