import { LeatError } from "../../errors.ts";
import { type Versions, versionedEntry } from "../system/entry.ts";
import type { Library } from "./library.ts";
import type { StoreEntry } from "../store.ts";

/**
 * What a link leads to, by the link's name.
 * @param versions if the entry is to have one
 * @returns undefined when it leads nowhere, or outside, or links are not followed
 */
export function entryBehindLink(
  { beneath }: Library,
  segments: readonly string[],
  versions?: Versions,
): StoreEntry | undefined {
  if (!beneath.followsLinks) return undefined;
  try {
    return versionedEntry(segments.at(-1) ?? "", beneath.stat(segments), versions);
  } catch (error) {
    if (error instanceof LeatError) return undefined;
    throw error;
  }
}
