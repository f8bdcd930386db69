import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { StoreEntry } from "../../store/store.ts";
import type { Entry, Get } from "../../wire/gen/messages.ts";
import { callBack } from "../connection/callbacks.ts";
import { type Call, unexpected } from "../connection/call.ts";
import { Leg, type LegHead } from "./leg.ts";
import type { Link } from "../connection/link.ts";

/** A range of a file. */
export type Range = Pick<Get, "path"> & Partial<Get>;

/**
 * Asks for a range of a file. Resolves when the server has answered that it sends it.
 * @param onProgress told of arriving bytes: their sum, and `before`
 * @throws PRECONDITION_FAILED, PROTOCOL_ERROR for another range or version than the one asked for
 */
export function openLeg(
  link: Link,
  range: Range,
  signal: AbortSignal | undefined,
  onProgress: ((bytes: number) => void) | undefined,
  before: number,
): Promise<Leg> {
  return new Promise((resolve, reject) => {
    let leg: Leg | undefined;
    let arrived = before;
    const call: Call = {
      response: (result) => {
        leg = new Leg(headOf(result, range), {
          consumed: (bytes, kept) => link.connection.consumed(ticket.stream ?? 0, bytes, kept),
          cancel: () => link.cancel(ticket),
        });
        resolve(leg);
      },
      data: (bytes, crc32) => {
        arrived += bytes.length;
        if (onProgress !== undefined) callBack("onProgress", onProgress, arrived);
        leg?.onData(bytes, crc32);
      },
      finish: (finish) => leg?.onFinish(finish),
      failed: (error: LeatError) => {
        leg?.onFailed(error);
        reject(error);
      },
    };
    const ticket = link.ask({ operation: { case: "get", value: range } }, call, signal);
  });
}

/** What a get is answered with, compared with what was asked for. */
export function headOf(result: Result | undefined, range: Range): LegHead {
  if (result?.case !== "get" || result.value.entry === undefined) throw unexpected("get");
  const { entry, offset, length } = result.value;
  const { path, offset: first = 0, length: most = entry.size, ifMatch } = range;
  // Without a version nobody can tell that it is still the same file.
  if (ifMatch !== undefined && (entry.version !== ifMatch || ifMatch === "")) {
    const message = `${path} is another version than the one asked for`;
    throw new LeatError("PRECONDITION_FAILED", message);
  }
  if (offset !== first || length !== Math.min(most, entry.size - first)) {
    const message = `the server sends ${length} bytes from ${offset} of ${path} and its ${entry.size}: it was asked for others`;
    throw new LeatError("PROTOCOL_ERROR", message);
  }
  return { entry: storeEntry(entry), offset, length };
}

function storeEntry(entry: Entry): StoreEntry {
  const kind = entry.kind === "KIND_UNSPECIFIED" ? "OTHER" : entry.kind;
  return { ...entry, kind, modified: entry.modified ?? { seconds: 0, nanoseconds: 0 } };
}
