/** The options and results of a listing, and the state of a server. */
import type { DurabilityLevel, Time } from "../../store/store.ts";
import type { Entry, StatusResponse } from "../../wire/gen/messages.ts";
import type { CallOptions } from "../connection/options.ts";

/** Which entries of a folder to list. */
export interface ListOptions extends CallOptions {
  /** Also those whose names begin with ".". */
  readonly hidden?: boolean;
}

/** The state of a server. */
export interface ServerStatus extends Omit<StatusResponse, "durability"> {
  /** `fsync`: the server gives the receipt for an upload when it is on disk. */
  readonly durability: DurabilityLevel;
}

/** A part of the entries of a folder. */
export interface ListPage {
  readonly entries: readonly Entry[];
  /** Entries that were left out because their names are not UTF-8. */
  readonly skippedNames: number;
}

/** The result of a listing, at its end. */
export interface ListSummary {
  /** Entries that were left out because their names are not UTF-8. */
  readonly skippedNames: number;
}

/** What a file or folder is to get. */
export interface SetAttributesOptions {
  readonly modified?: Time | undefined;
  /** Permission bits, at most 0777. */
  readonly mode?: number | undefined;
  /** Only this version of a file. */
  readonly ifMatch?: string | undefined;
}
