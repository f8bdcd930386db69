/** What one way through both folders does, and where it leaves what it found. */
import type { LeatError } from "../../errors.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import type { TreeRoot } from "../trees/tree.ts";
import type { Rules } from "./decide.ts";
import type { Filter } from "../trees/filter.ts";
import type { SyncOutcome } from "./sync.ts";
import type { Tally } from "./tally.ts";

/** A name, and what is known of it. */
export interface Named {
  readonly name: string;
  readonly item: TreeRoot;
  /** Relative to the root of the sync. */
  readonly place: string;
  readonly source: Walked | undefined;
  readonly target: Walked | undefined;
}

export interface PassOptions {
  readonly rules: Rules;
  readonly filter: Filter | undefined;
  /** Whether files are copied and folders made. */
  readonly copies: boolean;
  /** How many files and folders may be removed; undefined: they are only counted. */
  readonly removes: number | undefined;
  readonly tally: Tally;
  /** Takes what is to be copied: a file, or a whole folder where `takesFolders`. */
  readonly copy: (root: TreeRoot, source: Walked) => MaybePromise<void>;
  readonly takesFolders: boolean;
  /** Whether the contents of a file are others on both sides. */
  readonly differs: (item: TreeRoot) => Promise<boolean>;
  readonly report: (outcome: SyncOutcome) => MaybePromise<void>;
  /** Whether nothing else would succeed after this error. */
  readonly ends: (error: LeatError) => boolean;
}
