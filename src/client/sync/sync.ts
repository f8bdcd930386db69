/** The options and results of a sync, the same for both directions. */
import type { DurabilityLevel } from "../../store/store.ts";
import type { CallOptions } from "../connection/options.ts";
import type { KeepOptions } from "../local/kept.ts";
import type { Patterns } from "../trees/filter.ts";
import type {
  LeftOut,
  LinksOption,
  TreeOptions,
  TreeOutcome,
  TreeRoot,
  TreeSummary,
} from "../trees/tree.ts";

/** How to make one folder like another. What the patterns leave out is left as it is on both sides. */
export interface SyncOptions
  extends
    CallOptions,
    Patterns,
    KeepOptions,
    LinksOption,
    Pick<TreeOptions, "onProgress" | "onResume" | "onKept"> {
  /**
   * Removes what is only in the target, after everything else; and replaces what is a file on one side and something
   * else on the other.
   */
  readonly delete?: boolean;
  /** Nothing is removed when it would be more files and folders than this. */
  readonly maxDelete?: number;
  /** Called before anything is removed; with false nothing is. */
  readonly confirmDelete?: (what: Removals) => boolean | Promise<boolean>;
  /** Nothing is changed: the outcomes say what would be. */
  readonly dryRun?: boolean;
  /** Files of the same size are compared by their contents, and not by their modified times. */
  readonly checksum?: boolean;
  /** Only files that the target has already. */
  readonly existing?: boolean;
  /** Only files that the target does not have. */
  readonly ignoreExisting?: boolean;
  /** Not the files that are newer in the target. */
  readonly update?: boolean;
  /**
   * A folder on the side of the target: files that are replaced or removed go there, with the paths that they had in the
   * target. What has these paths there is replaced.
   */
  readonly backupDir?: string;
  /** Called for each file that is the same on both sides, with its bytes. */
  readonly onUnchanged?: (bytes: number) => void;
}

/** How to make a local folder like one of the library. */
export interface SyncDownOptions extends SyncOptions {
  /** Files may become longer meanwhile, as logs do: the bytes that each had at its start are fetched. */
  readonly allowGrowth?: boolean;
  /** `fsync`, the default: when the outcome of a file is yielded, the file is on disk. */
  readonly durability?: DurabilityLevel;
}

/** How to make a folder of the library like a local one. */
export interface SyncUpOptions extends SyncOptions {
  /** As `keep` of `Client.put`, for each file. */
  readonly keep?: boolean;
}

/** What would be removed. */
export interface Removals {
  readonly files: number;
  readonly folders: number;
  /** The first of them. */
  readonly example: TreeRoot;
}

/**
 * The outcome of one file or folder that was copied, made or removed, or would be with `dryRun`; of a file that got other
 * permission bits, or another time ("attributes"); or of a folder that exists and did not get its time ("attributes"). Those
 * that are the same on both sides have none.
 */
export interface SyncOutcome extends TreeOutcome {
  readonly action: "copy" | "make" | "remove" | "attributes";
}

/** What a sync left as it is. */
export interface SyncRest extends LeftOut {
  /** Files that are the same on both sides. */
  readonly unchanged: number;
  /** Files and folders that an option leaves as they are. */
  readonly skipped: number;
  /** Files and folders that are only in the target, and stay; a folder counts once. */
  readonly kept: number;
  /** Files and folders that were to be removed, but were not confirmed. */
  readonly notRemoved: Removals | undefined;
}

/** How much of a tree a sync changed. */
export interface SyncSummary extends TreeSummary, SyncRest {
  /** Files and folders that were removed. */
  readonly removed: number;
  /** Files that got other permission bits, or another time, and whose contents were the same. */
  readonly attributes: number;
  readonly skipped: number;
}
