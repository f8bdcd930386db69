/**
 * Reads the entries of an encoded EntryPage one after another, without an object of each. A page that has more than the
 * usual form is left to `decodeMessage`.
 */
import { NOT_CANONICAL } from "./canonical-reader.ts";
import {
  ENTRIES,
  KIND,
  LINK,
  MODE,
  MODIFIED,
  NAME,
  NANOSECONDS,
  OTHER,
  SECONDS,
  SIZE,
} from "./entry-tags.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class PageReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The entry that `next` has read: its name is the UTF-8 of `bytes[nameStart, nameEnd)`. */
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  size = 0;
  /** Since 1970; -1: it has no modified time. Earlier ones are not in the usual form. */
  seconds = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * @returns false at the end of the page
   * @throws NOT_CANONICAL when the next entry has another form, or is damaged
   */
  next(): boolean {
    const bytes = this.#bytes;
    if (this.#at === bytes.length) return false;
    if (bytes[this.#at++] !== ENTRIES) throw NOT_CANONICAL;
    const end = this.#end(bytes.length);
    this.nameStart = this.nameEnd = this.kind = this.size = 0;
    this.seconds = -1;
    let last = 0;
    while (this.#at < end) {
      const tag = bytes[this.#at++]!;
      if (tag <= last) throw NOT_CANONICAL;
      last = tag;
      this.#field(tag, end);
    }
    if (this.#at !== end) throw NOT_CANONICAL;
    this.#checkName();
    return true;
  }

  #field(tag: number, end: number): void {
    switch (tag) {
      case NAME:
        this.nameEnd = this.#end(end);
        this.nameStart = this.#at;
        this.#at = this.nameEnd;
        return;
      case KIND:
        this.kind = this.#varint();
        if (this.kind > OTHER) throw NOT_CANONICAL;
        return;
      case SIZE:
        this.size = this.#varint();
        return;
      case MODIFIED:
        return this.#modified(this.#end(end));
      case MODE:
      case LINK:
        this.#varint();
        return;
      default:
        throw NOT_CANONICAL;
    }
  }

  #modified(end: number): void {
    this.seconds = 0;
    let last = 0;
    while (this.#at < end) {
      const tag = this.#bytes[this.#at++]!;
      if (tag <= last || tag > NANOSECONDS) throw NOT_CANONICAL;
      last = tag;
      if (tag === SECONDS) this.seconds = this.#varint();
      else if (tag === NANOSECONDS) this.#varint();
      else throw NOT_CANONICAL;
    }
    if (this.#at !== end) throw NOT_CANONICAL;
  }

  /** Reads a length. @returns where what follows ends, which is not beyond `most` */
  #end(most: number): number {
    const length = this.#varint();
    const end = this.#at + length;
    if (end > most) throw NOT_CANONICAL;
    return end;
  }

  #varint(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte >= 128) continue;
      if (value > Number.MAX_SAFE_INTEGER) break;
      this.#at = at;
      return value;
    }
    throw NOT_CANONICAL;
  }

  #checkName(): void {
    const bytes = this.#bytes;
    for (let at = this.nameStart; at < this.nameEnd; at += 1) {
      if (bytes[at]! < 128) continue;
      try {
        utf8.decode(bytes.subarray(this.nameStart, this.nameEnd));
        return;
      } catch {
        throw NOT_CANONICAL;
      }
    }
  }
}
