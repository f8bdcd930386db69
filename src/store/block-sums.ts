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
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { BLOCK_SIZE, NOTE_BYTES, NOTE_TIME } from "../limits.ts";
import { isOurs } from "./partial.ts";

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
const NONBLOCK = constants.O_NONBLOCK;

/** Blocks that are noted together. */
const TOGETHER = NOTE_BYTES / BLOCK_SIZE;

export interface Known {
  readonly version: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** CRC-32 of its first blocks; the last one of a file may be short. */
  readonly sums: readonly number[];
}

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

  /** Reads what is there; undefined where that is nothing, or nobody's business. */
  static read(path: string): Known | undefined {
    let fd: number | undefined;
    try {
      fd = openSync(path, O_RDONLY | O_NOFOLLOW | NONBLOCK);
      return isOurs(fstatSync(fd)) ? parse(readFileSync(fd)) : undefined;
    } catch {
      return undefined;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /**
   * Begins to note blocks, behind those that are known already.
   * @returns undefined where that is not possible: then nothing can be continued
   */
  static create(path: string, known: Known): BlockSums | undefined {
    let sums: BlockSums | undefined;
    try {
      const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | NONBLOCK, 0o600);
      sums = new BlockSums(path, fd, 0);
      const { version, size } = known;
      writeSync(fd, `${JSON.stringify({ leat: 1, version, size })}\n`);
      for (const sum of known.sums) sums.#note(sum);
      sums.flush();
      return sums;
    } catch {
      sums?.remove();
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

function parse(bytes: Buffer): Known | undefined {
  const behind = bytes.indexOf(0x0a) + 1;
  const head: unknown = JSON.parse(bytes.toString("utf8", 0, behind));
  if (!isHead(head)) return undefined;
  const sums: number[] = [];
  for (let at = behind; at + 4 <= bytes.length; at += 4) sums.push(bytes.readUInt32LE(at));
  return { version: head.version, size: head.size, sums };
}

function isHead(head: unknown): head is { readonly version: string; readonly size: number } {
  if (typeof head !== "object" || head === null) return false;
  if (!("leat" in head) || head.leat !== 1 || !("version" in head) || !("size" in head))
    return false;
  return typeof head.version === "string" && Number.isSafeInteger(head.size);
}
