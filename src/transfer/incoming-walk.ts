/** Receives the items of a tree: what OutgoingWalk sends, and what a client sends to be stored. */
import type { ReadEntry } from "../wire/entry-reader.ts";
import type { TreeItem } from "../wire/gen/messages.ts";
import { ItemReader } from "../wire/item-reader.ts";
import { type Came, IncomingMessages } from "./incoming-messages.ts";

/** An item, and the contents of its file if they came along. */
export type WalkedItem = Came<TreeItem>;

export class IncomingWalk extends IncomingMessages<"TreeItem"> {
  /** The most bytes of the contents of a file. */
  contentsUpTo: number;
  readonly #reader = new ItemReader();

  /**
   * @param contentsUpTo see there
   * @param what the items, for messages
   */
  constructor(contentsUpTo: number, what = "the server sent a walk") {
    super("TreeItem", what, ({ contents, entry }) => {
      if (!contents) return undefined;
      if (entry?.kind === "FILE" && entry.size <= this.contentsUpTo) return entry.size;
      throw this.malformed("contents came that were not asked for");
    });
    this.contentsUpTo = contentsUpTo;
  }
  /**
   * Takes the files that come next in the open folder, as long as `take` wants them: without an object of each.
   * @param take gets the same object each time
   * @returns the name of the last one that was taken; undefined where none was
   */
  takeFiles(take: (file: ReadEntry) => boolean): string | undefined {
    const reader = this.#reader;
    let bytes: Uint8Array | undefined;
    let [start, end] = [0, 0];
    this.takeEach((from, at, to) => {
      const next = reader.read(from, at, to);
      if (next === at || !take(reader)) return at;
      bytes = from;
      start = reader.nameStart;
      end = reader.nameEnd;
      return next;
    });
    return bytes && decoder.decode(bytes.subarray(start, end));
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
