/** What a download takes and gives. */
import type { Collision, DurabilityLevel, NotDone, Stored, StoreEntry } from "../../store/store.ts";
import type { CallOptions } from "../connection/options.ts";

/** Which part of a file, and how it is checked. */
export interface GetOptions extends CallOptions {
  /** First byte. */
  readonly offset?: number;
  /** Bytes; to the end unless given. */
  readonly length?: number;
  /** Only this version. @throws PRECONDITION_FAILED */
  readonly ifMatch?: string;
  /** Verify the SHA-256 of the whole, too. */
  readonly sha256?: boolean;
  /**
   * The file may become longer meanwhile, as a log does: what was there at the start is fetched, and
   * the server compares that its bytes are still the same. Else that is CHANGED.
   */
  readonly allowGrowth?: boolean;
  /** Told of arriving bytes: their sum so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** How to fetch a file to a path. */
export interface DownloadOptions extends CallOptions, SaveOptions {
  /**
   * The file may become longer meanwhile, as a log does: what was there at the start is fetched, and
   * the server compares that its bytes are still the same. Else that is CHANGED.
   */
  readonly allowGrowth?: boolean;
  /** The server has answered, and sends it. */
  readonly onBegin?: (entry: StoreEntry) => void;
  /** Told of arriving bytes: how far it is, what was there already included. */
  readonly onProgress?: (bytes: number) => void;
  /** What an earlier try has left is continued at `offset`; at 0: the file is another one now. */
  readonly onResume?: (offset: number, size: number) => void;
  /** It failed or was given up, and another download can continue it. */
  readonly onKept?: () => void;
}

/** What became of a file that was to be saved. */
export interface Saved {
  /** Nothing was fetched: the name is taken. */
  readonly skipped: boolean;
  /** `fsync` only where the file and its name are on disk. */
  readonly durability: DurabilityLevel;
  /** What was asked for and the file system here cannot do. */
  readonly notDone?: NotDone | undefined;
}

/** What a download to a path came to. */
export interface Downloaded extends Saved {
  /** The file, as the server has it. */
  readonly entry: StoreEntry;
}

/** @param asked what was to be done before the answer */
export function savedAs({ notDone }: Stored, asked: DurabilityLevel): Saved {
  return { skipped: false, durability: notDone?.sync === true ? "none" : asked, notDone };
}

export const NOT_SAVED: Saved = { skipped: true, durability: "none" };

/** How to write a download to a file. */
export interface SaveOptions {
  /** When the name is taken: `replace`, the default, does so atomically. */
  readonly ifExists?: Collision;
  /** `fsync`, the default: when this resolves, the file is on disk. */
  readonly durability?: DurabilityLevel;
  /** How messages call the target, if not by its path. */
  readonly shown?: string;
}
