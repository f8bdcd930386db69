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
  ANSWER_LIMIT,
  DRAIN_DEADLINE,
  IDLE_DEADLINE,
  MAX_WINDOW,
  PAGE_BYTES,
  PAGE_MAKING,
  RETRY_AFTER,
  SERVER_MAX_FRAME,
} from "../limits.ts";
import { listenBun } from "../net/bun.ts";
import { listenShared } from "../net/handover.ts";
import type { Accept, Address, Listener, Transport, TransportHandler } from "../net/transport.ts";
import { BlockCrcs } from "../operations/block-crcs.ts";
import type { StatusInit } from "../operations/exchange.ts";
import type { SessionOptions } from "../session/options.ts";
import { Session } from "../session/session.ts";
import { FollowedStore } from "../store/disk/followed-store.ts";
import type { DurabilityLevel, Store } from "../store/store.ts";
import { AGENT } from "../version.ts";
import { Capacity } from "./capacity.ts";
import { Counters } from "./counters.ts";
import { FoldedLog } from "./folded-log.ts";
import type { KernelCopyMode } from "./kernel-copy.ts";
import { AccessLog } from "./access-log.ts";
import { type Log, SILENT, guarded } from "./log.ts";
import { childOptions } from "./models/child-messages.ts";
import { Clients } from "./models/clients.ts";
import type { Model } from "./models/model.ts";
import { startProcess } from "./models/processes.ts";
import { startThread } from "./models/threads.ts";
import { WaitingRoom } from "./models/waiting-room.ts";
import { startWorkers } from "./models/workers.ts";
import { Peer, type PeerOptions } from "./peer.ts";
import { Refusals } from "./refusals.ts";

/** What is served, where and how. */
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
  /** Descriptor of a socket that listens already, on `hostname` and `port` or `unix`. It is taken over. */
  readonly fd?: number;
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
  /** How clients are served: `event-loop` unless given. */
  readonly model?: Model;
  /** Processes that serve, each with its part of all limits: 1, this one, unless given. */
  readonly workers?: number;
  /** Milliseconds in which open streams may finish when the server stops, or a worker is replaced. */
  readonly drain?: number;
  /** Milliseconds that an unfinished upload is kept which nobody holds or touches: a day unless given. */
  readonly partialRetention?: number;
  /** Whether the kernel moves bytes of files to sockets: `auto` unless given. */
  readonly kernelCopy?: KernelCopyMode;
  readonly log?: Log;
}

/** What is told to a server that serves for another one. */
export interface PartOptions extends ServerOptions {
  /** Into how many parts the limits are divided. */
  readonly parts?: number;
  /** It serves one connection only. */
  readonly alone?: boolean;
  readonly onConnections?: (connections: number) => void;
}

/** How a server stops. */
export interface StopOptions {
  /** Milliseconds in which open streams may finish, if not those of the server; then they are cut. */
  readonly drain?: number;
}

/** A server that listens. Stopped with `await using`, or by `stop`. */
export interface Server extends AsyncDisposable {
  /** `HOST:PORT` as bound, or `unix:PATH`. */
  readonly address: string;
  /** 0 on a Unix socket. */
  readonly port: number;
  readonly connections: number;
  /**
   * Replaces the workers one by one: the next one accepts before the one before stops to, which lets
   * its open streams finish. What was asked for while it was done is done once more.
   * @returns how many were replaced, when the last of them is gone: 0 where this process serves
   * @throws INTERNAL when one could not be started: the one before goes on, as do those that follow
   */
  replaceWorkers(): Promise<number>;
  /** Accepts nobody new, lets open streams finish, closes. */
  stop(options?: StopOptions): Promise<void>;
}

/** @throws LeatError: the library is missing or unreadable, the port is taken */
export async function createServer(given: ServerOptions): Promise<Server> {
  const options = given.log === undefined ? given : { ...given, log: guarded(given.log) };
  const store = options.store ?? openLibrary(options);
  if ((options.workers ?? 1) > 1) {
    // It can be served. Each worker opens it for itself.
    await store[Symbol.asyncDispose]();
    return startWorkers(options, address(options));
  }
  try {
    const server = new LeatServer(store, options, processRuntime());
    server.listen(address(options), options.fd);
    return server;
  } catch (thrown) {
    // Why it cannot serve is to be told, whatever else goes wrong.
    await Promise.allSettled([store[Symbol.asyncDispose]()]);
    throw thrown;
  }
}

function openLibrary(options: ServerOptions): Store {
  if (options.library !== undefined) {
    const { library, readOnly, partialRetention } = options;
    return new FollowedStore(library, { readOnly: readOnly === true, partialRetention });
  }
  throw new LeatError("INVALID_ARGUMENT", "createServer needs a library folder or a store");
}

function address(options: ServerOptions): Address {
  if (options.unix !== undefined) return { unix: options.unix };
  return { hostname: options.hostname ?? "127.0.0.1", port: options.port ?? 0 };
}

export class LeatServer implements Server {
  readonly #runtime: Runtime;
  readonly #log: FoldedLog;
  readonly #store: Store;
  readonly #peerOptions: PeerOptions;
  readonly #sessionOptions: SessionOptions;
  readonly #counters = new Counters();
  readonly #capacity: Capacity;
  readonly #peers = new Set<Peer>();
  readonly #refusals: Refusals;
  readonly #started = performance.now();
  /** Where clients wait for their turn, if they are served one at a time. */
  readonly #room: WaitingRoom | undefined;
  /** Those who are served by processes or threads of their own. */
  readonly #clients: Clients | undefined;
  readonly #onConnections: ((connections: number) => void) | undefined;
  readonly #drain: number;
  #listener: Listener | undefined;
  #stopping: Promise<void> | undefined;
  /** What everybody is told from when the server begins to stop. */
  #going: LeatError | undefined;
  /** When pages that nobody reads were last looked for. */
  #freedAt = 0;
  /** Called when the last peer is gone. */
  #emptied: (() => void) | undefined;

  constructor(store: Store, options: PartOptions, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
    const { ticker, clock } = runtime;
    this.#log = new FoldedLog({ log: options.log ?? SILENT, ticker, clock });
    this.#capacity = new Capacity(options);
    this.#refusals = new Refusals(runtime, this.#log, this.#capacity.refusals);
    this.#onConnections = options.onConnections;
    this.#drain = options.drain ?? DRAIN_DEADLINE;
    if (options.model === "processes" || options.model === "threads") {
      const { connections, files } = this.#capacity;
      this.#clients = new Clients({
        start: options.model === "processes" ? startProcess : startThread,
        served: { ...childOptions(options, connections), maxOpenFiles: files.total },
        log: this.#log,
      });
    }
    if (options.model === "iterative") {
      this.#room = new WaitingRoom((transport) =>
        this.#going === undefined
          ? this.#serve(transport)
          : this.#refusals.refuse(transport, this.#going),
      );
    }
    const { pages, files, streams: maxStreams, windows: budgets } = this.#capacity;
    this.#peerOptions = {
      store,
      durability: options.durability ?? "fsync",
      counters: this.#counters,
      blockCrcs: new BlockCrcs(),
      kernelCopy: options.kernelCopy ?? "auto",
      status: () => this.#status(),
      log: this.#log,
      accessLog: new AccessLog(this.#log),
      pages,
      files,
      onClosed: (peer) => this.#gone(peer),
      onStarved: (now) => this.#freePages(now),
    };
    this.#sessionOptions = {
      role: "server",
      agent: AGENT,
      maxFrame: SERVER_MAX_FRAME,
      maxStreams,
      initialWindow: 0, // each says its own in Welcome
      maxWindow: MAX_WINDOW,
      answerLimit: ANSWER_LIMIT,
      budgets,
    };
  }

  get address(): string {
    return this.#listener?.address ?? "";
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#peers.size + (this.#room?.waiting ?? 0) + (this.#clients?.size ?? 0);
  }

  /** @param fd of a socket that listens there already */
  listen(where: Address, fd?: number): void {
    this.#listener =
      fd === undefined
        ? listenBun(where, this.accept, this.#divert)
        : listenShared(fd, where, this.accept, this.#divert);
  }

  /** A client that is refused is told so here. */
  readonly #divert = (fd: number, peer: string): boolean => {
    if (this.#clients === undefined || this.#going !== undefined) return false;
    if (this.connections >= this.#capacity.connections) return false;
    if (!this.#clients.take(fd, peer)) return false;
    this.#counters.connectionsAccepted += 1;
    return true;
  };

  /** Serves a peer on any transport: the in-memory one, too. */
  readonly accept: Accept = (transport: Transport): TransportHandler => {
    this.#counters.connectionsAccepted += 1;
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#refusals.refuse(transport, refusal);
    if (this.#room === undefined) return this.#serve(transport);
    if (this.#peers.size > 0) this.#log.info({ peer: transport.peer }, "wait");
    return this.#room.accept(transport);
  };

  #serve(transport: Transport): TransportHandler {
    const { initialWindows, offeredWindow: window, streams } = this.#capacity;
    initialWindows.take(window * streams);
    const connection = new Connection({
      transport,
      session: new Session(this.#sessionOptions),
      runtime: this.#runtime,
      idleDeadline: IDLE_DEADLINE,
    });
    const peer = new Peer(connection, window, this.#peerOptions);
    this.#peers.add(peer);
    this.#log.info({ peer: transport.peer, connections: this.#peers.size }, "connect");
    this.#onConnections?.(this.#peers.size);
    return connection;
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.drain ?? this.#drain);
    return this.#stopping;
  }

  async replaceWorkers(): Promise<number> {
    return 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ drain: 0 });
  }

  #refusal(): LeatError | undefined {
    const most = this.#capacity.connections;
    if (this.#going !== undefined || this.connections < most) return this.#going;
    this.#counters.connectionsRefused += 1;
    const message = `the server has its ${most} connections; try again later`;
    return new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
  }

  #gone(peer: Peer): void {
    this.#capacity.initialWindows.give(peer.window * this.#capacity.streams);
    this.#peers.delete(peer);
    this.#log.info({ peer: peer.connection.peer, connections: this.#peers.size }, "disconnect");
    this.#onConnections?.(this.#peers.size);
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
    this.#going = going;
    // By a clock that only goes forward: that of the wall may be set meanwhile.
    const deadline = performance.now() + drain;
    for (const peer of this.#peers) peer.drain(going);
    const silent = setTimeout(() => this.#refuseSilent(going), Math.min(drain, STOP_DEADLINE));
    this.#room?.close();
    const children = this.#clients?.stop(drain);
    while (this.#peers.size > 0 && performance.now() < deadline) {
      await Promise.race([emptied, sleep(Math.min(100, deadline - performance.now()))]);
    }
    clearTimeout(silent);
    for (const peer of this.#peers) peer.connection.refuse(going);
    if (this.#peers.size > 0) await Promise.race([emptied, sleep(STOP_DEADLINE)]);
    for (const peer of this.#peers) peer.connection.abort(going);
    await this.#refusals.end(STOP_DEADLINE);
    await children;
    try {
      await this.#store[Symbol.asyncDispose]();
    } finally {
      this.#log.flush(); // commits that went on are told of by now
    }
  }

  /**
   * Lists wait for memory: pages that nobody reads go, and the clients that asked for them. The oldest
   * first, and no more than it takes: each list that waits becomes a page, and the first has to be made.
   */
  #freePages(now: number): void {
    if (now === this.#freedAt) return;
    this.#freedAt = now;
    const { pages } = this.#capacity;
    const most = pages.waiting + PAGE_MAKING / PAGE_BYTES;
    const unread = [...this.#peers].filter((peer) => peer.keepsPage(now));
    unread.sort((one, other) => one.pageSince - other.pageSince);
    for (const peer of unread.slice(0, most)) if (pages.waiting > 0) peer.connection.cut();
  }

  #refuseSilent(going: LeatError): void {
    for (const peer of this.#peers) if (peer.isSilent) peer.connection.refuse(going);
  }

  #status(): StatusInit {
    let streams = 0;
    for (const peer of this.#peers) streams += peer.streams;
    return {
      agent: AGENT,
      uptimeSeconds: Math.floor((performance.now() - this.#started) / 1000),
      connections: this.#peers.size,
      streams,
      bytesSent: this.#counters.bytesSent,
      bytesReceived: this.#counters.bytesReceived,
      residentBytes: residentBytes(),
      durability: this.#peerOptions.durability === "fsync" ? "DURABILITY_FSYNC" : "DURABILITY_NONE",
    };
  }
}

/** It is read from a file of the system: undefined where none can be opened any more. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** How long peers get to say Hello, or to read why they are cut, when a server stops. */
const STOP_DEADLINE = 1_000;
