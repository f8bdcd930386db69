/** Receives the items of a tree: what OutgoingWalk sends, and what a client sends to be stored. */
import type { Finish, TreeItem } from "../wire/gen/messages.ts";
import { IncomingMessages } from "./incoming-messages.ts";

/** An item, and the contents of its file if they came along. */
export interface WalkedItem {
  readonly item: TreeItem;
  /** Valid until more bytes come. */
  readonly contents: Uint8Array | undefined;
}

export class IncomingWalk {
  readonly #messages: IncomingMessages<"TreeItem">;

  /**
   * @param contentsUpTo the most bytes of the contents of a file
   * @param what the items, for messages
   */
  constructor(contentsUpTo: number, what = "the server sent a walk") {
    this.#messages = new IncomingMessages("TreeItem", what, ({ contents, entry }) => {
      if (!contents) return undefined;
      if (entry?.kind === "FILE" && entry.size <= contentsUpTo) return entry.size;
      throw this.#messages.malformed("contents came that were not asked for");
    });
  }

  /** As `IncomingMessages.push`. */
  push(bytes: Uint8Array, crc: number | undefined): void {
    this.#messages.push(bytes, crc);
  }

  /** @returns the next item that came whole @throws PROTOCOL_ERROR */
  next(): WalkedItem | undefined {
    const came = this.#messages.next();
    return came && { item: came.message, contents: came.contents };
  }

  /** As `IncomingMessages.taken`. */
  taken(): number {
    return this.#messages.taken();
  }

  /** As `IncomingMessages.finish`. */
  finish(finish: Finish): void {
    this.#messages.finish(finish);
  }

  /** Whether all that came was taken. */
  get isEmpty(): boolean {
    return this.#messages.isEmpty;
  }
}
