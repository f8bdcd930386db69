import { LeatError } from "../../errors.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import type { Library } from "./library.ts";
import type { StoreEntry } from "../store.ts";

/**
 * The entry that a link leads to, with the name of the link.
 * @param versions if the entry is to have one
 * @returns undefined when it leads nowhere, or outside, or links are not followed
 */
export function entryBehindLink(
  { resolver }: Library,
  segments: readonly string[],
  versions?: Versions,
): StoreEntry | undefined {
  if (!resolver.followsLinks) return undefined;
  try {
    return versionedEntry(segments.at(-1) ?? "", resolver.stat(segments), versions);
  } catch (error) {
    if (error instanceof LeatError) return undefined;
    throw error;
  }
}
