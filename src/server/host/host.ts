/**
 * The part of a server that all its connections share, in one process: the store, what may be used of the
 * machine, counters and logs. It knows no sockets: several listeners may serve from one.
 */
import type { Runtime } from "../../connection/runtime.ts";
import { LeatError } from "../../errors.ts";
import { BlockCrcs } from "../../operations/block-crcs.ts";
import type { StatusInit } from "../../operations/exchange.ts";
import { FollowedStore } from "../../store/disk/followed-store.ts";
import type { Store } from "../../store/store.ts";
import { AGENT } from "../../version.ts";
import { AccessLog } from "../log/access-log.ts";
import { FoldedLog } from "../log/folded-log.ts";
import { SILENT } from "../log/log.ts";
import type { ServerOptions } from "../options/options.ts";
import { type Settings, settle } from "../options/table.ts";
import { FAULTS, Penalties } from "../users/penalties.ts";
import type { Users } from "../users/users.ts";
import { Capacity, type Part } from "./capacity.ts";
import { Counters } from "../metrics/counters.ts";
import type { Counts } from "../metrics/counts.ts";
import { Guests } from "./guests.ts";
import { Shares } from "./shares.ts";

export class Host {
  readonly store: Store;
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly capacity: Capacity;
  readonly counters = new Counters();
  readonly blockCrcs = new BlockCrcs();
  readonly log: FoldedLog;
  readonly accessLog: AccessLog;
  readonly guests: Guests;
  /** Addresses whose connections are no use to anybody. */
  readonly faults: Penalties;
  /** What each address has. */
  readonly addresses = new Shares();
  readonly #started = performance.now();

  /**
   * @param options of the server, and which part of it this process serves
   * @param users the only ones that are served, if given
   * @throws INVALID_ARGUMENT
   */
  constructor(store: Store, options: ServerOptions & Part, runtime: Runtime, users?: Users) {
    const settings = settle(options);
    this.store = store;
    this.settings = settings;
    this.runtime = runtime;
    const { ticker, clock } = runtime;
    this.log = new FoldedLog({ log: options.log ?? SILENT, ticker, clock });
    this.accessLog = new AccessLog(this.log);
    this.faults = new Penalties(settings.penaltyExempt, clock, FAULTS);
    this.capacity = new Capacity(settings, options);
    this.guests = new Guests(store, users, settings, this.capacity);
  }

  status(connections: number, streams: number): StatusInit {
    return {
      agent: AGENT,
      uptimeSeconds: Math.floor((performance.now() - this.#started) / 1000),
      connections,
      streams,
      bytesSent: this.counters.bytesSent,
      bytesReceived: this.counters.bytesReceived,
      residentBytes: residentBytes(),
      durability: this.settings.durability === "fsync" ? "DURABILITY_FSYNC" : "DURABILITY_NONE",
    };
  }

  /** The counts of this process. @param connections and streams that are open */
  counts(connections: number, streams: number): Counts {
    const { bytesSent, bytesReceived, connectionsAccepted, connectionsRefused, requests } =
      this.counters;
    const { files } = this.capacity;
    const { user, system } = process.cpuUsage();
    return {
      total: {
        bytesSent,
        bytesReceived,
        connectionsAccepted,
        connectionsRefused,
        workersLost: 0,
        cpuSeconds: (user + system) / 1e6,
      },
      now: {
        processes: 1,
        connections,
        streams,
        residentBytes: residentBytes() ?? 0,
        openFiles: files.taken,
        openFilesLimit: files.total,
      },
      requests,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.guests[Symbol.asyncDispose]();
      await this.store[Symbol.asyncDispose]();
    } finally {
      this.log.flush(); // commits that went on have their lines by now
    }
  }
}

/** The store that the options name. @throws INVALID_ARGUMENT: they name none; errors of opening a folder */
export function openStore(options: ServerOptions): Store {
  const { store, library, readOnly, partialRetention, fileMode } = options;
  if (store !== undefined) return store;
  if (library !== undefined) {
    return new FollowedStore(library, { readOnly: readOnly === true, partialRetention, fileMode });
  }
  throw new LeatError("INVALID_ARGUMENT", "createServer needs a library folder or a store");
}

/** It is read from a file of the system: undefined where no more files can be opened. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
