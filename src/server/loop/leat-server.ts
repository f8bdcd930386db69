/** One event loop for connections of leat's protocol: accepts, refuses, serves, and lets them finish when it stops. */
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../../connection/connection.ts";
import { LeatError } from "../../errors.ts";
import {
  ANSWER_LIMIT,
  IDLE_DEADLINE,
  MAX_WINDOW,
  PAGE_BYTES,
  PAGE_MAKING,
  RETRY_AFTER,
  SERVER_MAX_FRAME,
} from "../../limits.ts";
import { listenBun, type SocketListener } from "../../net/bun.ts";
import { limited } from "../../net/limited-transport.ts";
import { networkOf } from "../../net/network.ts";
import { checkServerTls } from "../../net/tls.ts";
import type { Accept, Address, Transport, TransportHandler } from "../../net/transport.ts";
import type { StatusInit } from "../../operations/exchange.ts";
import type { SessionOptions } from "../../session/options.ts";
import { Session } from "../../session/session.ts";
import { AGENT, VERSION } from "../../version.ts";
import { FEATURES, HOLES } from "../../wire/features.ts";
import type { Host } from "../host/host.ts";
import type { Seat } from "../host/shares.ts";
import { type Counts, addCounts } from "../metrics/counts.ts";
import { metricsText } from "../metrics/metrics-text.ts";
import type { Changed, Server, StopOptions } from "../options/options.ts";
import { Peer, type PeerOptions } from "./peer.ts";
import { Refusals } from "./refusals.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** Has clients served by processes or threads of their own. */
export interface ClientServers {
  /** Clients that are served, or are about to be. */
  readonly size: number;
  /** Has an accepted socket served. @param onEnded called if it could be done @returns false when it could not be done */
  take(fd: number, peer: string, onEnded: () => void): boolean;
  /** Their counts, those that have ended included. */
  counts(): Promise<Counts>;
  reload(changed: Changed): void;
  /** Resolves when all have ended. @param drain milliseconds in which open streams may finish */
  stop(drain: number): Promise<void>;
}

export interface LeatServerOptions {
  /** Serves clients in place of this loop; for `processes` and `threads`. */
  readonly clients?: ClientServers | undefined;
  /** Called when connections come and go, with how many there are. */
  readonly onConnections?: (connections: number) => void;
}

export class LeatServer implements Server {
  readonly #host: Host;
  readonly #options: LeatServerOptions;
  readonly #peerOptions: PeerOptions;
  readonly #sessionOptions: SessionOptions;
  readonly #peers = new Set<Peer>();
  readonly #refusals: Refusals;
  /** Keeps clients until their turn, if they are served one at a time. */
  readonly #waitingRoom: WaitingRoom | undefined;
  #listener: SocketListener | undefined;
  #stopping: Promise<void> | undefined;
  /** The error that clients get once the server begins to stop. */
  #stopReason: LeatError | undefined;
  /** When connections were last cut for the memory of their pages. */
  #freedAt = 0;
  /** Called when the last peer has left. */
  #onEmpty: (() => void) | undefined;

  constructor(host: Host, options: LeatServerOptions = {}) {
    this.#host = host;
    this.#options = options;
    const { capacity, runtime, log } = host;
    this.#refusals = new Refusals(runtime, log, capacity.refusals);
    if (host.settings.model === "iterative") {
      this.#waitingRoom = new WaitingRoom((transport, seat) =>
        this.#stopReason === undefined
          ? this.#serve(transport, seat)
          : this.#refusals.refuse(transport, this.#stopReason),
      );
    }
    this.#peerOptions = {
      host,
      status: () => this.#status(),
      onClosed: (peer) => this.#onPeerClosed(peer),
      onStarved: (now) => this.#freePages(now),
    };
    this.#sessionOptions = {
      role: "server",
      agent: AGENT,
      features: FEATURES.filter((feature) => feature !== HOLES || host.store.takesHoles === true),
      maxFrame: SERVER_MAX_FRAME,
      maxStreams: capacity.streams,
      initialWindow: 0, // each connection has its own, in Welcome
      maxWindow: MAX_WINDOW,
      answerLimit: ANSWER_LIMIT,
      budgets: capacity.windows,
    };
  }

  get address(): string {
    return this.#listener?.address ?? "";
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    const { clients } = this.#options;
    return this.#peers.size + (this.#waitingRoom?.waiting ?? 0) + (clients?.size ?? 0);
  }

  get isStopping(): boolean {
    return this.#stopReason !== undefined;
  }

  /** @param fd of a socket that listens on this address already */
  listen(address: Address, fd?: number): void {
    const divert = this.#options.clients === undefined ? undefined : this.#divert;
    const { tls } = this.#host.settings;
    this.#listener = listenBun(address, this.accept, { divert, fd, tls });
  }

  /** Hands a socket over where clients have their own process or thread. One to refuse stays with this loop. */
  readonly #divert = (fd: number, peer: string): boolean => {
    const { clients } = this.#options;
    if (clients === undefined || this.#stopReason !== undefined) return false;
    if (this.connections >= this.#host.capacity.connections) return false;
    const seat = this.#enter(peer);
    if (seat === "full") return false;
    const leave = (): void => seat?.[Symbol.dispose]();
    if (!clients.take(fd, peer, leave)) {
      leave();
      return false;
    }
    this.#host.counters.connectionsAccepted += 1;
    return true;
  };

  /** Serves a peer on any transport: the in-memory one, too. */
  readonly accept: Accept = (transport: Transport): TransportHandler => {
    const { counters, log } = this.#host;
    counters.connectionsAccepted += 1;
    const refusal = this.#refusal() ?? this.#penalty(transport.peer);
    if (refusal !== undefined) return this.#refusals.refuse(transport, refusal);
    const seat = this.#enter(transport.peer);
    if (seat === "full") return this.#refusals.refuse(transport, this.#addressFull());
    if (this.#waitingRoom === undefined) return this.#serve(transport, seat);
    if (this.#peers.size > 0) log.info({ peer: transport.peer }, "wait");
    return this.#waitingRoom.accept(transport, seat);
  };

  /** @returns undefined where it comes over no network */
  #enter(peer: string): Seat | "full" | undefined {
    const { addresses, capacity } = this.#host;
    const network = networkOf(peer);
    if (network === undefined) return undefined;
    return addresses.enter(network, capacity.address) ?? "full";
  }

  #serve(transport: Transport, seat: Seat | undefined): TransportHandler {
    const serve: Accept = (own) => this.#connect(own, seat);
    return this.#host.guests.hasRates ? limited(serve)(transport) : serve(transport);
  }

  #connect(transport: Transport, seat: Seat | undefined): TransportHandler {
    const { capacity, runtime } = this.#host;
    const window = capacity.offeredWindow;
    capacity.initialWindows.take(window * capacity.streams);
    const connection = new Connection({
      transport,
      session: new Session(this.#sessionOptions),
      runtime,
      idleDeadline: IDLE_DEADLINE,
    });
    this.#peers.add(new Peer(connection, window, this.#peerOptions, { seat, transport }));
    this.#report(transport.peer, "connect");
    return connection;
  }

  stop({ drain = this.#host.settings.drain }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(drain);
    return this.#stopping;
  }

  async replaceWorkers(): Promise<number> {
    return 0;
  }

  async reload(changed: Changed = {}): Promise<void> {
    const { tls } = changed;
    if (tls !== undefined) checkServerTls(tls, this.#host.settings.tls !== undefined);
    this.#host.guests.reload();
    this.#host.accessLog.refresh();
    if (tls !== undefined) this.#listener?.secure(tls);
    this.#options.clients?.reload(changed);
    for (const peer of this.#peers) peer.checkGuest();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ drain: 0 });
  }

  #refusal(): LeatError | undefined {
    const most = this.#host.capacity.connections;
    if (this.#stopReason !== undefined || this.connections < most) return this.#stopReason;
    return this.#full(`the server has its ${most} connections; try again later`);
  }

  #penalty(peer: string): LeatError | undefined {
    try {
      this.#host.faults.check(peer);
      return undefined;
    } catch (thrown) {
      this.#host.counters.connectionsRefused += 1;
      return LeatError.from(thrown);
    }
  }

  #addressFull(): LeatError {
    const { connections } = this.#host.capacity.address;
    return this.#full(
      `this address has the ${connections} connections that are allowed; ` +
        "close one, or try again later (--max-connections-per-address of the server)",
    );
  }

  #full(message: string): LeatError {
    this.#host.counters.connectionsRefused += 1;
    return new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
  }

  #onPeerClosed(peer: Peer): void {
    const { initialWindows, streams } = this.#host.capacity;
    initialWindows.give(peer.window * streams);
    this.#peers.delete(peer);
    this.#report(peer.connection.peer, "disconnect");
    if (this.#peers.size === 0) this.#onEmpty?.();
  }

  #report(peer: string, event: "connect" | "disconnect"): void {
    this.#host.log.info({ peer, connections: this.#peers.size }, event);
    this.#options.onConnections?.(this.#peers.size);
  }

  async #stop(drain: number): Promise<void> {
    this.#listener?.stop();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const reason = new LeatError("UNAVAILABLE", "the server is stopping", {
      retryAfter: RETRY_AFTER,
    });
    this.#stopReason = reason;
    // By a clock that only goes forward: the wall clock may be set meanwhile.
    const deadline = performance.now() + drain;
    for (const peer of this.#peers) peer.drain(reason);
    const silent = setTimeout(() => this.#refuseSilent(reason), Math.min(drain, STOP_DEADLINE));
    this.#waitingRoom?.close();
    const clientsEnded = this.#options.clients?.stop(drain);
    while (this.#peers.size > 0 && performance.now() < deadline) {
      await Promise.race([empty, sleep(Math.min(100, deadline - performance.now()))]);
    }
    clearTimeout(silent);
    for (const peer of this.#peers) peer.connection.refuse(reason);
    if (this.#peers.size > 0) await Promise.race([empty, sleep(STOP_DEADLINE)]);
    for (const peer of this.#peers) peer.connection.abort(reason);
    await this.#refusals.end(STOP_DEADLINE);
    await clientsEnded;
    await this.#host[Symbol.asyncDispose]();
  }

  /**
   * Lists wait for memory: cuts connections that do not read the page they asked for. The oldest page
   * first, and no more than it takes: each list that waits becomes a page, and the first has to be made.
   */
  #freePages(now: number): void {
    if (now === this.#freedAt) return;
    this.#freedAt = now;
    const { pages } = this.#host.capacity;
    const most = pages.waiting + PAGE_MAKING / PAGE_BYTES;
    const unread = [...this.#peers].flatMap((peer) => peer.unreadPage(now) ?? []);
    unread.sort((one, other) => one.since - other.since);
    for (const page of unread.slice(0, most)) if (pages.waiting > 0) page.cut();
  }

  #refuseSilent(reason: LeatError): void {
    for (const peer of this.#peers) if (peer.isSilent) peer.connection.refuse(reason);
  }

  /** Its counts, with those of the processes or threads that serve for it. */
  async counts(): Promise<Counts> {
    const own = this.#host.counts(this.connections, this.#streams());
    const { clients } = this.#options;
    if (clients === undefined) return own;
    const { total, now, requests } = await clients.counts();
    // Its own count has the connections of its clients already.
    return addCounts(own, {
      total: { ...total, connectionsAccepted: 0 },
      now: { ...now, connections: 0 },
      requests,
    });
  }

  async metrics(): Promise<string> {
    return metricsText(await this.counts(), VERSION);
  }

  #status(): StatusInit {
    return this.#host.status(this.#peers.size, this.#streams());
  }

  #streams(): number {
    let streams = 0;
    for (const peer of this.#peers) streams += peer.streams;
    return streams;
  }
}

/** Milliseconds that peers have to say Hello, or to read why they are cut, when a server stops. */
const STOP_DEADLINE = 1_000;
