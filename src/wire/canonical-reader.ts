/**
 * Reads protobuf as every encoder writes it: known fields, each once, in ascending order, values
 * within their bounds. Anything not of that shape, legal or damaged, is left to protobufjs, which knows all
 * forms and says what is wrong.
 */
import { readVarint, varintLength } from "./varint.ts";

/** Thrown by a reader; not an error, and the same one each time, for it is made at no cost. */
export const NOT_CANONICAL: Error = new Error("not in the canonical form");

const EMPTY = new Uint8Array(0);

/** As protobufjs: not one byte is replaced, and a byte order mark stays. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the fields of one message after another; every method throws {@link NOT_CANONICAL}. */
export class CanonicalReader {
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #end = 0;

  /** The message is `bytes[from, to)`. */
  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** Keeps nothing of the message alive. */
  finish(): void {
    this.#bytes = EMPTY;
  }

  /** The next tag; 0 at the end of the message. */
  tag(): number {
    if (this.#at === this.#end) return 0;
    const byte = this.#bytes[this.#at]!;
    if (byte >= 128) return this.varint();
    if (byte === 0) throw NOT_CANONICAL;
    this.#at += 1;
    return byte;
  }

  varint(): number {
    const at = this.#at;
    const byte = this.#bytes[at]!;
    if (byte < 128 && at < this.#end) {
      this.#at = at + 1;
      return byte;
    }
    const value = readVarint(this.#bytes, at, this.#end);
    if (value < 0) throw NOT_CANONICAL;
    this.#at = at + varintLength(value);
    return value;
  }

  uint32(): number {
    const value = this.varint();
    if (value > 0xffff_ffff) throw NOT_CANONICAL;
    return value;
  }

  bool(): boolean {
    const value = this.varint();
    if (value > 1) throw NOT_CANONICAL;
    return value === 1;
  }

  enumeration<Value extends string>(names: ReadonlyMap<number, Value>): Value {
    const name = names.get(this.varint());
    if (name === undefined) throw NOT_CANONICAL;
    return name;
  }

  fixed32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    return (low | (bytes[at + 3]! << 24)) >>> 0;
  }

  string(): string {
    const length = this.varint();
    if (length === 0) return "";
    const at = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw NOT_CANONICAL;
    }
  }

  /** A view where it is most of its buffer, else a copy: a short id keeps no long chunk alive. */
  bytes(): Uint8Array {
    const length = this.varint();
    if (length === 0) return EMPTY;
    const at = this.#take(length);
    const view = this.#bytes.subarray(at, at + length);
    return 2 * length < view.buffer.byteLength ? new Uint8Array(view) : view;
  }

  message<Message>(read: (reader: CanonicalReader) => Message): Message {
    const length = this.varint();
    const outer = this.#end;
    const end = this.#take(length) + length;
    this.#at = end - length;
    this.#end = end;
    const message = read(this);
    this.#end = outer;
    return message;
  }

  /** The message is over: any tag but 0 is one that should not be here. */
  over(tag: number): void {
    if (tag !== 0) throw NOT_CANONICAL;
  }

  /** @returns where `length` bytes begin, which are passed over */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw NOT_CANONICAL;
    this.#at = at + length;
    return at;
  }
}
