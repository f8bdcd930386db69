/**
 * Bytes that are gathered in memory. How many there will be is what somebody else says, so that room
 * is made as they come, and only what is common is made at once.
 */
import { LeatError } from "../../errors.ts";
import { BYTES_AT_ONCE } from "../../limits.ts";

export class GrowingBytes {
  readonly #length: number;
  #bytes: Uint8Array;
  #used = 0;

  /** @param length of all; more are refused by whoever counts them @throws RangeError */
  constructor(length: number) {
    this.#length = length;
    // Too much for any array: it is said now, and not after as much as fits has come.
    if (length > MOST) throw new RangeError(`${length} bytes are more than one array has`);
    this.#bytes = new Uint8Array(Math.min(length, BYTES_AT_ONCE));
  }

  /** @throws RangeError when memory is short */
  add(bytes: Uint8Array): void {
    const behind = this.#used + bytes.length;
    if (behind > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(behind, 2 * this.#used)));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = behind;
  }

  /** All of them. @throws SIZE_MISMATCH */
  whole(): Uint8Array {
    if (this.#used === this.#length) return this.#bytes;
    const message = `${this.#used} bytes arrived where ${this.#length} were declared`;
    throw new LeatError("SIZE_MISMATCH", message);
  }
}

/** Bytes that one array holds, here and elsewhere. */
const MOST = 2 ** 32;
