/**
 * What is known of a file that came in part: its version, its size, and the CRC-32 of each block that
 * was verified. Kept beside the partial file, written now and then. It cannot lie: a block counts
 * only if what is on disk has the CRC that stands here, so whatever a crash has left of either file
 * costs blocks, and never splices.
 *
 * The file is a line of JSON, then four bytes a block, the least significant first.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { BLOCK_SIZE, NOTE_BYTES, NOTE_TIME } from "../../limits.ts";
import { isOurs } from "../../store/write/partial.ts";

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const NONBLOCK = constants.O_NONBLOCK;

/** Blocks that are noted together. */
const TOGETHER = NOTE_BYTES / BLOCK_SIZE;

/** Bytes of the line of JSON: a version has 128 at most, and each may be escaped. */
const MAX_HEAD = 1024;

export interface Known {
  readonly version: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** CRC-32 of its first blocks; the last one of a file may be short. */
  readonly sums: readonly number[];
}

const NOTHING: Known = { version: "", size: 0, sums: [] };

export class BlockSums implements Disposable {
  readonly #path: string;
  #fd: number;
  #unwritten: number[] = [];
  #written = performance.now();
  /** Blocks that are known, noted or not. */
  count: number;

  private constructor(path: string, fd: number, count: number) {
    this.#path = path;
    this.#fd = fd;
    this.count = count;
  }

  /**
   * Reads what is there; nothing is known where that is nothing, nobody's business, or no such note.
   * @param bytes that the partial file has: more than what they can be is not read
   */
  static read(path: string, bytes: number): Known {
    let fd: number | undefined;
    try {
      fd = openSync(path, O_RDONLY | O_NOFOLLOW | NONBLOCK);
      if (!isOurs(fstatSync(fd))) return NOTHING;
      const note = new Uint8Array(MAX_HEAD + 4 * blocksOf(bytes));
      return parse(Buffer.from(note.buffer, 0, readSync(fd, note, 0, note.length, 0)), bytes);
    } catch {
      return NOTHING;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /**
   * Begins to note blocks, behind those that are known already.
   * @returns undefined where that is not possible: then nothing can be continued
   */
  static create(path: string, known: Known): BlockSums | undefined {
    let made: BlockSums | undefined;
    try {
      const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | NONBLOCK, 0o600);
      const sums = new BlockSums(path, fd, 0);
      if (!isOurs(fstatSync(fd))) {
        // Another's file, or one that has another name too, is neither cut nor removed.
        sums[Symbol.dispose]();
        return undefined;
      }
      made = sums;
      ftruncateSync(fd);
      const { version, size } = known;
      writeSync(fd, `${JSON.stringify({ leat: 1, version, size })}\n`);
      for (const sum of known.sums) sums.#note(sum);
      sums.flush();
      return sums;
    } catch {
      made?.remove();
      return undefined;
    }
  }

  /** The next block was verified. */
  add(sum: number): void {
    this.#note(sum);
    const late = performance.now() - this.#written >= NOTE_TIME;
    if (late || this.#unwritten.length >= TOGETHER) this.flush();
  }

  /** Notes what is known. A disk that does not take it costs what would have been continued. */
  flush(): void {
    this.#written = performance.now();
    if (this.#unwritten.length === 0 || this.#fd === -1) return;
    const bytes = new Uint8Array(Uint32Array.from(this.#unwritten).buffer);
    this.#unwritten = [];
    try {
      if (writeSync(this.#fd, bytes) !== bytes.length) this[Symbol.dispose]();
    } catch {
      this[Symbol.dispose]();
    }
  }

  /** Nothing is to be continued any more. */
  remove(): void {
    this.#unwritten = [];
    this[Symbol.dispose]();
    removeSums(this.#path);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }

  #note(sum: number): void {
    this.#unwritten.push(sum);
    this.count += 1;
  }
}

export function removeSums(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nothing depends on it.
  }
}

/** @param most bytes that the partial file has */
function parse(bytes: Buffer, most: number): Known {
  const behind = bytes.indexOf(0x0a) + 1;
  if (behind === 0 || behind > MAX_HEAD) return NOTHING;
  const head: unknown = JSON.parse(bytes.toString("utf8", 0, behind));
  if (!isHead(head)) return NOTHING;
  const { version, size } = head;
  const sums: number[] = [];
  const blocks = blocksOf(Math.min(size, most));
  for (let at = behind; at + 4 <= bytes.length && sums.length < blocks; at += 4) {
    sums.push(bytes.readUInt32LE(at));
  }
  return { version, size, sums };
}

const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK_SIZE);

function isHead(head: unknown): head is { readonly version: string; readonly size: number } {
  if (typeof head !== "object" || head === null) return false;
  if (!("leat" in head) || head.leat !== 1 || !("version" in head) || !("size" in head))
    return false;
  const { version, size } = head;
  // As a server says them: what it could not have said is asked of none.
  if (typeof version !== "string" || version === "" || !version.isWellFormed()) return false;
  return Number.isSafeInteger(size) && typeof size === "number" && size >= 0;
}
