/** A cursor is the last name of a page, so that any server of the folder can continue from it. */

import { LeatError } from "../../errors.ts";
import { MAX_SEGMENT } from "../../limits.ts";
import { quote } from "../names.ts";

export function encodeCursor(last: Uint8Array): string {
  return Buffer.from(last).toString("base64url");
}

/** @throws INVALID_ARGUMENT */
export function decodeCursor(cursor: string): Uint8Array {
  const last = Buffer.from(cursor, "base64url");
  const isName = last.length > 0 && last.length <= MAX_SEGMENT && !last.includes(0);
  // A text that decodes need not be one that was encoded: base64 ignores some bits and characters.
  if (isName && encodeCursor(last) === cursor) return last;
  throw new LeatError("INVALID_ARGUMENT", `the cursor ${quote(cursor)} is none of this store's`);
}
