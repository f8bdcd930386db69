import type { Input } from "./input.ts";

const EMPTY = new Uint8Array(0);

/** Reserved by the first byte, so that one-byte chunks do not grow it seven times. */
const LEAST = 64;

/**
 * One message that came in several chunks. The buffer doubles up to the declared length: what is
 * held is at most twice what has arrived (or 64 bytes), however much was declared.
 */
export class Assembly {
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  #filled = 0;

  get filled(): number {
    return this.#filled;
  }

  /** Begins a message of `length` bytes; reserves nothing. */
  start(length: number): void {
    this.#length = length;
  }

  /** Whether nothing of the message was kept, and the input has all of it. */
  isWholeIn(input: Input): boolean {
    return this.#filled === 0 && input.length >= this.#length;
  }

  /**
   * Reads the message: as a view when it is whole in the input and nothing of it was kept before.
   * @returns the message, which is the caller's; undefined when more bytes are needed
   */
  read(input: Input): Uint8Array | undefined {
    if (this.isWholeIn(input)) return input.take(this.#length);
    const count = Math.min(this.#length - this.#filled, input.length);
    this.append(input.bytes, input.at, count);
    input.skip(count);
    return this.#filled === this.#length ? this.#giveAway() : undefined;
  }

  append(bytes: Uint8Array, at: number, count: number): void {
    const need = this.#filled + count;
    if (need > this.#bytes.length) this.#grow(need);
    this.#bytes.set(bytes.subarray(at, at + count), this.#filled);
    this.#filled = need;
  }

  #grow(need: number): void {
    const capacity = Math.min(this.#length, Math.max(need, 2 * this.#bytes.length, LEAST));
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = grown;
  }

  #giveAway(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = EMPTY;
    this.#filled = 0;
    return bytes;
  }
}
