/**
 * CRC-32 of the blocks of files that were sent or came whole, by the version of the file: the next
 * download sums nothing. Kept in pages, so that a file of any size fits and the least used go first.
 */
import { BLOCK_CRC_BYTES, BLOCK_SIZE } from "../limits.ts";

/** Blocks of a page. */
const PAGE = 256;

/** A page besides its blocks, in bytes, roughly: key, two arrays, an entry of a map. */
const PAGE_ROOM = 512;

interface Page {
  readonly crcs: Uint32Array;
  /** 1 where a CRC is known. */
  readonly known: Uint8Array;
}

const weight = ({ crcs }: Page): number => PAGE_ROOM + 5 * crcs.length;

export class BlockCrcs {
  readonly #most: number;
  /** Least used first. */
  readonly #pages = new Map<string, Page>();
  #bytes = 0;
  #uploads = 0;

  /** @param most bytes of memory, at most */
  constructor(most = BLOCK_CRC_BYTES) {
    this.#most = most;
  }

  /** Bytes that are used. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Those of a file. One of a single block has none: it is read and summed as quickly.
   * @param size in bytes
   */
  of(version: string, size: number): FileCrcs | undefined {
    if (version === "" || size <= BLOCK_SIZE) return undefined;
    return new FileCrcs(this, version, Math.ceil(size / BLOCK_SIZE));
  }

  /** Those of a file that comes and has no version yet. @param size in bytes, when known */
  coming(size = Number.MAX_SAFE_INTEGER): FileCrcs | undefined {
    if (size <= BLOCK_SIZE) return undefined;
    this.#uploads += 1;
    return this.of(`upload ${this.#uploads}`, size);
  }

  /** The page, used just now. */
  take(key: string): Page | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  put(key: string, page: Page): void {
    this.drop(key);
    this.#pages.set(key, page);
    this.#bytes += weight(page);
    for (const least of this.#pages.keys()) {
      if (this.#bytes <= this.#most) return;
      this.drop(least);
    }
  }

  drop(key: string): Page | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#bytes -= weight(page);
    return page;
  }
}

/** CRCs of the blocks of one file. */
export class FileCrcs {
  readonly #all: BlockCrcs;
  readonly #version: string;
  readonly #blocks: number;
  /** Numbers of the pages that were written: where holes are between them, those are far apart. */
  readonly #pages = new Set<number>();

  constructor(all: BlockCrcs, version: string, blocks: number) {
    this.#all = all;
    this.#version = version;
    this.#blocks = blocks;
  }

  get(block: number): number | undefined {
    const page = this.#all.take(this.#key(Math.floor(block / PAGE)));
    const at = block % PAGE;
    return page?.known[at] === 1 ? page.crcs[at] : undefined;
  }

  set(block: number, crc: number): void {
    const number = Math.floor(block / PAGE);
    const page = this.#all.take(this.#key(number)) ?? this.#create(number);
    page.crcs[block % PAGE] = crc;
    page.known[block % PAGE] = 1;
  }

  /** The file has its version now. @param size in bytes */
  become(version: string, size: number): void {
    const file = this.#all.of(version, size);
    for (const number of this.#pages) {
      const page = this.#all.drop(this.#key(number));
      if (page !== undefined && file !== undefined) this.#all.put(file.#key(number), page);
    }
  }

  /** The upload failed: nothing is kept of it. */
  forget(): void {
    this.become("", 0);
  }

  #create(number: number): Page {
    const length = Math.min(PAGE, this.#blocks - number * PAGE);
    const page = { crcs: new Uint32Array(length), known: new Uint8Array(length) };
    this.#all.put(this.#key(number), page);
    this.#pages.add(number);
    return page;
  }

  #key(page: number): string {
    return `${this.#version} ${page}`;
  }
}
