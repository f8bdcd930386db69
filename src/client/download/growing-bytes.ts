/**
 * Collects a download in memory. Its length is only what the server declares, so memory is reserved
 * as the bytes come, and only the first BYTES_AT_ONCE before.
 */
import { LeatError } from "../../errors.ts";
import { BYTES_AT_ONCE } from "../../limits.ts";

export class GrowingBytes {
  readonly #length: number;
  #bytes: Uint8Array;
  #used = 0;

  /** @param length of all, in bytes; the caller refuses more @throws RangeError beyond any array */
  constructor(length: number) {
    this.#length = length;
    // Refused now, and not after as much as fits has come.
    if (length > MAX_ARRAY) throw new RangeError(`${length} bytes are more than one array has`);
    this.#bytes = new Uint8Array(Math.min(length, BYTES_AT_ONCE));
  }

  /** @throws RangeError when memory is short */
  add(bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(needed, 2 * this.#used)));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = needed;
  }

  /** All of them. @throws SIZE_MISMATCH */
  whole(): Uint8Array {
    if (this.#used === this.#length) return this.#bytes;
    const message = `${this.#used} bytes arrived where ${this.#length} were declared`;
    throw new LeatError("SIZE_MISMATCH", message);
  }
}

/** Bytes that one array can hold in Bun and other runtimes. */
const MAX_ARRAY = 2 ** 32;
