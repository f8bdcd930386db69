/**
 * Names of a folder as raw bytes in one array, each ended by a zero, and where each begins: a name
 * costs its bytes and five more, and nothing for the garbage collector to look at.
 */

import { pause } from "../../next-turn.ts";
import { sortNames } from "./sort-names.ts";

const FIRST_BYTES = 8 * 1024;
const FIRST_NAMES = 256;
const START_BYTES = 4;

/** Names copied between two looks at the event loop: about a millisecond. */
const SLICE = 8192;

export class PackedNames {
  #bytes: Buffer;
  #starts: Uint32Array;
  #used = 0;
  #count = 0;
  #arePlain = true;
  /** Whether a name may be there twice. */
  #mayHaveTwins = true;

  /** @param bytes of names @param count of them: there is room for more at any time */
  constructor(bytes = FIRST_BYTES, count = FIRST_NAMES) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#starts = new Uint32Array(count);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of names and their starts, as if cut to size. */
  get size(): number {
    return this.#used + this.#count * START_BYTES;
  }

  /** Whether all names are ASCII without control characters, as nearly all are: the wire can carry them. */
  get arePlain(): boolean {
    return this.#arePlain;
  }

  /** All names: name `i` begins at `start(i)` and ends before `end(i)`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  end(index: number): number {
    const bytes = this.#bytes;
    const used = this.#used;
    let at = this.start(index);
    while (at < used && bytes[at] !== 0) at += 1;
    return at;
  }

  /** A copy of one name. */
  name(index: number): Buffer {
    return Buffer.from(this.#bytes.subarray(this.start(index), this.end(index)));
  }

  /** Adds the name at `from[start, end)`, copied; it has no zero byte. */
  add(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#used + length + 1 > this.#bytes.length) this.#growBytes(length + 1);
    if (this.#count === this.#starts.length) this.#growStarts();
    const bytes = this.#bytes;
    let at = this.#used;
    this.#starts[this.#count++] = at;
    let arePlain = this.#arePlain;
    for (let i = start; i < end; i++) {
      const byte = from[i] ?? 0;
      if (byte < 0x20 || byte > 0x7e) arePlain = false;
      bytes[at++] = byte;
    }
    bytes[at++] = 0;
    this.#arePlain = arePlain;
    this.#used = at;
  }

  /** Puts the names in the order of their bytes. */
  async order(): Promise<void> {
    this.#mayHaveTwins = await sortNames(this.#bytes, this.#starts, this.#count);
  }

  /** @returns the index of the first name behind `name`, in sorted names */
  firstAfter(name: Uint8Array): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, name) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Order of the bytes: negative when name `index` comes before `name`. */
  compare(index: number, name: Uint8Array): number {
    return this.#bytes.compare(name, 0, name.length, this.start(index), this.end(index));
  }

  /**
   * A new one with the first names of sorted ones, cut to size. Names that follow themselves are left out: a
   * folder that changes while it is read may show one twice.
   */
  async first(count: number): Promise<PackedNames> {
    if (count === this.#count && !this.#mayHaveTwins) return this.#cut();
    const kept = new PackedNames(await this.#bytesOf(count), count);
    for (let i = 0; i < count; i++) {
      if (i % SLICE === SLICE - 1) await pause();
      if (i === 0 || !this.#isTwin(i)) kept.add(this.#bytes, this.start(i), this.end(i));
    }
    return kept;
  }

  /** All of them, cut to size. */
  #cut(): PackedNames {
    const cut = new PackedNames(this.#used, this.#count);
    this.#bytes.copy(cut.#bytes, 0, 0, this.#used);
    cut.#starts.set(this.#starts.subarray(0, this.#count));
    cut.#used = this.#used;
    cut.#count = this.#count;
    cut.#arePlain = this.#arePlain;
    return cut;
  }

  /** Bytes of the first names, with the zeros that end them. */
  async #bytesOf(count: number): Promise<number> {
    if (count === this.#count) return this.#used;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      if (i % SLICE === SLICE - 1) await pause();
      bytes += this.end(i) + 1 - this.start(i);
    }
    return bytes;
  }

  /** Whether this name is the one before it. */
  #isTwin(index: number): boolean {
    const [before, start, end] = [this.start(index - 1), this.start(index), this.end(index)];
    // One byte more: the zero that ends it.
    return this.#bytes.compare(this.#bytes, start, end + 1, before, before + end + 1 - start) === 0;
  }

  #growBytes(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + needed));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #growStarts(): void {
    const larger = new Uint32Array(Math.max(this.#starts.length * 2, FIRST_NAMES));
    larger.set(this.#starts);
    this.#starts = larger;
  }
}
