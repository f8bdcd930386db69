/**
 * Sends a range of an open file: reads it straight into the send buffer, or has the kernel send it.
 * Blocks whose CRC is known are not summed.
 */
import { crc32OfZeros } from "../crc32.ts";
import { LeatError } from "../errors.ts";
import type { FileRegion } from "../file-region.ts";
import { BLOCK_SIZE, COMPARE_TRIES } from "../limits.ts";
import type { FinishInit, Outgoing, OutgoingHole } from "../session/outgoing.ts";
import type { Prefix, Source } from "../store/store.ts";
import { changed, compare, comparePart, isComparable, replaced } from "./compare.ts";
import { Digest } from "./digest.ts";
import { atOnce, closeSource } from "./source-calls.ts";
import { sumRange } from "./sum-range.ts";

/** CRCs of the whole blocks of a file, by their number. */
export interface KnownCrcs {
  get(block: number): number | undefined;
  set(block: number, crc: number): void;
}

/** Sends parts of a source without a buffer. */
export interface KernelCopy {
  /** Also blocks whose CRC is unknown: they are read for it first. */
  readonly unknown: boolean;
  /** @param onEnd called once, when the source is no longer used */
  region(position: number, length: number, onEnd: RegionEnd): FileRegion;
}

/** @param short the file had fewer bytes @param error why, where it could not be read */
export type RegionEnd = (short: boolean, error?: unknown) => void;

export interface OutgoingSourceOptions {
  /** Released with the stream. Answers `read` at once. */
  readonly source: Source;
  /** First byte to send. */
  readonly offset: number;
  /** Bytes to send; the file has them. */
  readonly length: number;
  readonly sha256: boolean;
  /** The bytes before the offset, where Finish is to cover them as well. */
  readonly prefix?: Prefix | undefined;
  /** For messages. */
  readonly path: string;
  /** Called as bytes leave, with how many. */
  readonly onTaken?: (bytes: number) => void;
  /** Called in place of it for zeros that need not be sent. */
  readonly onHole?: (bytes: number) => void;
  /**
   * Called when there is something to take after there was nothing, and when a comparison is done. Where it
   * is missing, reads wait for a slow disk, and a file that is touched counts as changed.
   */
  readonly onReady?: (() => void) | undefined;
  /** Reads wait for a slow disk. */
  readonly patient?: boolean;
  /** Of the version that the source has. Of no use with `sha256`, which takes every byte. */
  readonly crcs?: KnownCrcs | undefined;
  /**
   * The client asked for this version, to complete what it has: the file must stay at that version. The
   * known CRC of the first block is not used: the client may ask once more because that block was damaged.
   */
  readonly pinned?: boolean;
  /** Has the kernel send bytes, where that is wanted. Of no use with `sha256`. */
  readonly copy?: KernelCopy | undefined;
  /** The file may become longer: the range stays the same. Not with `pinned`. */
  readonly mayGrow?: boolean;
  /** The source is closed. */
  readonly onClosed?: (() => void) | undefined;
}

export class OutgoingSource implements Outgoing {
  readonly #options: OutgoingSourceOptions;
  readonly #digest: Digest;
  #crcs: KnownCrcs | undefined;
  #copy: KernelCopy | undefined;
  #position: number;
  #left: number;
  /** Where the current block begins, in this range. */
  #blockStart: number;
  /** CRC of the current block, where it is known before its bytes are read. */
  #known: number | undefined;
  /** A region is on its way: the source stays open for it. */
  #lent = false;
  /** The disk reads ahead: nothing can be taken until it is done. */
  #fetching = false;
  /** First byte that was not fetched. */
  #fetched = 0;
  /** Why it cannot go on: a region had fewer bytes than it promised, or the file is another. */
  #failed: LeatError | undefined;
  /** The version that all bytes sent so far are of, as far as known. */
  #version: string;
  /** Aborts the comparison that runs: the source stays open for it. */
  #comparing: AbortController | undefined;
  #comparisons = 0;
  /** It became longer, and still begins with all that was sent. */
  #hasGrown = false;
  /** Of all that was sent. */
  #sums: FinishInit | undefined;
  released = false;
  finished: FinishInit | undefined;

  constructor(options: OutgoingSourceOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256, options.prefix);
    this.#crcs = options.sha256 ? undefined : options.crcs;
    this.#copy = options.sha256 ? undefined : options.copy;
    this.#position = options.offset;
    this.#blockStart = options.offset;
    this.#left = options.length;
    this.#version = options.source.entry.version;
    this.#fetch();
  }

  get available(): number {
    return this.#fetching ? 0 : this.#left;
  }

  get done(): boolean {
    return this.#left === 0 && this.#comparing === undefined;
  }

  ends(length: number): boolean {
    return length === this.#left;
  }

  take(into: Uint8Array, at: number, length: number): void {
    this.#enter(length);
    const bytes = into.subarray(at, at + length);
    const read = this.#read(bytes, this.#position);
    if (read < length) throw this.#changed(`it has ${this.#position + read} bytes left`);
    if (this.#known === undefined) this.#digest.update(bytes);
    this.#took(length, this.#options.onTaken);
  }

  takeHole(): OutgoingHole | undefined {
    const { source, sha256, onHole } = this.#options;
    const start = this.#position;
    const isStart = start === this.#blockStart && start % BLOCK_SIZE === 0;
    if (sha256 || !isStart || this.available === 0 || source.holeAt === undefined) return undefined;
    const found = source.holeAt(start);
    const length = found >= this.#left ? this.#left : found - (found % BLOCK_SIZE);
    if (length === 0) return undefined;
    const crc32 = crc32OfZeros(length);
    this.#digest.skip(crc32, length);
    this.#blockStart += length;
    this.#took(length, onHole);
    return { length, crc32 };
  }

  region(length: number): FileRegion | undefined {
    const copy = this.#copy;
    if (copy === undefined) return undefined;
    this.#enter(length);
    if (this.#known === undefined) return undefined;
    const region = copy.region(this.#position, length, this.#returned);
    this.#lent = true;
    this.#took(length, this.#options.onTaken);
    return region;
  }

  endBlock(): number {
    const length = this.#position - this.#blockStart;
    const known = this.#known;
    if (known !== undefined) this.#digest.skip(known, length);
    const crc = known ?? this.#digest.endBlock();
    if (known === undefined) this.#keep(length, crc);
    this.#blockStart = this.#position;
    this.#known = undefined;
    return crc;
  }

  finish(): FinishInit | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    this.#sums ??= this.#digest.finish();
    if (this.#hasGrown || this.#isSame()) return (this.finished = this.#sums);
    this.#mustBeComparable();
    this.#comparing = new AbortController();
    void this.#compare(this.#sums, this.#comparing.signal);
    return undefined;
  }

  retake(into: Uint8Array, at: number, length: number, position: number): void {
    const bytes = into.subarray(at, at + length);
    // Zeros for bytes that are gone: the frame's length was sent already. CRC and version show it.
    bytes.fill(0, this.released ? 0 : this.#readAgain(bytes, position));
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.#comparing?.abort();
    this.#close();
  }

  readonly #returned: RegionEnd = (short, error) => {
    this.#lent = false;
    if (error !== undefined) {
      this.#failed ??= LeatError.from(error, `reading ${this.#options.path} failed`);
    } else if (short) this.#failed ??= this.#changed("it became shorter");
    this.#close();
  };

  /** Closes the source once the stream is over and no read, region or comparison uses it. */
  #close(): void {
    if (!this.released || this.#lent || this.#fetching || this.#comparing !== undefined) return;
    closeSource(this.#options.source);
    this.#options.onClosed?.();
  }

  /** Before the next `length` bytes: finds out whether the CRC of their block is known. */
  #enter(length: number): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#position === this.#blockStart) this.#known = this.#lookUp();
    // The bytes of this block were not summed: they must be of the version that its CRC is of.
    if (this.#known !== undefined && this.#closes(length) && !this.#isSame()) this.#doubt();
  }

  /** The file was touched at least: known CRCs are not used any more, and it is compared at the end. */
  #doubt(): void {
    this.#mustBeComparable();
    this.#crcs = undefined;
    this.#copy = undefined;
  }

  #lookUp(): number | undefined {
    const { pinned = false, offset, source } = this.#options;
    const position = this.#position;
    const length = Math.min(BLOCK_SIZE - (position % BLOCK_SIZE), this.#left);
    const first = pinned && position === offset;
    const known =
      first || !this.#isWhole(length) ? undefined : this.#crcs?.get(position / BLOCK_SIZE);
    if (known !== undefined || this.#copy?.unknown !== true) return known;
    const crc = sumRange(source, position, length);
    if (crc === undefined) throw this.#changed("it became shorter");
    this.#keep(length, crc);
    return crc;
  }

  /** Keeps the CRC of the current block, if all of it is in the range. */
  #keep(length: number, crc: number): void {
    if (this.#crcs === undefined || !this.#isWhole(length)) return;
    if (this.#options.source.settled === true) {
      this.#crcs.set(this.#blockStart / BLOCK_SIZE, crc);
    }
  }

  /** Whether `length` bytes from the start of the current block are all that the file has of it. */
  #isWhole(length: number): boolean {
    const start = this.#blockStart;
    const { size } = this.#options.source.entry;
    return start % BLOCK_SIZE === 0 && (length === BLOCK_SIZE || start + length === size);
  }

  #closes(length: number): boolean {
    return (this.#position + length) % BLOCK_SIZE === 0 || this.ends(length);
  }

  /** @param report gets the length */
  #took(length: number, report: ((bytes: number) => void) | undefined): void {
    this.#position += length;
    this.#left -= length;
    report?.(length);
    this.#fetch();
  }

  /** Where the disk is slow: asks it for the rest of the block, and offers nothing until that is read. */
  #fetch(): void {
    const { onReady, patient = false, source } = this.#options;
    if (onReady === undefined || patient || this.#left === 0 || this.#position < this.#fetched)
      return;
    const length = Math.min(BLOCK_SIZE - (this.#position % BLOCK_SIZE), this.#left);
    const coming = source.fetch?.(this.#position, length);
    if (coming === undefined) return;
    this.#fetching = true;
    const fetched = (): void => {
      this.#fetching = false;
      this.#fetched = this.#position + length;
      if (this.released) this.#close();
      else onReady();
    };
    // Where it failed, the read fails too, with the reason.
    coming.then(fetched, fetched);
  }

  #read(into: Uint8Array, position: number): number {
    return atOnce(this.#options.source.read(into, position));
  }

  /** @returns bytes read; 0 where the file can't be read any more */
  #readAgain(into: Uint8Array, position: number): number {
    try {
      return this.#read(into, position);
    } catch {
      return 0;
    }
  }

  #isSame(): boolean {
    return atOnce(this.#options.source.currentVersion()) === this.#version;
  }

  /** @throws CHANGED */
  #mustBeComparable(): void {
    const { onReady, path, pinned = false, source, mayGrow = false } = this.#options;
    if (pinned || onReady === undefined) throw replaced(path);
    if (!mayGrow && !isComparable(source)) throw replaced(path);
  }

  /** Reads all of it once more; the next `finish` has the outcome. */
  async #compare({ crc32 = 0, sha256 }: FinishInit, signal: AbortSignal): Promise<void> {
    const { onReady, path, prefix, offset, length, source, mayGrow = false } = this.#options;
    const before = prefix?.length ?? 0;
    const all = { offset: offset - before, length: before + length, crc32, sha256 };
    try {
      this.#comparisons += 1;
      if (this.#comparisons > COMPARE_TRIES) throw this.#changed("it keeps changing");
      if (mayGrow) {
        await comparePart(source, all, path, signal);
        this.#hasGrown = true;
      } else this.#version = await compare(source, all, path, signal);
    } catch (thrown) {
      this.#failed = LeatError.from(thrown, `reading ${path} again failed`);
    }
    this.#comparing = undefined;
    if (this.released) this.#close();
    else onReady?.();
  }

  #changed(how: string): LeatError {
    return changed(this.#options.path, how);
  }
}
