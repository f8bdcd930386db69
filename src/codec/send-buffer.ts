import { varintLength, writeVarint } from "../wire/varint.ts";

/** Bytes that an empty buffer keeps, so that a burst of small messages fits without a new one. */
const KEPT = 16 * 1024;

/**
 * Delimited messages that wait to be written: `bytes[start, start + length)`. They lie behind each other,
 * so that a burst of messages leaves in one write.
 */
export class SendBuffer {
  bytes = new Uint8Array(0);
  start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.start;
  }

  /** Copies a message behind its length. */
  append(message: Uint8Array): void {
    const need = varintLength(message.length) + message.length;
    if (this.#end + need > this.bytes.length) this.#makeRoom(need);
    this.bytes.set(message, writeVarint(this.bytes, this.#end, message.length));
    this.#end += need;
  }

  /** Moves the waiting bytes to the front, into a buffer of twice its length when that is not enough. */
  #makeRoom(need: number): void {
    const waiting = this.length;
    const fits = waiting + need <= this.bytes.length && waiting <= this.start;
    const into = fits ? this.bytes : new Uint8Array(Math.max(KEPT, 2 * waiting, waiting + need));
    into.set(this.bytes.subarray(this.start, this.#end));
    this.bytes = into;
    this.start = 0;
    this.#end = waiting;
  }

  /** The first `count` bytes were written. */
  skip(count: number): void {
    this.start += count;
    if (this.start < this.#end) return;
    this.start = 0;
    this.#end = 0;
    if (this.bytes.length > KEPT) this.bytes = new Uint8Array(0);
  }
}
