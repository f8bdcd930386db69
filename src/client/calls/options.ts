/** What a listing and the state of a server take and give. */
import type { DurabilityLevel } from "../../store/store.ts";
import type { Entry, StatusResponse } from "../../wire/gen/messages.ts";
import type { CallOptions } from "../connection/options.ts";

/** Which entries of a folder. */
export interface ListOptions extends CallOptions {
  /** Names that begin with "." too. */
  readonly hidden?: boolean;
}

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
