const EMPTY = new Uint8Array(0);

/**
 * Bytes that have arrived and are not read yet: `bytes[at, end)`.
 *
 * A chunk that is pushed when everything before it was read is used as it is, without a copy. One
 * that is pushed earlier is appended to a buffer of our own that doubles, so that many small chunks
 * cost neither an object each nor quadratic copying. Bytes that were handed out are never written
 * to again.
 */
export class Input {
  bytes: Uint8Array = EMPTY;
  at = 0;
  end = 0;
  /** `bytes` is ours: there may be room behind `end`. */
  #own = false;

  get length(): number {
    return this.end - this.at;
  }

  /** Takes a chunk over: it must not be changed afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.at === this.end) {
      // A Buffer would make every view of it a Buffer, which is slower and decodes text leniently.
      const plain = chunk.constructor === Uint8Array;
      this.bytes = plain ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.at = 0;
      this.end = chunk.length;
      this.#own = false;
      return;
    }
    if (!this.#own || this.end + chunk.length > this.bytes.length) this.#grow(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  #grow(more: number): void {
    const rest = this.bytes.subarray(this.at, this.end);
    this.bytes = new Uint8Array(rest.length + Math.max(more, rest.length));
    this.bytes.set(rest);
    this.at = 0;
    this.end = rest.length;
    this.#own = true;
  }

  /** The next byte; the caller knows that there is one. */
  byte(): number {
    const byte = this.bytes[this.at]!;
    this.skip(1);
    return byte;
  }

  /** A view of the next `length` bytes, which the caller knows to be there. */
  take(length: number): Uint8Array {
    const view = this.bytes.subarray(this.at, this.at + length);
    this.skip(length);
    return view;
  }

  /** Goes on by `length` bytes, and lets go of a chunk that was read to its end. */
  skip(length: number): void {
    this.at += length;
    if (this.at === this.end) this.clear();
  }

  clear(): void {
    this.bytes = EMPTY;
    this.at = 0;
    this.end = 0;
    this.#own = false;
  }
}
