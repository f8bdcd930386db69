/** What a caller may ask for besides the path. */
import type { LeatError } from "../errors.ts";
import type { Collision, DurabilityLevel, NotDone, Stored, StoreEntry } from "../store/store.ts";
import type {
  Durability,
  Entry,
  IfExists,
  Receipt as WireReceipt,
  StatusResponse,
} from "../wire/gen/messages.ts";

export type { Stall } from "../connection/stalls.ts";
export type { Wait } from "../session/wait.ts";

/** What every call takes. */
export interface CallOptions {
  /** Gives the call up: it rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** How to connect, and how long to go on trying. */
export interface ConnectOptions extends CallOptions {
  /** Milliseconds for connecting and the handshake together. */
  readonly timeout?: number;
  /**
   * Milliseconds to go on trying while nothing moves, when the connection is lost or the server has
   * no room. 0, the default: not at all. Downloads continue where they were; what changes something is
   * tried again only if the server has certainly not done it.
   */
  readonly retry?: number;
  /** It is tried again after `delay` milliseconds; at once, with 0, where a block arrived damaged. */
  readonly onRetry?: (error: LeatError, delay: number) => void;
}

/** Which entries of a folder. */
export interface ListOptions extends CallOptions {
  /** Names that begin with "." too. */
  readonly hidden?: boolean;
}

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

/** How to put a file into the library. */
export interface PutOptions extends CallOptions {
  /** When the name is taken: `fail` unless given. */
  readonly ifExists?: Collision;
  /** With `replace`: only this version. */
  readonly ifMatch?: string;
  /** To be the file's modified time: that of a local file unless given. */
  readonly modified?: Date;
  /** Permission bits of a new file, less the server's umask: those of a local file unless given, else 0666. */
  readonly mode?: number;
  readonly sha256?: boolean;
  /** Told of leaving bytes: how far it is, what was there already included. */
  readonly onProgress?: (bytes: number) => void;
  /** What an earlier try has left on the server is continued. */
  readonly onResume?: (offset: number, size: number) => void;
  /**
   * When its signal gives it up, the server keeps what it has: the next upload of the same file to the
   * same name continues. Of local files of 8 MiB or more, without `sha256`; else nothing is kept.
   */
  readonly keep?: boolean;
  /** It was given up, and another upload can continue it. */
  readonly onKept?: () => void;
}

/** What an upload came to: the file is there, whole, under its name. */
export interface Receipt extends Omit<WireReceipt, "entry" | "durability" | NotDoneFields> {
  /** The file as it now is; with `skipped`, what had the name already. */
  readonly entry: Entry;
  /** `fsync`: it is on disk. */
  readonly durability: DurabilityLevel;
  /** What was asked for and the server's file system cannot do. */
  readonly notDone?: NotDone | undefined;
}

type NotDoneFields = "modeNotSet" | "modifiedNotSet" | "notSynced";

/** How a server is. */
export interface ServerStatus extends Omit<StatusResponse, "durability"> {
  /** `fsync`: an upload counts once it is on disk. */
  readonly durability: DurabilityLevel;
}

/** A part of a folder. */
export interface ListPage {
  readonly entries: readonly Entry[];
  /** Names left out because they are not UTF-8. */
  readonly skippedNames: number;
}

/** What a listing says at its end. */
export interface ListSummary {
  /** Names left out because they are not UTF-8. */
  readonly skippedNames: number;
}

/** As it is said on the wire. */
export const IF_EXISTS: Readonly<Record<Collision, IfExists>> = {
  fail: "FAIL",
  replace: "REPLACE",
  skip: "SKIP",
};

export function durabilityOf(said: Durability): DurabilityLevel {
  return said === "DURABILITY_FSYNC" ? "fsync" : "none";
}
