/**
 * A leat server: listens, admits, serves a store, and stops without cutting what is under way.
 *
 * ```ts
 * await using server = await createServer({ library: "./library", port: 0 });
 * console.log(server.address);
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../connection/connection.ts";
import { type Runtime, processRuntime } from "../connection/runtime.ts";
import { LeatError } from "../errors.ts";
import {
  CONNECTION_SHARE,
  DRAIN_DEADLINE,
  IDLE_DEADLINE,
  INITIAL_WINDOW_BUDGET,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_STREAMS,
  MAX_WINDOW,
  PAGE_BUDGET,
  RESERVED_DESCRIPTORS,
  RETRY_AFTER,
  SERVER_MAX_FRAME,
  UPLOAD_WINDOW,
  WINDOW_BUDGET,
  WINDOW_SHARE,
} from "../limits.ts";
import { type Address, listenBun } from "../net/bun.ts";
import { descriptorLimit } from "../net/descriptors.ts";
import type { Accept, Listener, Transport, TransportHandler } from "../net/transport.ts";
import type { StatusInit } from "../operations/exchange.ts";
import { Session } from "../session/session.ts";
import { openDiskStore } from "../store/disk.ts";
import type { DurabilityLevel, Store } from "../store/store.ts";
import { AGENT } from "../version.ts";
import { Budget } from "./budget.ts";
import { Counters } from "./counters.ts";
import { type Log, SILENT } from "./log.ts";
import { Peer } from "./peer.ts";
import type { Shared } from "./stream-exchange.ts";

export interface ServerOptions {
  /** Folder to serve. It must exist. */
  readonly library?: string;
  /** What to serve instead of a folder; disposed with the server. */
  readonly store?: Store;
  /** `127.0.0.1` unless given. */
  readonly hostname?: string;
  /** 0, the default, picks a free one: see `Server.port`. */
  readonly port?: number;
  /** Path of a Unix socket to listen on, instead of TCP. */
  readonly unix?: string;
  /** Refuse every change. */
  readonly readOnly?: boolean;
  /** `fsync`, the default: a receipt says the file is on disk. */
  readonly durability?: DurabilityLevel;
  /** Connections at once. More are told to come back later. */
  readonly maxConnections?: number;
  /** Streams at once on a connection. */
  readonly maxStreams?: number;
  /** Files open at once, for all connections together. More are told to come back later. */
  readonly maxOpenFiles?: number;
  readonly log?: Log;
}

export interface StopOptions {
  /** Milliseconds in which open streams may finish; then they are cut. */
  readonly drain?: number;
}

export interface Server extends AsyncDisposable {
  /** `HOST:PORT` as bound, or `unix:PATH`. */
  readonly address: string;
  /** 0 on a Unix socket. */
  readonly port: number;
  readonly connections: number;
  /** Accepts nobody new, lets open streams finish, closes. */
  stop(options?: StopOptions): Promise<void>;
}

/** @throws LeatError: the library is missing or unreadable, the port is taken */
export async function createServer(options: ServerOptions): Promise<Server> {
  const store = options.store ?? openLibrary(options);
  const server = new LeatServer(store, options, processRuntime());
  try {
    server.listen(address(options));
    return server;
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
}

function openLibrary(options: ServerOptions): Store {
  if (options.library !== undefined) {
    return openDiskStore(options.library, { readOnly: options.readOnly === true });
  }
  throw new LeatError("INVALID_ARGUMENT", "createServer needs a library folder or a store");
}

function address(options: ServerOptions): Address {
  if (options.unix !== undefined) return { unix: options.unix };
  return { hostname: options.hostname ?? "127.0.0.1", port: options.port ?? 0 };
}

export class LeatServer implements Server {
  readonly #runtime: Runtime;
  readonly #log: Log;
  readonly #store: Store;
  readonly #shared: Shared;
  readonly #counters = new Counters();
  readonly #initialWindows = new Budget(INITIAL_WINDOW_BUDGET, WINDOW_SHARE);
  readonly #windows = new Budget(WINDOW_BUDGET, WINDOW_SHARE);
  readonly #pages = new Budget(PAGE_BUDGET);
  readonly #files: Budget;
  readonly #peers = new Set<Peer>();
  readonly #maxConnections: number;
  readonly #maxStreams: number;
  readonly #started = Date.now();
  #listener: Listener | undefined;
  #stopping: Promise<void> | undefined;
  /** Called when the last peer is gone. */
  #emptied: (() => void) | undefined;

  constructor(store: Store, options: ServerOptions, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
    this.#log = options.log ?? SILENT;
    const room = Math.max(2, descriptorLimit() - RESERVED_DESCRIPTORS);
    const most = Math.floor(room * CONNECTION_SHARE);
    this.#maxConnections = Math.min(options.maxConnections ?? MAX_CONNECTIONS, most);
    const files = Math.min(options.maxOpenFiles ?? MAX_OPEN_FILES, room - this.#maxConnections);
    this.#files = new Budget(files);
    this.#maxStreams = options.maxStreams ?? MAX_STREAMS;
    this.#shared = {
      store,
      durability: options.durability ?? "fsync",
      counters: this.#counters,
      status: () => this.#status(),
    };
  }

  get address(): string {
    return this.#listener?.address ?? "";
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#peers.size;
  }

  listen(where: Address): void {
    this.#listener = listenBun(where, this.accept);
  }

  /** Serves a peer on any transport: the in-memory one, too. */
  readonly accept: Accept = (transport: Transport): TransportHandler => {
    this.#counters.connectionsAccepted += 1;
    if (this.#peers.size >= this.#maxConnections + TOLD_REFUSALS) {
      this.#counters.connectionsRefused += 1;
      transport.close();
      return NOBODY;
    }
    const window = this.#offeredWindow();
    const reserved = window * this.#maxStreams;
    this.#initialWindows.take(reserved);
    const session = new Session({
      role: "server",
      agent: AGENT,
      maxFrame: SERVER_MAX_FRAME,
      maxStreams: this.#maxStreams,
      initialWindow: window,
      maxWindow: MAX_WINDOW,
      budget: this.#windows,
    });
    const connection = new Connection({
      transport,
      session,
      runtime: this.#runtime,
      idleDeadline: IDLE_DEADLINE,
    });
    const peer = new Peer({
      ...this.#shared,
      connection,
      log: this.#log,
      pages: this.#pages,
      files: this.#files,
      refusal: this.#refusal(),
      window: () => window,
      onClosed: (gone) => {
        this.#initialWindows.give(reserved);
        this.#gone(gone);
      },
    });
    this.#peers.add(peer);
    this.#log.info({ peer: transport.peer, connections: this.#peers.size }, "connect");
    return connection;
  };

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.drain ?? DRAIN_DEADLINE);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ drain: 0 });
  }

  /** Credit for each upload of one more connection, in bytes, whole KiB. */
  #offeredWindow(): number {
    const fair = this.#initialWindows.fair / this.#maxStreams;
    return Math.min(UPLOAD_WINDOW, Math.floor(fair / 1024) * 1024);
  }

  #refusal(): LeatError | undefined {
    if (this.#stopping !== undefined) return new LeatError("UNAVAILABLE", "the server is stopping");
    if (this.#peers.size < this.#maxConnections) return undefined;
    this.#counters.connectionsRefused += 1;
    return new LeatError(
      "RESOURCE_EXHAUSTED",
      `the server has its ${this.#maxConnections} connections; try again later`,
      { retryAfter: RETRY_AFTER },
    );
  }

  #gone(peer: Peer): void {
    this.#peers.delete(peer);
    this.#log.info({ peer: peer.connection.peer, connections: this.#peers.size }, "disconnect");
    if (this.#peers.size === 0) this.#emptied?.();
  }

  async #stop(drain: number): Promise<void> {
    this.#listener?.stop();
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    const going = new LeatError("UNAVAILABLE", "the server is stopping", {
      retryAfter: RETRY_AFTER,
    });
    const deadline = Date.now() + drain;
    for (const peer of this.#peers) peer.drain(going);
    while (this.#peers.size > 0 && Date.now() < deadline) {
      await Promise.race([emptied, sleep(Math.min(100, deadline - Date.now()))]);
    }
    for (const peer of this.#peers) peer.connection.refuse(going);
    if (this.#peers.size > 0) await Promise.race([emptied, sleep(STOP_DEADLINE)]);
    for (const peer of this.#peers) peer.connection.abort(going);
    await this.#store[Symbol.asyncDispose]();
  }

  #status(): StatusInit {
    let streams = 0;
    for (const peer of this.#peers) streams += peer.streams;
    return {
      agent: AGENT,
      uptimeSeconds: Math.floor((Date.now() - this.#started) / 1000),
      connections: this.#peers.size,
      streams,
      bytesSent: this.#counters.bytesSent,
      bytesReceived: this.#counters.bytesReceived,
      residentBytes: process.memoryUsage.rss(),
      durability: this.#shared.durability === "fsync" ? "DURABILITY_FSYNC" : "DURABILITY_NONE",
    };
  }
}

/**
 * Connections beyond the limit that are told why they are refused, at once: the next ones are closed
 * without a word, for each keeps a descriptor until its peer has read the answer.
 */
const TOLD_REFUSALS = RESERVED_DESCRIPTORS / 2;

/** Hears what still comes from a connection that was closed. */
const NOBODY: TransportHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

/** How long peers get to read why they are cut, when a server stops. */
const STOP_DEADLINE = 1_000;
