import type { LeatError } from "../errors.ts";
import type { StoreEntry } from "../store/store.ts";
import type { Entry } from "../wire/gen/messages.ts";
import { type Call, unexpected } from "./call.ts";
import { Leg } from "./leg.ts";
import type { Link, RequestInit } from "./link.ts";

/**
 * Asks for a range of a file. Resolves when the server has answered that it sends it.
 * @param onProgress told of arriving bytes: their sum, and `before`
 */
export function openLeg(
  link: Link,
  request: RequestInit,
  signal: AbortSignal | undefined,
  onProgress: ((bytes: number) => void) | undefined,
  before: number,
): Promise<Leg> {
  return new Promise((resolve, reject) => {
    let leg: Leg | undefined;
    let arrived = before;
    const call: Call = {
      response: (result) => {
        if (result?.case !== "get" || result.value.entry === undefined) throw unexpected("get");
        leg = new Leg(
          { ...result.value, entry: storeEntry(result.value.entry) },
          {
            consumed: (bytes, kept) => link.connection.consumed(ticket.stream ?? 0, bytes, kept),
            cancel: () => link.cancel(ticket),
          },
        );
        resolve(leg);
      },
      data: (bytes, crc32) => {
        arrived += bytes.length;
        onProgress?.(arrived);
        leg?.onData(bytes, crc32);
      },
      finish: (finish) => leg?.onFinish(finish),
      failed: (error: LeatError) => {
        leg?.onFailed(error);
        reject(error);
      },
    };
    const ticket = link.ask(request, call, signal);
  });
}

export function storeEntry(entry: Entry): StoreEntry {
  const kind = entry.kind === "KIND_UNSPECIFIED" ? "OTHER" : entry.kind;
  return { ...entry, kind, modified: entry.modified ?? { seconds: 0, nanoseconds: 0 } };
}
