/** A file on its way in, through a partial file. The same for uploads and for a client's downloads. */

import { LeatError } from "../../errors.ts";
import { WRITE_BEHIND } from "../../limits.ts";
import { mayUseName } from "./collision.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Facts } from "../system/facts.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import { setModeAndTime } from "./mode-and-time.ts";
import { quote } from "../names.ts";
import { abandon, type PartialFile } from "./partial.ts";
import { newNamesOnDisk } from "./sync-new-names.ts";
import { publish, withdraw } from "./publish.ts";
import { alreadyExists, takenOver } from "../system/refusals.ts";
import type {
  CommitDigest,
  MaybePromise,
  NotDone,
  Resumed,
  Sink,
  Stored,
  StoreEntry,
} from "../store.ts";
import type { SinkOptions, SinkTarget } from "./sink-target.ts";
import { syncFolder } from "./sync-folder.ts";
import { isSupported } from "../system/system-error.ts";
import { writePace, type DiskPace } from "../system/disk-pace.ts";
import { WriteBehind } from "./write-behind.ts";

export class DiskSink implements Sink {
  readonly durableOffset: number;
  readonly #partial: PartialFile;
  readonly #target: SinkTarget;
  readonly #options: SinkOptions;
  readonly #pace: DiskPace;
  /** Only where the file is put on disk before it is committed. */
  readonly #behind: WriteBehind | undefined;
  #ended = false;
  /** What the thread pool does to our descriptor just now: it must not be closed meanwhile. */
  #running: Promise<void> | undefined;
  /** It is to be kept, when what was begun is written. */
  #keeping: Promise<void> | undefined;
  /** What was asked for and cannot be done here. */
  #notDone: NotDone | undefined;
  /** Why a write failed: what is there has a hole, and is not committed. */
  #broken: unknown;
  /** Resolves when it is released; made when somebody waits for that. */
  #waiting: PromiseWithResolvers<void> | undefined;
  #isReleased = false;
  #takenOver = false;

  constructor(partial: PartialFile, target: SinkTarget, options: SinkOptions, pace = writePace) {
    this.#partial = partial;
    this.durableOffset = partial.size;
    this.#target = target;
    this.#options = options;
    this.#pace = pace;
    if (options.durability === "fsync" && (options.size ?? WRITE_BEHIND) >= WRITE_BEHIND) {
      this.#behind = new WriteBehind(() => this.#onDisk(partial.syncBytes()));
    }
  }

  get resumed(): Resumed | undefined {
    return this.#options.resumed;
  }

  write(bytes: Uint8Array, position: number): MaybePromise<void> {
    this.#mustBeOpen();
    this.#checkPosition(bytes.length, position);
    try {
      this.#behind?.check();
      const written = this.#partial.append(bytes, this.#pace);
      // Where the disk does not follow, the kernel puts on disk what it can already.
      if (written !== undefined) return this.#track(written);
      this.#behind?.written(this.#partial.size);
    } catch (error) {
      throw this.#break(error);
    }
  }

  /** Forgets what was written from `position` on: it comes again. */
  async rewind(position: number): Promise<void> {
    this.#mustBeOpen();
    await this.#running;
    this.#mustBeOpen();
    if (position < this.#partial.size) this.#partial.rewind(position);
  }

  /** Among the partials. */
  get partialName(): string {
    return this.#partial.name;
  }

  async commit(digest?: CommitDigest): Promise<Stored> {
    this.#mustBeOpen();
    this.#ended = true;
    try {
      const idle = this.#idle();
      if (idle !== undefined) await idle;
      if (this.#broken !== undefined) throw this.#broken;
      this.#checkSize();
      const entry = this.#commitNow(digest) ?? (await this.#commit(digest));
      return this.#notDone === undefined ? entry : { ...entry, notDone: this.#notDone };
    } catch (error) {
      abandon(this.#partial);
      throw error;
    } finally {
      this.#release();
    }
  }

  /** Resolves when it has ended and let go of its file. */
  async released(): Promise<void> {
    if (this.#isReleased) return;
    this.#waiting ??= Promise.withResolvers();
    await this.#waiting.promise;
  }

  /** Resolves when everything that was begun is over; an open Sink is discarded. */
  async close(): Promise<void> {
    await (this.#keeping ?? this.discard());
    await this.released();
  }

  keep(length = Number.POSITIVE_INFINITY, after?: Promise<void>): MaybePromise<void> {
    if (after === undefined) {
      return this.#end(() => {
        const partial = this.#partial;
        if (this.#behind?.failed === true) return partial.remove();
        if (length < partial.size) partial.rewind(length);
        if (partial.isNamed) this.#target.onKept?.(partial.name, partial.size);
      });
    }
    this.#keeping = after.then(() => this.keep(length));
    return this.#keeping;
  }

  /** Whether it goes on: it was neither committed, nor kept, nor discarded. */
  get isOpen(): boolean {
    return !this.#ended && this.#keeping === undefined;
  }

  /** A newer try takes the partial: lets go of it, unless it is being committed; then waits. */
  async handOver(): Promise<void> {
    this.#takenOver = true;
    await (this.#keeping ?? this.keep());
    await this.released();
  }

  discard(): MaybePromise<void> {
    return this.#end(() => this.#partial.remove());
  }

  /** As `discard`, where something else is to be told. */
  abandon(): MaybePromise<void> {
    return this.#end(() => abandon(this.#partial));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }

  #end(work: () => void): MaybePromise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const finish = (): void => {
      try {
        work();
      } finally {
        this.#release();
      }
    };
    const idle = this.#idle();
    return idle === undefined ? finish() : idle.then(finish);
  }

  /** Resolves when nothing uses our descriptor; undefined when nothing does. */
  #idle(): Promise<unknown> | undefined {
    const running = this.#running;
    const behind = this.#behind?.running;
    if (running === undefined && behind === undefined) return undefined;
    return Promise.allSettled([running, behind]);
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running = work
      .catch((error: unknown) => {
        throw this.#break(error);
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** As `#commit`, in this turn of the event loop, where nothing has to be waited for. */
  #commitNow(digest: CommitDigest | undefined): StoreEntry | undefined {
    if (this.#options.durability === "fsync") return undefined;
    const now = this.#target.placeNow?.();
    if (now !== undefined) {
      this.#prepare(now);
      return this.#publish(now, digest).entry;
    }
    using place = this.#target.place();
    this.#prepare(place);
    return this.#publish(place, digest).entry;
  }

  async #commit(digest: CommitDigest | undefined): Promise<StoreEntry> {
    {
      using place = this.#target.place();
      this.#prepare(place);
    }
    const partial = this.#partial;
    await this.#sync(async () => {
      await this.#onDisk(this.#target.sync?.(partial) ?? partial.sync());
      this.#behind?.check();
    });
    // Once more: folders may have moved meanwhile.
    using place = this.#target.place();
    const { entry, facts, replaced } = this.#publish(place, digest);
    await this.#syncName(place, facts, replaced);
    return entry;
  }

  /** Everything that is to be on disk together with the bytes; a lost race is told before the sync. */
  #prepare(place: OpenPlace): void {
    const { path, versions } = this.#target;
    const existing = place.folder.stat(place.name);
    if (!mayUseName(existing, this.#options, path, versions)) throw alreadyExists(path);
    const { modified } = this.#options;
    const mode =
      existing === undefined ? this.#target.mode?.(this.#partial, place.folder) : undefined;
    this.#notDone = setModeAndTime(this.#partial, { existing, mode, modified, path });
  }

  /** Waits for a sync; where the file system cannot do that, it is said. */
  async #onDisk(sync: Promise<void>): Promise<void> {
    if (!(await isSupported(sync))) this.#notDone = { ...this.#notDone, sync: true };
  }

  #publish(place: OpenPlace, digest: CommitDigest | undefined): Published {
    const { path, versions } = this.#target;
    let replaced: boolean;
    try {
      if (digest !== undefined) this.#target.recordIntent?.(this.#partial, digest, this.#notDone);
      replaced = publish(this.#partial, place, this.#options, { path, versions });
    } catch (error) {
      if (digest !== undefined) this.#unsaid(() => this.#target.withdrawIntent?.());
      throw error;
    }
    this.#target.confirmIntent?.();
    // After the name: links and renames change the ctime, and with it the version.
    const facts = this.#partial.facts();
    return { entry: versionedEntry(place.name, facts, versions), facts, replaced };
  }

  /** Puts the new name on disk. If that fails, a name that was free before is free again. */
  async #syncName(place: Place, published: Facts, replaced: boolean): Promise<void> {
    try {
      await this.#sync(async () => {
        const synced = syncFolder(place.folder);
        await Promise.all([synced, newNamesOnDisk()]);
        if (!(await synced)) this.#notDone = { ...this.#notDone, sync: true };
      });
    } catch (error) {
      if (!replaced) {
        this.#unsaid(() => {
          withdraw(place, published);
          this.#target.withdrawIntent?.();
        });
      }
      throw error;
    }
  }

  /** Takes something back because of an error that is on its way: nothing hides that one. */
  #unsaid(takeBack: () => void): void {
    try {
      takeBack();
    } catch {
      // As said above.
    }
  }

  #release(): void {
    try {
      this.#partial.close();
    } finally {
      this.#target[Symbol.dispose]();
      this.#isReleased = true;
      this.#waiting?.resolve();
    }
  }

  /** The file has a hole now. @returns why, as a refusal */
  #break(error: unknown): LeatError {
    const refusal = LeatError.from(error, `cannot write ${quote(this.#target.path)}`);
    this.#broken = refusal;
    return refusal;
  }

  async #sync(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw LeatError.from(error, `cannot put ${quote(this.#target.path)} on disk`);
    }
  }

  #checkPosition(length: number, position: number): void {
    if (this.#running !== undefined) {
      throw new LeatError("INTERNAL", `a write at ${position} did not wait for the one before`);
    }
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
    if (this.#takenOver) throw takenOver(this.#target.path);
    throw new LeatError("INTERNAL", `the writing of ${quote(this.#target.path)} has ended`);
  }
}

interface Published {
  readonly entry: StoreEntry;
  readonly facts: Facts;
  /** Another file had the name until now. */
  readonly replaced: boolean;
}

/** What has the name, for an upload that skips it. */
export type Skipped = { readonly skipped: StoreEntry };
