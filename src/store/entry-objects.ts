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

  take(bytes: Buffer, start: number, end: number, facts: NamelessEntry): void {
    const { target } = facts;
    this.entries.push({ name: bytes.toString("utf8", start, end), ...facts });
    this.#bytes += end - start + ENTRY_ROOM;
    if (target !== undefined) this.#bytes += Buffer.byteLength(target);
  }
}
