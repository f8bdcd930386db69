/** Reads TreeItem messages of files one after another, without an object of each. Any other item is left to `decodeMessage`. */
import { NOT_CANONICAL } from "./canonical-reader.ts";
import { EntryReader } from "./entry-reader.ts";
import { FILE, ITEM_ENTRY } from "./entry-tags.ts";

export class ItemReader extends EntryReader {
  /**
   * Reads the item that begins at `at`, behind its length.
   * @param end of the bytes that have come
   * @returns where the next one begins; `at` where it has not come whole, or is no file of the usual form that is in the
   *   open folder and comes without its contents
   */
  read(bytes: Uint8Array, at: number, end: number): number {
    // Both lengths take a byte each in nearly all items.
    if (end - at < 3 || bytes[at + 1] !== ITEM_ENTRY) return at;
    const next = at + 1 + bytes[at]!;
    if (bytes[at]! > 127 || next > end || at + 3 + bytes[at + 2]! !== next) return at;
    this.bytes = bytes;
    this.at = at + 3;
    try {
      this.entry(next);
    } catch (thrown) {
      if (thrown === NOT_CANONICAL) return at;
      throw thrown;
    }
    return this.kind === FILE && !this.isLink ? next : at;
  }
}
