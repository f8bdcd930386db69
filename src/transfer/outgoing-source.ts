/**
 * A range of an open file on its way out: read straight into the send buffer when it has room, or
 * lent to the kernel. Blocks whose CRC is known are not summed.
 */
import { LeatError } from "../errors.ts";
import { BLOCK_SIZE } from "../limits.ts";
import type { FileRegion, FinishInit, Outgoing } from "../session/outgoing.ts";
import type { Prefix, Source } from "../store/store.ts";
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
  /** What is before the offset, where Finish is to cover it as well. */
  readonly prefix?: Prefix | undefined;
  /** For messages. */
  readonly path: string;
  /** Called as bytes leave, with how many. */
  readonly onTaken?: (bytes: number) => void;
  /** There is something to take again. Where it is missing, a slow disk is waited for as bytes leave. */
  readonly onReady?: (() => void) | undefined;
  /** Of the version that the source has. Of no use with `sha256`, which takes every byte. */
  readonly crcs?: KnownCrcs | undefined;
  /** Don't believe the known CRC of the first block: it may be asked for again for being damaged. */
  readonly anew?: boolean;
  /** How bytes may leave, where that is wanted. Of no use with `sha256`. */
  readonly copy?: KernelCopy | undefined;
  /** The source is closed. */
  readonly onClosed?: (() => void) | undefined;
}

export class OutgoingSource implements Outgoing {
  readonly #options: OutgoingSourceOptions;
  readonly #digest: Digest;
  readonly #crcs: KnownCrcs | undefined;
  readonly #copy: KernelCopy | undefined;
  #position: number;
  #left: number;
  /** Where the block at hand begins, in this range. */
  #blockStart: number;
  /** CRC of the block at hand, when it was known before its bytes leave. */
  #known: number | undefined;
  /** A region is on its way: the source stays open for it. */
  #lent = false;
  /** The disk was asked for what comes next: nothing can be taken until it is there. */
  #fetching = false;
  /** First byte that was not fetched. */
  #fetched = 0;
  /** Why a region had fewer bytes than it promised. */
  #short: LeatError | undefined;
  #released = false;
  finished: FinishInit | undefined;

  constructor(options: OutgoingSourceOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256, options.prefix);
    this.#crcs = options.sha256 ? undefined : options.crcs;
    this.#copy = options.sha256 ? undefined : options.copy;
    this.#position = options.offset;
    this.#blockStart = options.offset;
    this.#left = options.length;
    this.#fetch();
  }

  get available(): number {
    return this.#fetching ? 0 : this.#left;
  }

  get done(): boolean {
    return this.#left === 0;
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
    this.#took(length);
  }

  region(length: number): FileRegion | undefined {
    const copy = this.#copy;
    if (copy === undefined) return undefined;
    this.#enter(length);
    if (this.#known === undefined) return undefined;
    const region = copy.region(this.#position, length, this.#returned);
    this.#lent = true;
    this.#took(length);
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

  finish(): FinishInit {
    if (this.#short !== undefined) throw this.#short;
    this.#mustBeSame();
    const { sha256 } = this.#digest;
    this.finished = {
      size: this.#digest.bytes,
      crc32: this.#digest.crc32,
      ...(sha256 === undefined ? {} : { sha256 }),
    };
    return this.finished;
  }

  again(into: Uint8Array, at: number, length: number, position: number): void {
    const bytes = into.subarray(at, at + length);
    // Zeros for what is gone meanwhile: the frame's length was promised. CRC and version tell.
    bytes.fill(0, this.#released ? 0 : this.#readAgain(bytes, position));
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#close();
  }

  readonly #returned: RegionEnd = (short, error) => {
    this.#lent = false;
    if (error !== undefined) {
      this.#short ??= LeatError.from(error, `reading ${this.#options.path} failed`);
    } else if (short) this.#short ??= this.#changed("it became shorter");
    this.#close();
  };

  /** Once it is released, and nobody uses the source any more. */
  #close(): void {
    if (!this.#released || this.#lent || this.#fetching) return;
    closeSource(this.#options.source);
    this.#options.onClosed?.();
  }

  /** Before the next `length` bytes: looks whether the CRC of their block is known. */
  #enter(length: number): void {
    if (this.#short !== undefined) throw this.#short;
    if (this.#position === this.#blockStart) this.#known = this.#lookUp();
    // What was not summed as it left is the version that the CRC is of, up to here.
    if (this.#known !== undefined && this.#closes(length)) this.#mustBeSame();
  }

  #lookUp(): number | undefined {
    const { anew = false, offset, source } = this.#options;
    const position = this.#position;
    const length = Math.min(BLOCK_SIZE - (position % BLOCK_SIZE), this.#left);
    const first = anew && position === offset;
    const known =
      first || !this.#isWhole(length) ? undefined : this.#crcs?.get(position / BLOCK_SIZE);
    if (known !== undefined || this.#copy?.unknown !== true) return known;
    const crc = sumRange(source, position, length);
    if (crc === undefined) throw this.#changed("it became shorter");
    this.#keep(length, crc);
    return crc;
  }

  /** Remembers the CRC of the block at hand, if all of it is in the range. */
  #keep(length: number, crc: number): void {
    if (this.#crcs === undefined || !this.#isWhole(length)) return;
    if (this.#options.source.settled === true) {
      this.#crcs.set(this.#blockStart / BLOCK_SIZE, crc);
    }
  }

  /** Whether so many bytes from the beginning of the block at hand are all that the file has of it. */
  #isWhole(length: number): boolean {
    const start = this.#blockStart;
    const { size } = this.#options.source.entry;
    return start % BLOCK_SIZE === 0 && (length === BLOCK_SIZE || start + length === size);
  }

  #closes(length: number): boolean {
    return (this.#position + length) % BLOCK_SIZE === 0 || this.ends(length);
  }

  #took(length: number): void {
    this.#position += length;
    this.#left -= length;
    this.#options.onTaken?.(length);
    this.#fetch();
  }

  /** Where the disk is slow: asks it for the rest of the block, and has nothing until it is there. */
  #fetch(): void {
    const { onReady, source } = this.#options;
    if (onReady === undefined || this.#left === 0 || this.#position < this.#fetched) return;
    const length = Math.min(BLOCK_SIZE - (this.#position % BLOCK_SIZE), this.#left);
    const coming = source.fetch?.(this.#position, length);
    if (coming === undefined) return;
    this.#fetching = true;
    const fetched = (): void => {
      this.#fetching = false;
      this.#fetched = this.#position + length;
      if (this.#released) this.#close();
      else onReady();
    };
    // What went wrong is told by the read.
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

  /** @throws CHANGED */
  #mustBeSame(): void {
    const { source } = this.#options;
    const version = atOnce(source.currentVersion());
    if (version !== source.entry.version) throw this.#changed("its contents were replaced");
  }

  #changed(how: string): LeatError {
    return new LeatError("CHANGED", `${this.#options.path} changed while it was sent: ${how}`);
  }
}
