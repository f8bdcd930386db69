/** Writes a file through a partial file: an upload, or a client's download. */

import { LeatError } from "../../errors.ts";
import { WRITE_BEHIND } from "../../limits.ts";
import { Commit } from "./commit.ts";
import { quote } from "../names.ts";
import { abandon, type PartialFile } from "./partial.ts";
import { takenOver } from "../system/refusals.ts";
import type { CommitDigest, MaybePromise, Resumed, Sink, Stored } from "../store.ts";
import type { SinkOptions, SinkTarget } from "./sink-target.ts";
import { bytesOnDisk } from "../system/facts.ts";
import { isSupported } from "../system/system-error.ts";
import { writePace, type DiskPace } from "../system/disk-pace.ts";
import { WriteBehind } from "./write-behind.ts";

export class DiskSink implements Sink {
  readonly durableOffset: number;
  readonly #partial: PartialFile;
  readonly #target: SinkTarget;
  readonly #options: SinkOptions;
  readonly #pace: DiskPace;
  /** Of a file that is long, or may be, and is put on disk. */
  readonly #behind: WriteBehind | undefined;
  #ended = false;
  /** A write on the thread pool: the descriptor must not be closed meanwhile. */
  #running: Promise<void> | undefined;
  /** A `keep` that waits for the caller's last write. */
  #keeping: Promise<void> | undefined;
  /** The error of a write that failed: the file has a hole, and is not committed. */
  #broken: unknown;
  /** Resolves when it has ended and its file is closed. */
  readonly #released = Promise.withResolvers<void>();
  #takenOver = false;

  constructor(partial: PartialFile, target: SinkTarget, options: SinkOptions, pace = writePace) {
    this.#partial = partial;
    this.durableOffset = partial.size;
    this.#target = target;
    this.#options = options;
    this.#pace = pace;
    if (options.durability === "fsync" && (options.size ?? WRITE_BEHIND) >= WRITE_BEHIND) {
      this.#behind = new WriteBehind(() => isSupported(partial.syncBytes()));
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
      // While writes go to the pool, the disk is busy writing back as it is.
      if (written !== undefined) return this.#track(written);
      this.#behind?.written(this.#partial.size);
    } catch (error) {
      throw this.#break(error);
    }
  }

  writeHole(length: number, position: number): MaybePromise<void> {
    this.#mustBeOpen();
    this.#checkPosition(length, position);
    try {
      this.#behind?.check();
      const made = this.#partial.appendHole(length, this.#pace);
      return made && this.#track(made);
    } catch (error) {
      throw this.#break(error);
    }
  }

  /** Drops the bytes from `position` on: they will be written again. */
  async rewind(position: number): Promise<void> {
    this.#mustBeOpen();
    await this.#running;
    this.#mustBeOpen();
    if (position < this.#partial.size) this.#partial.rewind(position);
  }

  async commit(digest?: CommitDigest): Promise<Stored> {
    this.#mustBeOpen();
    this.#ended = true;
    try {
      const idle = this.#idle();
      if (idle !== undefined) await idle;
      if (this.#broken !== undefined) throw this.#broken;
      this.#checkSize();
      const commit = new Commit(this.#partial, this.#target, this.#options);
      if (this.#options.durability === "none") return commit.now(digest);
      return await commit.onDisk(digest, () => this.#behind?.check());
    } catch (error) {
      abandon(this.#partial);
      throw error;
    } finally {
      this.#release();
    }
  }

  /** Resolves when it has ended and its file is closed. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Discards it if it is open. Resolves when everything that was begun is over. */
  async close(): Promise<void> {
    await (this.#keeping ?? this.discard());
    await this.released;
  }

  keep(length = Number.POSITIVE_INFINITY, after?: Promise<void>): MaybePromise<void> {
    if (after === undefined) {
      return this.#end(() => {
        const partial = this.#partial;
        if (this.#behind?.failed === true) return partial.remove();
        if (length < partial.size) partial.rewind(length);
        if (partial.isNamed) this.#target.onKept?.(partial.name, bytesOnDisk(partial.facts()));
      });
    }
    this.#keeping = after.then(() => this.keep(length));
    return this.#keeping;
  }

  /** Whether it was neither committed, nor kept, nor discarded. */
  get isOpen(): boolean {
    return !this.#ended && this.#keeping === undefined;
  }

  /** Leaves the partial to a newer try; if it is being committed, waits for that. */
  async handOver(): Promise<void> {
    this.#takenOver = true;
    await (this.#keeping ?? this.keep());
    await this.released;
  }

  discard(): MaybePromise<void> {
    return this.#end(() => this.#partial.remove());
  }

  /** As `discard`, without errors: for a caller that reports another one. */
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

  /** Resolves when nothing uses the descriptor any more; undefined when nothing does. */
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

  #release(): void {
    try {
      this.#partial.close();
    } finally {
      this.#target[Symbol.dispose]();
      this.#released.resolve();
    }
  }

  /** The file has a hole now. @returns the error for the caller */
  #break(error: unknown): LeatError {
    const refusal = LeatError.from(error, `cannot write ${quote(this.#target.path)}`);
    this.#broken = refusal;
    return refusal;
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
    if (declared !== undefined && size + length > declared) throw this.#sizeMismatch("more");
  }

  #checkSize(): void {
    const declared = this.#options.size;
    const { size } = this.#partial;
    if (declared !== undefined && declared !== size) throw this.#sizeMismatch(size);
  }

  #sizeMismatch(arrived: number | "more"): LeatError {
    const declared = `${quote(this.#target.path)} was declared as ${this.#options.size} bytes`;
    return new LeatError("SIZE_MISMATCH", `${declared}, and ${arrived} arrived`);
  }

  #mustBeOpen(): void {
    if (!this.#ended) return;
    if (this.#takenOver) throw takenOver(this.#target.path);
    throw new LeatError("INTERNAL", `the writing of ${quote(this.#target.path)} has ended`);
  }
}
