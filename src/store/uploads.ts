/**
 * Uploads into a library: those that are under way, those that were interrupted and may be continued,
 * and for a day those that are done. Nothing of it is kept in memory that the disk does not have, so
 * that another process, or the next one, goes on with it.
 */

import { LeatError } from "../errors.ts";
import { sha256 } from "../hash.ts";
import {
  BLOCK_SIZE,
  PARTIAL_RETENTION,
  SWEEP_EVERY,
  UNNAMED_BELOW,
  UPLOAD_WINDOW,
} from "../limits.ts";
import { mayTake } from "./collision.ts";
import { DiskSink, type Skipped } from "./disk-sink.ts";
import { type Versions, versionedEntry } from "./entry.ts";
import { type Facts, sameThing } from "./facts.ts";
import { checkFree } from "./free-space.ts";
import type { Library, OpenPlace } from "./library.ts";
import { quote } from "./names.ts";
import { abandon, type PartialFile } from "./partial.ts";
import { Partials, makeOwn } from "./partials.ts";
import { type CommitNote, Receipts } from "./receipts.ts";
import { isDirectory } from "./refusals.ts";
import type { Committed, CreateOptions, Resumed } from "./store.ts";
import { syncFolder } from "./sync-folder.ts";
import { type UploadHost, UploadTarget } from "./upload-target.ts";

export interface UploadsOptions {
  readonly library: Library;
  readonly versions: Versions;
  /** What has the name, for an upload that skips it. */
  readonly skip: (path: string, place: OpenPlace) => Skipped;
  /** Milliseconds that an abandoned partial is kept. */
  readonly retention?: number | undefined;
  /** Milliseconds since 1970; for tests. */
  readonly now?: (() => number) | undefined;
}

type Created = DiskSink | Skipped | { readonly committed: Committed };

const UPLOAD_ID_BYTES = 16;

export class Uploads implements AsyncDisposable {
  readonly #options: UploadsOptions;
  readonly #host: UploadHost;
  /** Open ones; they use our descriptors. */
  readonly #open = new Set<UploadTarget>();
  /** Those that are looked for. */
  readonly #opening = new Set<Promise<Created>>();
  /** Nothing is begun any more. */
  #closing = false;
  readonly #timer: ReturnType<typeof setInterval>;
  #partials: Partials | undefined;
  #receipts: Receipts | undefined;
  /** In this turn of the event loop: whether the folder of the receipts is still there. */
  #looked = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#host = {
      library: options.library,
      versions: options.versions,
      open: this.#open,
      receipts: () => this.#openReceipts(),
      syncs: () => this.#partials?.syncs,
    };
    this.#sweep();
    this.#timer = setInterval(
      () => this.#sweep(),
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
    const opening = this.#resume(path, options);
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
    this.#partials?.[Symbol.dispose]();
    this.#receipts?.[Symbol.dispose]();
  }

  /** @param found is continued; else it is begun */
  #begin(
    path: string,
    options: CreateOptions,
    found?: { readonly partial: PartialFile; readonly resumed: Resumed },
  ): DiskSink | Skipped {
    const { library, versions, skip } = this.#options;
    let begun: PartialFile | undefined;
    try {
      if (this.#closing) throw new LeatError("UNAVAILABLE", "the library is being closed");
      const place = library.placeNow(path, isDirectory);
      // All of it comes along with the request in any case: the commit will tell.
      const willTell = options.collision === "fail" && mayBeUnnamed(options, UPLOAD_WINDOW + 1);
      const existing = willTell ? undefined : place.folder.look(place.name);
      if (!mayTake(existing, options, path, versions)) {
        if (found !== undefined) abandon(found.partial); // nobody goes on with it
        return skip(path, place);
      }
      const partial = this.#place(path, place, options, found?.partial);
      if (found === undefined) begun = partial;
      const uploadId = found?.resumed.uploadId ?? options.uploadId;
      const target = new UploadTarget(this.#host, path, uploadId, options);
      const { resumed } = found ?? {};
      target.sink = new DiskSink(partial, target, resumed ? { ...options, resumed } : options);
      return target.sink;
    } catch (error) {
      found?.partial.close();
      if (begun !== undefined) abandon(begun);
      throw error;
    }
  }

  async #resume(path: string, options: CreateOptions): Promise<Created> {
    const name = partialName(path, options);
    // The one before may have come to another process: here it may be the first upload of all.
    this.#partials ??= Partials.find(this.#options.library, this.#onRemove);
    await this.#takeOver(name);
    // Who looks for another's partial has a new id: nothing was committed under it.
    const again = options.resume?.prefix === undefined;
    const note = again ? await this.#note(path, options.uploadId) : undefined;
    const committed = note && (await this.#committed(note, path, options.uploadId));
    if (committed !== undefined) {
      this.#partials?.removeLeft(name);
      return { committed };
    }
    const partial = await this.#find(path, options);
    if (partial === undefined && again) return this.#beginAgain(path, options);
    return this.#begin(path, options, partial && (await this.#check(partial, options)));
  }

  /**
   * What an earlier try has left is not to be had. Another process may be committing just that, and
   * be done since we looked: so it is looked once more, behind what would refuse us, and behind the
   * moment from which its name among the partials is ours.
   */
  async #beginAgain(path: string, options: CreateOptions): Promise<Created> {
    let begun: DiskSink | Skipped | undefined;
    let refusal: unknown;
    try {
      begun = this.#begin(path, options);
    } catch (error) {
      refusal = error;
    }
    const sink = begun instanceof DiskSink ? begun : undefined;
    const { uploadId } = options;
    const note = await this.#note(path, uploadId);
    const committed = note && (await this.#committed(note, path, uploadId, sink !== undefined));
    if (committed !== undefined) {
      await sink?.abandon();
      return { committed };
    }
    if (begun !== undefined) return begun;
    // A process died between the note and the name, or just behind the name; then another file took it.
    const taken = refusal instanceof LeatError && refusal.code === "ALREADY_EXISTS";
    if (!taken || note?.state !== "unnamed") throw refusal;
    const message = `${quote(path)} exists; whether this upload was there before it cannot be told`;
    throw new LeatError("OUTCOME_UNKNOWN", message);
  }

  #note(path: string, uploadId: Uint8Array): Promise<CommitNote | undefined> {
    return this.#openReceipts().find(uploadId, path);
  }

  /** What an earlier try has left: of the same id, else one that begins as this one does. */
  async #find(path: string, options: CreateOptions): Promise<PartialFile | undefined> {
    const own = this.#partials?.reopen(partialName(path, options));
    const prefix = options.resume?.prefix;
    if (own !== undefined || prefix === undefined || options.size === undefined) return own;
    return await this.#partials?.find(targetOf(path, options), prefix);
  }

  /** How much of it there is, in whole blocks, and what that is. */
  async #check(
    partial: PartialFile,
    { size, resume }: CreateOptions,
  ): Promise<{ partial: PartialFile; resumed: Resumed }> {
    try {
      const whole = partial.size - (partial.size % BLOCK_SIZE);
      const known = size !== undefined && partial.size >= size ? size : whole;
      const length = resume?.fresh === true ? 0 : known;
      const crc32 = await partial.crc32(length);
      partial.rewind(length);
      return { partial, resumed: { crc32, uploadId: Partials.uploadId(partial.name) } };
    } catch (error) {
      partial.close();
      throw LeatError.from(error, "cannot continue an upload");
    }
  }

  /** A newer try of an upload that is open here: the older one has to let go. */
  async #takeOver(name: string): Promise<void> {
    for (const { sink, options } of this.#open) {
      if (sink.partialName !== name) continue;
      try {
        await sink.handOver();
      } finally {
        options.onTakenOver?.();
      }
    }
  }

  /** @param begun its partial is one that was just begun: what is there says nothing */
  async #committed(
    note: CommitNote,
    path: string,
    uploadId: Uint8Array,
    begun = false,
  ): Promise<Committed | undefined> {
    const { library, versions } = this.#options;
    using place = library.place(path, isDirectory);
    const facts = place.folder.look(place.name);
    if (facts !== undefined && isNoted(facts, note)) {
      // It may have been interrupted behind the name.
      const entry = versionedEntry(place.name, facts, versions);
      const isDone = note.durability === "none" || (await syncFolder(place.folder));
      return isDone
        ? { ...note, entry }
        : { ...note, entry, durability: "none", notDone: { sync: true } };
    }
    // It was interrupted before the name: it had none, or its partial is still there.
    if (note.state === "unnamed") return undefined;
    if (!begun && this.#partials?.has(uploadId) === true) return undefined;
    const { size, modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = note.facts;
    const modified = { seconds, nanoseconds };
    return {
      ...note,
      entry: { name: place.name, kind: "FILE", size, modified, mode: 0, version: "" },
    };
  }

  #place(
    path: string,
    place: OpenPlace,
    options: CreateOptions,
    found: PartialFile | undefined,
  ): PartialFile {
    const { library } = this.#options;
    this.#partials ??= Partials.make(library, this.#onRemove);
    const partials = this.#partials;
    if (!partials.canPublishTo(place.folder)) {
      const message = `${quote(path)} is on another file system than the partial files`;
      throw new LeatError("CROSS_DEVICE", message);
    }
    // What takes the place of another file needs a name among the partials for that.
    const mayNeedName = options.collision === "replace";
    if (mayBeUnnamed(options, UNNAMED_BELOW) && !(mayNeedName && partials.isGone)) {
      const unnamed = partials.createUnnamed(() => partialName(path, options), place.folder);
      if (unnamed !== undefined) return unnamed;
    }
    const name = partialName(path, options);
    try {
      if (options.size !== undefined) {
        checkFree(partials.folder, options.size - (found?.size ?? 0), path);
      }
      return found ?? partials.create(name, path, place.folder);
    } catch (error) {
      if (!partials.isGone) throw error;
    }
    // Somebody has cleared the folder away.
    partials[Symbol.dispose]();
    this.#receipts?.[Symbol.dispose]();
    this.#receipts = undefined;
    this.#partials = undefined; // to be made by the next upload, if it can't be made now
    this.#partials = Partials.make(library, this.#onRemove);
    return this.#partials.create(name, path, place.folder);
  }

  #openReceipts(): Receipts {
    if (!this.#looked) this.#lookAtReceipts();
    this.#receipts ??= new Receipts(makeOwn(this.#options.library, "receipts"));
    return this.#receipts;
  }

  #lookAtReceipts(): void {
    this.#looked = true;
    setImmediate(() => (this.#looked = false));
    if (this.#receipts?.isGone !== true) return;
    this.#receipts[Symbol.dispose]();
    this.#receipts = undefined;
  }

  /** A partial goes without a commit: what was noted of one that was about to happen is not so. */
  readonly #onRemove = (name: string): void => {
    this.#openReceipts().withdraw(Partials.uploadId(name));
  };

  /** What cannot be swept does no harm to reading: an upload will say what is wrong. */
  #sweep(): void {
    const { library, retention = PARTIAL_RETENTION, now = Date.now } = this.#options;
    try {
      this.#partials ??= Partials.find(library, this.#onRemove);
      this.#partials?.sweep(now() - retention);
    } catch {
      // As said above.
    }
  }
}

/** Whether a file is the one that was about to get its name. */
function isNoted(facts: Facts, { facts: noted }: CommitNote): boolean {
  return (
    sameThing(facts, noted) &&
    facts.size === noted.size &&
    facts.modifiedSeconds === noted.modifiedSeconds &&
    facts.modifiedNanoseconds === noted.modifiedNanoseconds
  );
}

/** @param size of bytes from which on it may not */
function mayBeUnnamed({ size, resume }: CreateOptions, below: number): boolean {
  return size !== undefined && size < below && resume === undefined;
}

/** Partials are found again by upload id and target, or by what is known of the target alone. */
function partialName(path: string, options: CreateOptions): string {
  return `${Buffer.from(options.uploadId).toString("hex")}.${targetOf(path, options)}`;
}

function targetOf(path: string, { size, modified }: CreateOptions): string {
  const facts = [path, size, modified?.seconds, modified?.nanoseconds];
  return sha256(JSON.stringify(facts)).toString("hex").slice(0, 32);
}
