/**
 * Reads the entries of an encoded EntryPage one after another, without an object of each. A page that has more than the
 * usual form is left to `decodeMessage`.
 */
import { NOT_CANONICAL } from "./canonical-reader.ts";
import { EntryReader } from "./entry-reader.ts";
import { ENTRIES } from "./entry-tags.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class PageReader extends EntryReader {
  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }

  /**
   * @returns false at the end of the page
   * @throws NOT_CANONICAL when the next entry has another form, or is damaged
   */
  next(): boolean {
    const bytes = this.bytes;
    if (this.at === bytes.length) return false;
    if (bytes[this.at++] !== ENTRIES) throw NOT_CANONICAL;
    this.entry(this.end(bytes.length));
    this.#checkName();
    return true;
  }

  #checkName(): void {
    const bytes = this.bytes;
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
