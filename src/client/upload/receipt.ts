/**
 * Compares a server's receipt with the request and the bytes that were sent. A receipt for something
 * else, or one that comes before all was sent, is refused.
 */
import { LeatError } from "../../errors.ts";
import type { FinishInit } from "../../session/outgoing.ts";
import { quote } from "../../store/names.ts";
import type { NotDone } from "../../store/store.ts";
import type { IfExists, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import { type Receipt, durabilityOf } from "./options.ts";

/** The upload that the receipt is to be for. */
export interface ReceiptRequest {
  readonly path: string;
  readonly ifExists?: IfExists | undefined;
  /** Its ids: the one that the client made, and that of a partial file that it continues. */
  readonly uploadIds: readonly Uint8Array[];
  readonly sha256: boolean;
}

/**
 * @param sent the client's Finish; undefined when it has not been sent
 * @throws PROTOCOL_ERROR
 */
export function checkReceipt(
  receipt: WireReceipt,
  request: ReceiptRequest,
  sent: FinishInit | undefined,
): Receipt {
  const { entry, skipped, uploadId, crc32, sha256 } = receipt;
  const name = request.path.slice(request.path.lastIndexOf("/") + 1);
  if (entry?.name !== name) throw wrong(request, `is about ${quote(entry?.name ?? "")}`);
  if (!request.uploadIds.some((id) => Buffer.compare(id, uploadId) === 0)) {
    throw wrong(request, "has the id of another upload");
  }
  const { modeNotSet: _mode, modifiedNotSet: _modified, notSynced: _sync, ...rest } = receipt;
  const notDone = notDoneOf(receipt);
  const checked = { ...rest, entry, durability: durabilityOf(receipt.durability), notDone };
  if (skipped) {
    if (request.ifExists === "SKIP") return checked;
    throw wrong(request, "says that it was skipped, which was not requested");
  }
  if (sent === undefined) throw wrong(request, "came before everything was sent");
  if (entry.kind !== "FILE" || entry.size !== sent.size) {
    throw wrong(request, `says ${entry.size} bytes where ${sent.size} were sent`);
  }
  if (crc32 !== sent.crc32) throw wrong(request, "has another CRC-32 than what was sent");
  if (request.sha256 && Buffer.compare(sent.sha256 ?? NOTHING, sha256 ?? NOTHING) !== 0) {
    throw wrong(request, "has another SHA-256 than what was sent");
  }
  return checked;
}

/** The requested things that the file system of the server cannot do, as a receipt says. */
export function notDoneOf({
  modeNotSet: mode,
  modifiedNotSet: modified,
  notSynced: sync,
}: Pick<WireReceipt, "modeNotSet" | "modifiedNotSet" | "notSynced">): NotDone | undefined {
  return mode || modified || sync ? { mode, modified, sync } : undefined;
}

const NOTHING: Uint8Array = new Uint8Array(0);

function wrong({ path }: ReceiptRequest, how: string): LeatError {
  const message = `the server's receipt for ${quote(path)} ${how}: the file that is there now may be another one`;
  return new LeatError("PROTOCOL_ERROR", message);
}
