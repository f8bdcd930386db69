/** What a server may use: the bounds of src/limits.ts, what was asked for, what the process has. */
import {
  CONNECTION_SHARE,
  GROWTH_BUDGET,
  GROWTH_SHARE,
  INITIAL_WINDOW_BUDGET,
  LEAST_STREAMS,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_REFUSALS,
  MAX_STREAMS,
  PAGE_BUDGET,
  RESERVED_DESCRIPTORS,
  UPLOAD_WINDOW,
  WINDOW_BUDGET,
  WINDOW_SHARE,
} from "../limits.ts";
import { descriptorLimit } from "../net/descriptors.ts";
import { Budget } from "./budget.ts";
import { type Model, mostClients } from "./models/model.ts";

export interface CapacityOptions {
  readonly maxConnections?: number;
  readonly maxStreams?: number;
  readonly maxOpenFiles?: number;
  readonly model?: Model;
  /** Into how many equal parts what the process may use is divided; this is one of them. */
  readonly parts?: number;
  /** The part is for one connection. */
  readonly alone?: boolean;
}

export class Capacity {
  /** Clients at once, those that wait included. */
  readonly connections: number;
  /** Refused connections at once that wait for their peer to read why. */
  readonly refusals: number;
  /** Streams at once on a connection. */
  readonly streams: number;
  /** Descriptors. */
  readonly files: Budget;
  /** Bytes promised to uploads when they open. */
  readonly initialWindows: Budget;
  /** Bytes promised to uploads that are under way. */
  readonly windows: { readonly begin: Budget; readonly grow: Budget };
  /** Bytes of list pages. */
  readonly pages: Budget;

  constructor(options: CapacityOptions) {
    const { parts = 1, alone = false } = options;
    const part = (all: number): number => Math.max(1, Math.floor(all / parts));
    // However few there are: a list takes two.
    const room = Math.max(4, descriptorLimit() - RESERVED_DESCRIPTORS);
    const most = Math.min(Math.floor(room * CONNECTION_SHARE), mostClients(options.model));
    const asked = part(options.maxConnections ?? MAX_CONNECTIONS);
    this.connections = alone ? 1 : Math.min(asked, most);
    const files = part(options.maxOpenFiles ?? MAX_OPEN_FILES);
    this.files = new Budget(Math.min(files, room - this.connections));
    // Most need a file; where those are few, others still go on.
    const streams = Math.max(LEAST_STREAMS, Math.min(MAX_STREAMS, this.files.total));
    this.streams = options.maxStreams ?? streams;
    const spare = room - this.connections - this.files.total;
    this.refusals = Math.min(part(MAX_REFUSALS), Math.max(RESERVED_DESCRIPTORS / 2, spare));
    const share = alone ? 1 : WINDOW_SHARE;
    this.initialWindows = new Budget(part(INITIAL_WINDOW_BUDGET), share);
    this.windows = {
      begin: new Budget(part(WINDOW_BUDGET), share),
      grow: new Budget(part(GROWTH_BUDGET), alone ? 1 : GROWTH_SHARE),
    };
    this.pages = new Budget(part(PAGE_BUDGET));
  }

  /** Credit for each upload of one more connection, in bytes, whole KiB. */
  get offeredWindow(): number {
    const fair = this.initialWindows.fair / this.streams;
    return Math.min(UPLOAD_WINDOW, Math.floor(fair / 1024) * 1024);
  }
}
