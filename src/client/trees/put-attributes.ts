/** Gives a folder of the library its modified time and its permission bits, when all that is in it is there. */
import type { FolderAttributes, NotDone } from "../../store/store.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";
import { LeatError } from "../../errors.ts";
import { failureError } from "../../session/failure.ts";
import type { TreeOutcome } from "../../wire/gen/messages.ts";
import { hasTime } from "../../store/same-time.ts";
import type { TreeUpload } from "./tree-upload.ts";

/**
 * As an item of the stream where it can be one, else as a request. The library itself has only its operator's.
 * @returns what the server could not do: an older one sets neither
 * @throws PERMISSION_DENIED, READ_ONLY, …
 */
export async function putAttributes(
  calls: Calls,
  path: string,
  { modified, mode }: FolderAttributes,
  options: CallOptions,
  upload?: TreeUpload,
): Promise<NotDone | undefined> {
  if (path === "" || (modified === undefined && mode === undefined)) return undefined;
  const outcome = await upload?.setAttributes(path, { modified, mode })?.catch(unlessOlder);
  if (outcome !== undefined) return notSet(outcome);
  const value = { path, parents: true, modified, mode };
  const entry = await calls.unary({ case: "makeDirectory", value }, options);
  return hasTime(entry, modified) ? undefined : { modified: true };
}

/** @returns what the server could not do @throws PERMISSION_DENIED, … */
export function notSet({ failure, modifiedNotSet }: TreeOutcome): NotDone | undefined {
  if (failure !== undefined) throw failureError(failure);
  return modifiedNotSet ? { modified: true } : undefined;
}

function unlessOlder(thrown: unknown): undefined {
  if (LeatError.from(thrown).code !== "UNIMPLEMENTED") throw thrown;
}
