/** Takes the entries of a page as objects: for what reads them one by one. */
import { ENTRY_ROOM } from "../limits.ts";
import type { EntryTaker, NamelessEntry, PageEntry } from "./store.ts";

export class EntryObjects implements EntryTaker {
  readonly entries: PageEntry[] = [];
  #bytes = 0;

  /** Never less than they take when encoded. */
  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: Uint8Array, start: number, end: number, facts: NamelessEntry): void {
    const { target, modified } = facts;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    this.entries.push({ name, ...facts, modified: modified && { ...modified } });
    this.#bytes += end - start + ENTRY_ROOM;
    if (target !== undefined) this.#bytes += Buffer.byteLength(target);
  }
}

/** Gives the entries of a page to a taker: a store that knows no takers has returned them. */
export function takeEntries(entries: readonly PageEntry[], taker: EntryTaker): void {
  for (const { name, ...facts } of entries) {
    const bytes = Buffer.from(name);
    taker.take(bytes, 0, bytes.length, facts);
  }
}
