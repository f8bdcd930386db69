/** Encodes a list page while its entries are found: making an object of each takes longer than all the rest. */
import { CanonicalWriter, EncodedMessage } from "./canonical-writer.ts";
import { canonical } from "./gen/canonical.ts";
import type { Entry } from "./gen/messages.ts";
import type { Init } from "./plain.ts";

/** Tags of EntryPage.entries and Entry.name. */
const ENTRIES = (1 << 3) | 2;
const NAME = (1 << 3) | 2;

const NOTHING = new Uint8Array(0);

type Facts = Init<Omit<Entry, "name">>;

interface Named {
  bytes: Uint8Array;
  start: number;
  end: number;
  facts: Facts;
}

/** Stands where an EntryPage is encoded. */
export class EncodedPage extends EncodedMessage {
  declare readonly entries?: undefined;
}

export class EntryPageWriter {
  readonly #writer = new CanonicalWriter();
  /** The entry that is written, kept: one object for all of them. */
  readonly #entry: Named = { bytes: NOTHING, start: 0, end: 0, facts: {} };

  /**
   * Adds an entry.
   * @param bytes its name is bytes[start, end), which is UTF-8
   * @throws INTERNAL when a value does not fit its field
   */
  take(bytes: Uint8Array, start: number, end: number, facts: Facts): void {
    const entry = this.#entry;
    entry.bytes = bytes;
    entry.start = start;
    entry.end = end;
    entry.facts = facts;
    this.#writer.message(ENTRIES, writeEntry, "Entry", entry, "EntryPage.entries");
  }

  /** Of the entries so far. */
  get bytes(): number {
    return this.#writer.length;
  }

  finish(): EncodedPage {
    return new EncodedPage(this.#writer.finish(false));
  }
}

/** The name, and behind it the other fields, which have higher numbers. */
function writeEntry(writer: CanonicalWriter, { bytes, start, end, facts }: Named): void {
  writer.text(NAME, bytes, start, end);
  canonical.Entry.write(writer, facts);
}
