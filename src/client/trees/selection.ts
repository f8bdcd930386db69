/** Which files of a tree are moved. */
import type { Collision, Time } from "../../store/store.ts";
import { isCopiedTime, isNewer } from "../local/same-time.ts";
import { type Filter, makeFilter } from "./filter.ts";
import type { TreeOptions } from "./tree.ts";

/** What tells two versions of a file apart. */
export interface Version {
  /** Bytes. */
  readonly size: number;
  readonly modified?: Time | undefined;
}

export interface Selection {
  readonly filter?: Filter | undefined;
  /** Whether a file of the target stays as it is. */
  readonly keeps?: ((source: Version, target: Version) => boolean) | undefined;
}

/** Options with which a file that is moved replaces another one, or not. */
export type Settled<Options extends TreeOptions> = Omit<Options, "ifExists"> & {
  readonly ifExists?: Collision;
};

/** @returns the options of the transfers, and which files they are for */
export async function select<Options extends TreeOptions>(
  options: Options,
): Promise<[Settled<Options>, Selection]> {
  const { ifExists, ...rest } = options;
  const filter = await makeFilter(options);
  if (ifExists !== "newer" && ifExists !== "different") {
    return [{ ...rest, ...(ifExists !== undefined && { ifExists }) }, { filter }];
  }
  const { times } = options;
  const keeps = ifExists === "newer" ? isNotNewer : isSame;
  return [
    { ...rest, ifExists: "replace" },
    { filter, keeps: (...both) => keeps(...both, times) },
  ];
}

function isNotNewer({ modified }: Version, target: Version): boolean {
  if (modified === undefined || target.modified === undefined) return false;
  return isCopiedTime(modified, target.modified) || !isNewer(modified, target.modified);
}

/** As a sync decides. */
function isSame(source: Version, target: Version, times = true): boolean {
  if (source.modified === undefined || target.modified === undefined) return false;
  if (source.size !== target.size) return false;
  if (isCopiedTime(source.modified, target.modified)) return true;
  // Without times a copy is newer than what it is a copy of.
  return !times && isNewer(target.modified, source.modified);
}
