/** What an upload takes and gives. */
import type { Collision, DurabilityLevel, NotDone } from "../../store/store.ts";
import type {
  Durability,
  Entry,
  IfExists,
  Receipt as WireReceipt,
} from "../../wire/gen/messages.ts";
import type { CallOptions } from "../connection/options.ts";

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

/** As it is said on the wire. */
export const IF_EXISTS: Readonly<Record<Collision, IfExists>> = {
  fail: "FAIL",
  replace: "REPLACE",
  skip: "SKIP",
};

export function durabilityOf(said: Durability): DurabilityLevel {
  return said === "DURABILITY_FSYNC" ? "fsync" : "none";
}
