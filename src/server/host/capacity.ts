/** How much a server may use: by src/limits.ts, by its options, and by what the process has. */
import {
  CONNECTION_SHARE,
  GROWTH_BUDGET,
  GROWTH_SHARE,
  INITIAL_WINDOW_BUDGET,
  LEAST_STREAMS,
  MAX_CHILDREN,
  MAX_REFUSALS,
  MAX_STREAMS,
  MAX_WAITING,
  PAGE_BUDGET,
  RESERVED_DESCRIPTORS,
  UPLOAD_WINDOW,
  WALK_BUDGET,
  WINDOW_BUDGET,
  WINDOW_SHARE,
} from "../../limits.ts";
import { descriptorLimit } from "../../net/descriptors.ts";
import type { Model } from "../options/options.ts";
import type { Settings } from "../options/table.ts";
import { Budget } from "./budget.ts";

/** Which part of a server a process is: all of it, unless given. */
export interface Part {
  /** Into how many equal parts the limits are divided; this is one of them. */
  readonly parts?: number;
  /** The part is for one connection, and takes no other. */
  readonly oneClient?: boolean;
}

export class Capacity {
  /** Clients at once, those that wait included. */
  readonly connections: number;
  /** Refused connections that stay open at once until their peers have read why. */
  readonly refusals: number;
  readonly streams: number;
  /** Descriptors. */
  readonly files: Budget;
  /** Bytes of credit that uploads have when they open. */
  readonly initialWindows: Budget;
  /** Bytes of credit of uploads that are under way. */
  readonly windows: { readonly begin: Budget; readonly grow: Budget };
  /** Bytes of list pages. */
  readonly pages: Budget;
  /** Bytes of the pages of walks. */
  readonly walks: Budget;

  constructor(asked: Settings, { parts = 1, oneClient = false }: Part = {}) {
    const part = (all: number): number => Math.max(1, Math.floor(all / parts));
    // However few there are: a list takes two.
    const room = Math.max(4, descriptorLimit() - RESERVED_DESCRIPTORS);
    const most = Math.min(Math.floor(room * CONNECTION_SHARE), mostClients(asked.model));
    this.connections = oneClient ? 1 : Math.min(part(asked.maxConnections), most);
    const files = Math.min(part(asked.maxOpenFiles), room - this.connections);
    this.files = new Budget(files);
    // Most need a file; where those are few, others still go on.
    const streams = Math.max(LEAST_STREAMS, Math.min(MAX_STREAMS, files));
    this.streams = asked.maxStreams ?? streams;
    const spare = room - this.connections - files;
    this.refusals = Math.min(part(MAX_REFUSALS), Math.max(RESERVED_DESCRIPTORS / 2, spare));
    const share = oneClient ? 1 : WINDOW_SHARE;
    this.initialWindows = new Budget(part(INITIAL_WINDOW_BUDGET), share);
    this.windows = {
      begin: new Budget(part(WINDOW_BUDGET), share),
      grow: new Budget(part(GROWTH_BUDGET), oneClient ? 1 : GROWTH_SHARE),
    };
    this.pages = new Budget(part(PAGE_BUDGET));
    this.walks = new Budget(part(WALK_BUDGET));
  }

  /** Credit for each upload of one more connection, in bytes, whole KiB. */
  get offeredWindow(): number {
    const fair = this.initialWindows.fair / this.streams;
    return Math.min(UPLOAD_WINDOW, Math.floor(fair / 1024) * 1024);
  }
}

/** Clients that a model can bear at once, those that wait included. */
function mostClients(model: Model): number {
  if (model === "iterative") return 1 + MAX_WAITING;
  return model === "processes" || model === "threads" ? MAX_CHILDREN : Number.POSITIVE_INFINITY;
}
