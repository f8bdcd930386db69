/**
 * What a server says it has committed, compared with what was sent: no server is believed that it has
 * something else, or has it sooner than it can.
 */
import { LeatError } from "../../errors.ts";
import type { FinishInit } from "../../session/outgoing.ts";
import { quote } from "../../store/names.ts";
import type { IfExists, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import { type Receipt, durabilityOf } from "./options.ts";

/** What was asked for. */
export interface Asked {
  readonly path: string;
  readonly ifExists?: IfExists | undefined;
  /** The ids by which the upload goes: the client's, and that of a partial that it continues. */
  readonly uploadIds: readonly Uint8Array[];
  readonly sha256: boolean;
}

/**
 * @param sent what the client's Finish said; undefined before it was said
 * @throws PROTOCOL_ERROR
 */
export function checkReceipt(
  receipt: WireReceipt,
  asked: Asked,
  sent: FinishInit | undefined,
): Receipt {
  const { entry, skipped, uploadId, crc32, sha256 } = receipt;
  const name = asked.path.slice(asked.path.lastIndexOf("/") + 1);
  if (entry?.name !== name) throw wrong(asked, `is about ${quote(entry?.name ?? "")}`);
  if (!asked.uploadIds.some((id) => Buffer.compare(id, uploadId) === 0)) {
    throw wrong(asked, "has the id of another upload");
  }
  const { modeNotSet: mode, modifiedNotSet: modified, notSynced: sync, ...rest } = receipt;
  const notDone = mode || modified || sync ? { mode, modified, sync } : undefined;
  const checked = { ...rest, entry, durability: durabilityOf(receipt.durability), notDone };
  if (skipped) {
    if (asked.ifExists === "SKIP") return checked;
    throw wrong(asked, "says that it was skipped, and nobody asked for that");
  }
  if (sent === undefined) throw wrong(asked, "came before everything was sent");
  if (entry.kind !== "FILE" || entry.size !== sent.size) {
    throw wrong(asked, `says ${entry.size} bytes where ${sent.size} were sent`);
  }
  if (crc32 !== sent.crc32) throw wrong(asked, "has another CRC-32 than what was sent");
  if (asked.sha256 && Buffer.compare(sent.sha256 ?? NOTHING, sha256 ?? NOTHING) !== 0) {
    throw wrong(asked, "has another SHA-256 than what was sent");
  }
  return checked;
}

const NOTHING: Uint8Array = new Uint8Array(0);

function wrong({ path }: Asked, how: string): LeatError {
  const message = `the server's receipt for ${quote(path)} ${how}: what is there now may be something else`;
  return new LeatError("PROTOCOL_ERROR", message);
}
