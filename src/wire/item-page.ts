/** Encodes the items of a walk while they are found, without the contents of files. */
import { ITEM_ENTRY, ITEM_LEAVE } from "./entry-tags.ts";
import { type EntryFacts, EntryWriter } from "./entry-writer.ts";
import { readVarint, varintLength, writeVarint } from "./varint.ts";

/** Items that come one after another, the last of them a folder unless it is the last of its page. */
export interface ItemRun {
  /** TreeItem messages, each behind its length. */
  readonly encoded: Uint8Array;
  /** Of the last item. */
  readonly kind: "DIRECTORY" | "FILE";
  /** Of the folder; "" for a file. */
  readonly name: string;
}

export class ItemPageWriter extends EntryWriter {
  /** Where the runs end, and the names of the folders that end them. */
  #ends: { readonly end: number; readonly name: string }[] = [];

  /** The next item is the first of a page. */
  begin(): void {
    this.#ends = [];
    this.at = 0;
  }

  /**
   * Adds an item.
   * @param bytes the name is bytes[start, end), which is UTF-8
   * @throws INTERNAL when a value does not fit its field
   */
  take(bytes: Uint8Array, start: number, end: number, facts: EntryFacts): void {
    const before = this.at;
    const length = this.usual(3, bytes, start, end, facts);
    if (length === 0) this.any(ITEM_ENTRY, "TreeItem.entry", true, bytes, start, end, facts);
    else {
      this.encoded[before] = length + 2;
      this.encoded[before + 1] = ITEM_ENTRY;
      this.encoded[before + 2] = length;
    }
    if (facts.kind !== "DIRECTORY" || facts.link === true) return;
    this.#ends.push({ end: this.at, name: decoder.decode(bytes.subarray(start, end)) });
  }

  /** @returns the items of the page */
  finish(): ItemRun[] {
    const bytes = this.encoded.slice(0, this.at);
    let from = 0;
    const runs = this.#ends.map(({ end, name }): ItemRun => {
      const encoded = bytes.subarray(from, end);
      from = end;
      return { encoded, kind: "DIRECTORY", name };
    });
    if (from < bytes.length) runs.push({ encoded: bytes.subarray(from), kind: "FILE", name: "" });
    return runs;
  }
}

/** @returns the items, the first of which leaves so many folders */
export function leaving(leave: number, items: Uint8Array): Uint8Array {
  if (leave === 0) return items;
  const length = readVarint(items, 0, items.length);
  const rest = items.subarray(varintLength(length));
  const more = 1 + varintLength(leave);
  const head = varintLength(length + more) + more;
  const all = new Uint8Array(head + rest.length);
  const at = writeVarint(all, 0, length + more);
  all[at] = ITEM_LEAVE;
  writeVarint(all, at + 1, leave);
  all.set(rest, head);
  return all;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
