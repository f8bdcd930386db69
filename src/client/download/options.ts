/** The options and results of downloads. */
import type { Collision, DurabilityLevel, NotDone, StoreEntry } from "../../store/store.ts";
import type { CallOptions } from "../connection/options.ts";
import type { KeepOptions } from "../local/kept.ts";

/** Which part of a file to get, and how it is verified. */
export interface GetOptions extends CallOptions {
  /** The first byte; 0 unless given. */
  readonly offset?: number;
  /** In bytes; to the end of the file unless given. */
  readonly length?: number;
  /** A version, of an `Entry`: another one is PRECONDITION_FAILED. */
  readonly ifMatch?: string;
  /** Verifies the SHA-256 of all that is sent, besides the CRC-32 of each block. */
  readonly sha256?: boolean;
  /**
   * The file may become longer meanwhile, as a log does: the bytes that it had at the start are
   * fetched, and the server checks that they are still the same. Without this, growth is CHANGED.
   */
  readonly allowGrowth?: boolean;
  /** Called as bytes arrive, with their sum so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** How to fetch a file to a path. */
export interface DownloadOptions extends CallOptions, SaveOptions, Pick<GetOptions, "allowGrowth"> {
  /** Called when the server has answered, with the file as it has it. */
  readonly onBegin?: (entry: StoreEntry) => void;
  /** Called as bytes arrive, with the size of the local file so far, its resumed part included. */
  readonly onProgress?: (bytes: number) => void;
  /**
   * Called when an earlier download was interrupted: this one continues it at `offset`. 0: it begins
   * anew, because the file on the server is another one now. `size`, in bytes, is that of the whole.
   */
  readonly onResume?: (offset: number, size: number) => void;
  /** Called when this download failed or was cancelled, and another one can continue it. */
  readonly onKept?: () => void;
}

/** How a download was saved. */
export interface Saved {
  /** Nothing was written: the name is taken, and `ifExists` is `skip`. */
  readonly skipped: boolean;
  /** `fsync` only where the file and its name are on disk. */
  readonly durability: DurabilityLevel;
  /** Requested things that the local file system cannot do. */
  readonly notDone?: NotDone | undefined;
}

/** The result of a download to a path. */
export interface Downloaded extends Saved {
  /** The file, as the server has it. */
  readonly entry: StoreEntry;
}

/** How to write a download to a file. */
export interface SaveOptions extends KeepOptions {
  /** When the name is taken: `replace`, the default, does so atomically. */
  readonly ifExists?: Collision;
  /** `fsync`, the default: when this resolves, the file is on disk. */
  readonly durability?: DurabilityLevel;
  /** The name of the target in messages; its path unless given. */
  readonly shown?: string;
}
