/** Receives the items of a tree: what OutgoingWalk sends, and what a client sends to be stored. */
import type { TreeItem } from "../wire/gen/messages.ts";
import { type Came, IncomingMessages } from "./incoming-messages.ts";

/** An item, and the contents of its file if they came along. */
export type WalkedItem = Came<TreeItem>;

export class IncomingWalk extends IncomingMessages<"TreeItem"> {
  /**
   * @param contentsUpTo the most bytes of the contents of a file
   * @param what the items, for messages
   */
  constructor(contentsUpTo: number, what = "the server sent a walk") {
    super("TreeItem", what, ({ contents, entry }) => {
      if (!contents) return undefined;
      if (entry?.kind === "FILE" && entry.size <= contentsUpTo) return entry.size;
      throw this.malformed("contents came that were not asked for");
    });
  }
}
