/** The options and results of uploads. */
import type { Collision, DurabilityLevel, NotDone } from "../../store/store.ts";
import type {
  Durability,
  Entry,
  IfExists,
  Receipt as WireReceipt,
} from "../../wire/gen/messages.ts";
import type { CallOptions } from "../connection/options.ts";

/** How to upload a file. */
export interface PutOptions extends CallOptions {
  /** When the name is taken: `fail`, the default, is ALREADY_EXISTS. */
  readonly ifExists?: Collision;
  /** With `replace`, a version, of an `Entry`: another one is PRECONDITION_FAILED. */
  readonly ifMatch?: string;
  /** The modified time of the new file: that of the local file unless given, else now. */
  readonly modified?: Date;
  /**
   * Permission bits of the new file, less the server's umask: those of the local file unless given,
   * else 0666.
   */
  readonly mode?: number;
  /** Verifies the SHA-256 of the whole file, besides its CRC-32. */
  readonly sha256?: boolean;
  /** Called as bytes leave, with the bytes that the server has or is sent, a resumed part included. */
  readonly onProgress?: (bytes: number) => void;
  /**
   * Called when the server kept a part of an earlier upload: this one continues it at `offset`. `size`,
   * in bytes, is that of the whole.
   */
  readonly onResume?: (offset: number, size: number) => void;
  /**
   * When `signal` aborts this upload, the server keeps what has arrived: the next upload of the same file
   * to the same name continues it. For local files of 8 MiB or more without `sha256`; of others nothing is
   * kept.
   */
  readonly keep?: boolean;
  /** Called when this upload was aborted, and another one can continue it. */
  readonly onKept?: () => void;
}

/** The server's receipt of an upload: the file is there, whole, under its name. */
export interface Receipt extends Omit<WireReceipt, "entry" | "durability" | NotDoneFields> {
  /** The file as the server has it; with `skipped`, the entry that had the name already. */
  readonly entry: Entry;
  /** `fsync`: the file and its name are on disk. */
  readonly durability: DurabilityLevel;
  /** Requested things that the file system of the server cannot do. */
  readonly notDone?: NotDone | undefined;
}

type NotDoneFields = "modeNotSet" | "modifiedNotSet" | "notSynced";

/** Their values on the wire. */
export const IF_EXISTS: Readonly<Record<Collision, IfExists>> = {
  fail: "FAIL",
  replace: "REPLACE",
  skip: "SKIP",
};

export function durabilityOf(durability: Durability): DurabilityLevel {
  return durability === "DURABILITY_FSYNC" ? "fsync" : "none";
}
