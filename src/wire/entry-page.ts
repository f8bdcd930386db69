/** Encodes a list page while its entries are found. */
import { EncodedMessage } from "./canonical-writer.ts";
import { ENTRIES } from "./entry-tags.ts";
import { type EntryFacts, EntryWriter } from "./entry-writer.ts";
import type { EntryPage } from "./gen/messages.ts";
import { encodeMessage, type Init } from "./plain.ts";

/** Stands where an EntryPage is encoded. */
export class EncodedPage extends EncodedMessage {
  declare readonly entries?: undefined;
}

export class EntryPageWriter extends EntryWriter {
  /**
   * Adds an entry.
   * @param bytes its name is bytes[start, end), which is UTF-8
   * @throws INTERNAL when a value does not fit its field
   */
  take(bytes: Uint8Array, start: number, end: number, facts: EntryFacts): void {
    const before = this.at;
    const length = this.usual(2, bytes, start, end, facts);
    if (length === 0)
      return this.any(ENTRIES, "EntryPage.entries", false, bytes, start, end, facts);
    this.encoded[before] = ENTRIES;
    this.encoded[before + 1] = length;
  }

  /** @param rest what the page has behind its entries */
  finish(rest?: Init<Omit<EntryPage, "entries">>): EncodedPage {
    const behind = rest === undefined ? NOTHING : encodeMessage("EntryPage", rest);
    const page = new Uint8Array(this.at + behind.length);
    page.set(this.encoded.subarray(0, this.at));
    page.set(behind, this.at);
    return new EncodedPage(page);
  }
}

const NOTHING = new Uint8Array(0);
