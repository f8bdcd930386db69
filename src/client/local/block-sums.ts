/**
 * The verified blocks of a partial file: the version and size of the whole, and the CRC-32 of each
 * block, in a file beside the partial file that is written now and then. It is not trusted: a block counts
 * only if its bytes on disk have this CRC. A crash may cost blocks, but never joins two versions.
 *
 * The file is a line of JSON, then four bytes a block, the least significant first.
 */
import {
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { crc32OfZeros } from "../../crc32.ts";
import { BLOCK_SIZE, KEPT_SUMS, NOTE_BYTES, NOTE_TIME } from "../../limits.ts";
import { Descriptor } from "../../store/system/descriptor.ts";
import { ignoreErrors } from "../../store/system/system-error.ts";
import { isOurs } from "../../store/write/open-partial.ts";

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Blocks that are written together. */
const BATCH = NOTE_BYTES / BLOCK_SIZE;

/** Sums of a hole that are written together. */
const MANY = 1 << 16;

/** The sum of a block of zeros. */
const ZERO_BLOCK = crc32OfZeros(BLOCK_SIZE);

/** Bytes of the line of JSON: a version has at most 128 characters, and each may be escaped. */
const MAX_HEAD = 1024;

/** The verified blocks of a partial file. */
export interface Known {
  readonly version: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** The CRC-32 of each block from the start; the last block of a file may be short. */
  readonly sums: readonly number[];
}

const NOTHING: Known = { version: "", size: 0, sums: [] };

export class BlockSums implements Disposable {
  readonly #path: string;
  readonly #file: Descriptor;
  #unwritten: number[] = [];
  #written = performance.now();
  /** Verified blocks, written or not. */
  count = 0;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#file = new Descriptor(fd);
  }

  /**
   * Reads the file; no blocks are known where it is missing, damaged or another user's.
   * @param bytes of the partial file: sums of more blocks than that are not read
   */
  static read(path: string, bytes: number): Known {
    try {
      using file = new Descriptor(openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
      if (!isOurs(fstatSync(file.fd))) return NOTHING;
      const buffer = Buffer.alloc(MAX_HEAD + 4 * Math.min(blocksOf(bytes), KEPT_SUMS));
      return parse(buffer.subarray(0, readSync(file.fd, buffer, 0, buffer.length, 0)), bytes);
    } catch {
      return NOTHING;
    }
  }

  /**
   * Begins a file, with the blocks that are known already.
   * @returns undefined where it cannot be written: then no later try can continue
   */
  static create(path: string, known: Known): BlockSums | undefined {
    let made: BlockSums | undefined;
    try {
      const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      const sums = new BlockSums(path, fd);
      if (!isOurs(fstatSync(fd))) {
        // The file of another user, or one with a second name, is neither truncated nor removed.
        sums[Symbol.dispose]();
        return undefined;
      }
      made = sums;
      ftruncateSync(fd);
      const { version, size } = known;
      writeSync(fd, `${JSON.stringify({ leat: 1, version, size })}\n`);
      for (const sum of known.sums) sums.#append(sum);
      sums.flush();
      return sums;
    } catch {
      made?.remove();
      return undefined;
    }
  }

  /** The next block was verified. */
  add(sum: number): void {
    this.#append(sum);
    const late = performance.now() - this.#written >= NOTE_TIME;
    if (late || this.#unwritten.length >= BATCH) this.flush();
  }

  /** The next blocks were verified: zeros. @param length of all of them, in bytes */
  addHole(length: number): void {
    const whole = Math.min(Math.floor(length / BLOCK_SIZE), KEPT_SUMS - this.count);
    for (let left = whole; left > 0; left -= MANY) {
      for (let i = Math.min(left, MANY); i > 0; i -= 1) this.#append(ZERO_BLOCK);
      this.flush();
    }
    const rest = length % BLOCK_SIZE;
    if (rest > 0) this.add(crc32OfZeros(rest));
  }

  /** Writes the sums. When that fails, the file is closed, and a later try continues with fewer blocks. */
  flush(): void {
    this.#written = performance.now();
    const { fd } = this.#file;
    if (this.#unwritten.length === 0 || fd === -1) return;
    const bytes = new Uint8Array(Uint32Array.from(this.#unwritten).buffer);
    this.#unwritten = [];
    try {
      if (writeSync(fd, bytes) !== bytes.length) this[Symbol.dispose]();
    } catch {
      this[Symbol.dispose]();
    }
  }

  /** Removes the file: no later try is to continue. */
  remove(): void {
    this.#unwritten = [];
    this[Symbol.dispose]();
    // A file that stays does no harm: its blocks would be compared with the disk.
    ignoreErrors(() => unlinkSync(this.#path));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #append(sum: number): void {
    if (this.count >= KEPT_SUMS) return;
    this.#unwritten.push(sum);
    this.count += 1;
  }
}

/** @param available bytes of the partial file */
function parse(bytes: Buffer, available: number): Known {
  const end = bytes.indexOf(0x0a) + 1;
  if (end === 0 || end > MAX_HEAD) return NOTHING;
  const head: unknown = JSON.parse(bytes.toString("utf8", 0, end));
  const { leat, version, size } = Object(head) as Record<string, unknown>;
  // A version that no server can have sent is not requested from one.
  if (leat !== 1 || typeof version !== "string" || version === "" || !version.isWellFormed()) {
    return NOTHING;
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return NOTHING;
  const sums: number[] = [];
  const blocks = Math.min(blocksOf(Math.min(size, available)), KEPT_SUMS);
  for (let i = end; i + 4 <= bytes.length && sums.length < blocks; i += 4) {
    sums.push(bytes.readUInt32LE(i));
  }
  return { version, size, sums };
}

const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK_SIZE);
