/** Gives a folder of the library its modified time and its permission bits, when all that is in it is there. */
import type { FolderAttributes, NotDone } from "../../store/store.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";
import { isSameTime } from "../local/same-time.ts";

/**
 * The library itself has only its operator's.
 * @returns what the server could not do: an older one sets neither
 * @throws PERMISSION_DENIED, READ_ONLY, …
 */
export async function putAttributes(
  calls: Calls,
  path: string,
  { modified, mode }: FolderAttributes,
  options: CallOptions,
): Promise<NotDone | undefined> {
  if (path === "" || (modified === undefined && mode === undefined)) return undefined;
  const value = { path, parents: true, modified, mode };
  const entry = await calls.unary({ case: "makeDirectory", value }, options);
  const hasTime =
    modified === undefined ||
    (entry.modified !== undefined && isSameTime(modified, entry.modified));
  return hasTime ? undefined : { modified: true };
}
