/** What a server may use: the bounds of src/limits.ts, what was asked for, what the process has. */
import {
  CONNECTION_SHARE,
  INITIAL_WINDOW_BUDGET,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_STREAMS,
  MAX_WAITING,
  PAGE_BUDGET,
  RESERVED_DESCRIPTORS,
  UPLOAD_WINDOW,
  WINDOW_BUDGET,
  WINDOW_SHARE,
} from "../limits.ts";
import { descriptorLimit } from "../net/descriptors.ts";
import { Budget } from "./budget.ts";
import type { Model } from "./models/model.ts";

export interface CapacityOptions {
  readonly maxConnections?: number;
  readonly maxStreams?: number;
  readonly maxOpenFiles?: number;
  readonly model?: Model;
}

export class Capacity {
  /** Clients at once, those that wait included. */
  readonly connections: number;
  /** Streams at once on a connection. */
  readonly streams: number;
  /** Descriptors. */
  readonly files: Budget;
  /** Bytes promised to uploads when they open. */
  readonly initialWindows: Budget;
  /** Bytes promised to uploads that are under way. */
  readonly windows: Budget;
  /** Bytes of list pages. */
  readonly pages: Budget;

  constructor(options: CapacityOptions) {
    const room = Math.max(2, descriptorLimit() - RESERVED_DESCRIPTORS);
    const most = Math.min(Math.floor(room * CONNECTION_SHARE), mostClients(options.model));
    this.connections = Math.min(options.maxConnections ?? MAX_CONNECTIONS, most);
    this.streams = options.maxStreams ?? MAX_STREAMS;
    const files = Math.min(options.maxOpenFiles ?? MAX_OPEN_FILES, room - this.connections);
    this.files = new Budget(files);
    this.initialWindows = new Budget(INITIAL_WINDOW_BUDGET, WINDOW_SHARE);
    this.windows = new Budget(WINDOW_BUDGET, WINDOW_SHARE);
    this.pages = new Budget(PAGE_BUDGET);
  }

  /** Credit for each upload of one more connection, in bytes, whole KiB. */
  get offeredWindow(): number {
    const fair = this.initialWindows.fair / this.streams;
    return Math.min(UPLOAD_WINDOW, Math.floor(fair / 1024) * 1024);
  }
}

function mostClients(model: Model | undefined): number {
  return model === "iterative" ? 1 + MAX_WAITING : Number.POSITIVE_INFINITY;
}
