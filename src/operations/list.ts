import { KiB, PAGE_BYTES } from "../limits.ts";
import { takeEntries } from "../store/entry-objects.ts";
import { EntryPageWriter } from "../wire/entry-page.ts";
import type { List } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

/** Bytes of a page's frame besides entries: its heads. */
const FRAME_HEADS = KiB;

/** One page of a folder; the client asks for the next with the cursor of this one. */
export async function list(request: List, exchange: Exchange): Promise<void> {
  const taker = new EntryPageWriter();
  const { entries, skippedNames, cursor } = await exchange.store.page(request.path, {
    cursor: request.cursor,
    limit: request.limit === 0 ? Number.MAX_SAFE_INTEGER : request.limit,
    bytes: Math.min(PAGE_BYTES, exchange.frameLimit - FRAME_HEADS),
    hidden: request.hidden,
    taker,
    isOver: () => exchange.ended,
  });
  if (exchange.ended) return;
  takeEntries(entries, taker);
  exchange.respond({ case: "list", value: taker.finish() });
  exchange.finish({ skippedNames, cursor });
}
