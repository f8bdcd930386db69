/** Reads one encoded Entry after another without an object of each: the fields of the usual form only. */
import { NOT_CANONICAL } from "./canonical-reader.ts";
import {
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

/** What a reader has read: the same object each time. */
export interface ReadEntry {
  /** Its name is the UTF-8 of `bytes[nameStart, nameEnd)`. */
  readonly bytes: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** The number of its Kind. */
  readonly kind: number;
  readonly size: number;
  /** Since 1970; -1: it has no modified time. Earlier ones are not in the usual form. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** -1: it is not known. */
  readonly mode: number;
  readonly isLink: boolean;
}

export class EntryReader implements ReadEntry {
  bytes: Uint8Array = NOTHING;
  protected at = 0;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  size = 0;
  seconds = -1;
  nanoseconds = 0;
  mode = -1;
  isLink = false;

  /** Reads the Entry that ends at `end`. @throws NOT_CANONICAL when it has another form, or is damaged */
  protected entry(end: number): void {
    this.nameStart = this.nameEnd = this.kind = this.size = this.nanoseconds = 0;
    this.seconds = this.mode = -1;
    this.isLink = false;
    let last = 0;
    while (this.at < end) {
      const tag = this.bytes[this.at++]!;
      if (tag <= last) throw NOT_CANONICAL;
      last = tag;
      this.#field(tag, end);
    }
    if (this.at !== end) throw NOT_CANONICAL;
  }

  /** Reads a length. @returns where what follows ends, which is not beyond `most` */
  protected end(most: number): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > most) throw NOT_CANONICAL;
    return end;
  }

  protected varint(): number {
    const bytes = this.bytes;
    let at = this.at;
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte >= 128) continue;
      if (value > Number.MAX_SAFE_INTEGER) break;
      this.at = at;
      return value;
    }
    throw NOT_CANONICAL;
  }

  #field(tag: number, end: number): void {
    switch (tag) {
      case NAME:
        this.nameEnd = this.end(end);
        this.nameStart = this.at;
        this.at = this.nameEnd;
        return;
      case KIND:
        this.kind = this.varint();
        if (this.kind > OTHER) throw NOT_CANONICAL;
        return;
      case SIZE:
        this.size = this.varint();
        return;
      case MODIFIED:
        return this.#modified(this.end(end));
      case MODE:
        this.mode = this.varint();
        return;
      case LINK:
        this.isLink = this.varint() !== 0;
        return;
      default:
        throw NOT_CANONICAL;
    }
  }

  #modified(end: number): void {
    this.seconds = 0;
    let last = 0;
    while (this.at < end) {
      const tag = this.bytes[this.at++]!;
      if (tag <= last || tag > NANOSECONDS) throw NOT_CANONICAL;
      last = tag;
      if (tag === SECONDS) this.seconds = this.varint();
      else if (tag === NANOSECONDS) this.nanoseconds = this.varint();
      else throw NOT_CANONICAL;
    }
    if (this.at !== end) throw NOT_CANONICAL;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
