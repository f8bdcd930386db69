import { KiB, LIST_PAGE_BYTES, PAGE_BYTES } from "../limits.ts";
import { takeEntries } from "../store/entry-objects.ts";
import { EntryPageWriter } from "../wire/entry-page.ts";
import type { List } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

/** Bytes of a page's frame besides entries: its heads. */
const FRAME_HEADS = KiB;

/** Pages of a folder, one after another is made and sent; the client asks for the next ones with the last cursor. */
export async function list(request: List, exchange: Exchange): Promise<void> {
  const { pages } = request;
  let { cursor } = request;
  for (let left = Math.max(1, pages); left > 0; left -= 1) {
    if (!(await exchange.pageTurn())) return;
    try {
      cursor = await onePage({ ...request, cursor }, exchange, left === 1);
    } finally {
      exchange.pageMade();
    }
    if (cursor === undefined) return;
  }
}

/** @returns the cursor for another one; undefined: none follows */
async function onePage(
  request: List,
  exchange: Exchange,
  isLast: boolean,
): Promise<string | undefined> {
  const taker = new EntryPageWriter();
  const most = request.pages > 1 ? LIST_PAGE_BYTES : PAGE_BYTES;
  const { entries, skippedNames, cursor } = await exchange.store.page(request.path, {
    cursor: request.cursor,
    limit: request.limit === 0 ? Number.MAX_SAFE_INTEGER : request.limit,
    bytes: Math.min(most, exchange.frameLimit - FRAME_HEADS),
    hidden: request.hidden,
    taker,
    isOver: () => exchange.ended,
  });
  if (exchange.ended) return undefined;
  takeEntries(entries, taker);
  if (isLast || cursor === undefined) {
    exchange.respond({ case: "list", value: taker.finish() });
    exchange.finish({ skippedNames, cursor });
    return undefined;
  }
  exchange.respond({ case: "list", value: taker.finish({ cursor, skippedNames }) });
  return cursor;
}
