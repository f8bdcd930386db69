/** How much a server may use: by src/limits.ts, by its options, and by what the process has. */
import {
  ADDRESS_CONNECTIONS,
  ADDRESS_SHARE,
  CONNECTION_SHARE,
  GROWTH_BUDGET,
  GROWTH_SHARE,
  INITIAL_WINDOW_BUDGET,
  LEAST_STREAMS,
  LEAST_WINDOW,
  MAX_CHILDREN,
  MAX_REFUSALS,
  MAX_STREAMS,
  MAX_WAITING,
  MAX_WALKS,
  OWN_WINDOW_SHARE,
  PAGE_BUDGET,
  RESERVED_DESCRIPTORS,
  STORE_DESCRIPTORS,
  UPLOAD_WINDOW,
  WALK_BUDGET,
  WALK_MAKING,
  WINDOW_BUDGET,
  WINDOW_SHARE,
} from "../../limits.ts";
import { descriptorLimit } from "../../net/descriptors.ts";
import type { Model } from "../options/options.ts";
import type { Settings } from "../options/table.ts";
import { Budget } from "./budget.ts";
import type { Cap } from "./shares.ts";

/** Which part of a server a process is: all of it, unless given. */
export interface Part {
  /** Into how many equal parts the limits are divided; this is one of them. */
  readonly parts?: number;
  /** The part is for one connection, and takes no other. */
  readonly oneClient?: boolean;
  /** The same for all parts of a server that was started; drawn unless given. */
  readonly run?: string;
}

/** What the users file has for a user. */
interface Limits {
  readonly connections?: number | undefined;
  readonly streams?: number | undefined;
}

export class Capacity {
  /** Clients at once, those that wait included. */
  readonly connections: number;
  /** Refused connections that stay open at once until their peers have read why. */
  readonly refusals: number;
  readonly streams: number;
  /** What one address may have. */
  readonly address: Cap;
  /** What one user may have, unless the users file says otherwise. */
  readonly user: Cap;
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
  /** Into how many the numbers of options are divided. */
  readonly #parts: number;
  readonly #leastConnections: number;

  constructor(asked: Settings, { parts = 1, oneClient = false }: Part = {}) {
    const part = (all: number): number => Math.max(1, Math.floor(all / parts));
    // However few there are: a list takes two.
    const room = Math.max(4, descriptorLimit() - RESERVED_DESCRIPTORS);
    const most = Math.min(Math.floor(room * CONNECTION_SHARE), mostClients(asked.model));
    this.connections = oneClient ? 1 : Math.min(part(asked.maxConnections), most);
    const files = Math.min(part(asked.maxOpenFiles), room - this.connections);
    this.files = new Budget(files);
    // Most need a file; where those are few, others still go on. The store of a user has some of them.
    const free = asked.users === undefined ? files : files - STORE_DESCRIPTORS;
    // Each upload of the one client begins with a window that it can go on with. A file of a tree would otherwise wait
    // for the windows of others, which are given back when the tree is done.
    const windows = oneClient
      ? Math.floor(part(INITIAL_WINDOW_BUDGET) / LEAST_WINDOW)
      : MAX_STREAMS;
    const streams = Math.max(LEAST_STREAMS, Math.min(MAX_STREAMS, windows, free));
    this.streams = asked.maxStreams ?? streams;
    this.#leastConnections = HAS_CHILDREN.has(asked.model) ? 1 : ADDRESS_CONNECTIONS;
    this.#parts = oneClient ? 1 : parts; // a process of one client knows of no other
    this.address = this.#cap(asked.maxConnectionsPerAddress, asked.maxStreamsPerAddress);
    this.user = this.#cap(asked.maxConnectionsPerUser, asked.maxStreamsPerUser);
    const spare = room - this.connections - files;
    this.refusals = Math.min(part(MAX_REFUSALS), Math.max(RESERVED_DESCRIPTORS / 2, spare));
    this.initialWindows = new Budget(part(INITIAL_WINDOW_BUDGET), oneClient ? 1 : WINDOW_SHARE);
    this.windows = {
      begin: new Budget(part(WINDOW_BUDGET), oneClient ? OWN_WINDOW_SHARE : WINDOW_SHARE),
      grow: new Budget(part(GROWTH_BUDGET), oneClient ? 1 : GROWTH_SHARE),
    };
    this.pages = new Budget(part(PAGE_BUDGET));
    // A sync has several at once, and a client that finds no room for one moves the tree without its links.
    const leastWalks = oneClient ? MAX_WALKS * WALK_MAKING : 0;
    this.walks = new Budget(Math.max(part(WALK_BUDGET), leastWalks));
  }

  /** That of a user for whom the users file has other numbers. */
  capOf({ connections, streams }: Limits = {}): Cap {
    return {
      connections: this.#part(connections) ?? this.user.connections,
      streams: this.#part(streams) ?? this.user.streams,
    };
  }

  #cap(connections: number | undefined, streams: number | undefined): Cap {
    const share = (all: number, least: number) => Math.max(least, Math.ceil(all * ADDRESS_SHARE));
    return {
      connections: this.#part(connections) ?? share(this.connections, this.#leastConnections),
      streams: this.#part(streams) ?? share(this.files.total, MAX_STREAMS),
    };
  }

  #part(given: number | undefined): number | undefined {
    return given === undefined ? undefined : Math.max(1, Math.floor(given / this.#parts));
  }

  /** Credit for each upload of one more connection, in bytes, whole KiB. */
  get offeredWindow(): number {
    const fair = this.initialWindows.fair / this.streams;
    return Math.min(UPLOAD_WINDOW, Math.floor(fair / 1024) * 1024);
  }
}

/** A process or thread serves one client. */
const HAS_CHILDREN: ReadonlySet<Model> = new Set(["processes", "threads"]);

/** Clients that a model can bear at once, those that wait included. */
function mostClients(model: Model): number {
  if (model === "iterative") return 1 + MAX_WAITING;
  return HAS_CHILDREN.has(model) ? MAX_CHILDREN : Number.POSITIVE_INFINITY;
}
