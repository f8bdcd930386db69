/** One accepted connection: admits its client, runs its requests, and ends those that it leaves. */
import type { Connection } from "../../connection/connection.ts";
import type { Driver } from "../../connection/driver.ts";
import type { Stall } from "../../connection/stalls.ts";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { MAX_WALKS, RETRY_AFTER, WALK_MAKING } from "../../limits.ts";
import type { Transport } from "../../net/transport.ts";
import { checkBounds } from "../../operations/bounds.ts";
import { run, unknownOperation } from "../../operations/operations.ts";
import type { Operation, SessionEvent } from "../../session/event.ts";
import type { Wait } from "../../session/wait.ts";
import type { Host } from "../host/host.ts";
import type { Seat } from "../host/shares.ts";
import { Arrival, type Arriving } from "./arrival.ts";
import { ListTurns } from "./list-turns.ts";
import { CHANGES, DESCRIPTORS } from "./operation-facts.ts";
import { type Serving, StreamExchange } from "./stream-exchange.ts";

export interface PeerOptions extends Serving {
  readonly onClosed: (peer: Peer) => void;
  /** A list waits for memory. @param now milliseconds */
  readonly onStarved: (now: number) => void;
}

/** Where a connection comes from. */
export interface Place {
  /** What it has of what its address may have; left when it ends. */
  readonly seat?: Seat | undefined;
  readonly transport?: Transport;
}

export class Peer implements Driver, Arriving {
  readonly connection: Connection;
  /** Credit for each upload when it opens, in bytes. */
  readonly window: number;
  readonly #host: Host;
  readonly #options: PeerOptions;
  /** The open streams. */
  readonly #exchanges = new Map<number, StreamExchange>();
  /** Made for the first list. */
  #lists: ListTurns | undefined;
  /** Trees that come or go on one stream. */
  #walks = 0;
  /** The client sent FIN. */
  #peerFin = false;
  /** The error that new requests get once the server stops. */
  #stopReason: LeatError | undefined;
  /** Who the client is: no request comes before that is known. */
  readonly #arrival: Arrival;
  readonly #place: Place;

  constructor(connection: Connection, window: number, options: PeerOptions, place: Place = {}) {
    this.#place = place;
    this.#host = options.host;
    this.#options = options;
    this.window = window;
    this.connection = connection;
    this.connection.driver = this;
    this.#arrival = new Arrival(this.#host, this);
  }

  /** Its lists, which take turns. */
  get lists(): ListTurns {
    return (this.#lists ??= new ListTurns(this.connection, this.#host.capacity.pages));
  }

  /** Its lists, if its client does not read their page. @param now milliseconds */
  unreadPage(now: number): ListTurns | undefined {
    return this.#lists?.keepsPage(now) === true ? this.#lists : undefined;
  }

  /** Streams that are being served. */
  get streams(): number {
    return this.#exchanges.size;
  }

  /**
   * The server stops: open streams may finish, new requests are refused. A client that has not sent Hello
   * yet is served the requests that come along with it: it may have been accepted in the last moment.
   */
  drain(reason: LeatError): void {
    this.#stopReason = reason;
    if (this.connection.session.phase === "open") this.#goAway(reason);
  }

  /** The client has not sent Hello, or it is not decided whether it is admitted. */
  get isSilent(): boolean {
    const { phase } = this.connection.session;
    return phase === "hello" || phase === "deciding";
  }

  #goAway(reason: LeatError): void {
    this.connection.goAway(reason);
    if (this.streams === 0) this.connection.close();
  }

  onEvent(event: SessionEvent): void {
    switch (event.type) {
      case "hello":
        return this.#arrival.hello(event.hello);
      case "request":
        return this.#request(event.stream, event.operation);
      case "data":
        return this.#exchanges.get(event.stream)?.receiving?.data(event.bytes, event.crc32);
      case "hole": {
        const { length, crc32 } = event.hole;
        return this.#exchanges.get(event.stream)?.receiving?.hole?.(length, crc32);
      }
      case "finish":
        return this.#exchanges.get(event.stream)?.receiving?.finish(event.finish);
      case "cancel":
        return this.#cancel(event.stream, event.keep);
      case "failure":
        return this.#end(event.stream, event.error, event.error);
      case "resend":
        return this.connection.fail(
          event.stream,
          new LeatError("UNIMPLEMENTED", "blocks are not sent again yet"),
        );
      case "end":
        return this.#peerEnded();
      case "closed":
        if (BROKEN.has(event.error.code)) this.#fault();
        this.#host.log.warn(
          { peer: this.connection.peer, code: event.error.code },
          event.error.message,
        );
        return;
      default:
    }
  }

  /** The client gave a stream up. A commit or a change goes on, and its outcome is the answer. */
  #cancel(stream: number, keep: boolean): void {
    const { receiving, isChange } = this.#exchanges.get(stream) ?? {};
    receiving?.cancelled(keep);
    if (receiving?.complete === true || isChange === true) return;
    this.connection.fail(stream, CANCELLED);
  }

  onStreamEnded(stream: number, failure: LeatError | undefined): void {
    this.#end(stream, failure ?? CANCELLED, failure);
    const last = this.#peerFin || this.#stopReason !== undefined;
    if (last && this.streams === 0) this.connection.close();
  }

  onStalled(stream: number, { wait, still }: Stall): void {
    const { path } = this.#exchanges.get(stream) ?? {};
    const seconds = Math.round(still / 1000);
    const facts = { peer: this.connection.peer, stream, path, seconds };
    this.#host.log.warn(facts, `a transfer does not move: ${WAITS[wait]}`);
  }

  onDefect(error: LeatError): void {
    this.#host.log.error({ peer: this.connection.peer, err: error }, error.message);
  }

  /** Programs of this machine are not counted: one may be a proxy for all clients. */
  #fault(): void {
    const { peer, isLocal } = this.connection;
    if (!isLocal) this.#host.faults.failed(peer);
  }

  onClosed(error: LeatError): void {
    const isStranger = this.#arrival.guest === undefined;
    if (isStranger && error.code === "DEADLINE_EXCEEDED") this.#fault();
    for (const stream of this.#exchanges.keys()) this.#end(stream, error, error);
    this.#lists?.close();
    this.#arrival[Symbol.dispose]();
    this.#place.seat?.[Symbol.dispose]();
    this.#options.onClosed(this);
  }

  /** Buffers went out. */
  onRoom(): void {
    if (this.#peerFin) this.#peerEnded();
    this.#lists?.onRoom();
  }

  /** The client finished sending: open streams go on as far as their credit reaches. */
  #peerEnded(): void {
    this.#peerFin = true;
    for (const exchange of this.#exchanges.values()) {
      const stream = this.connection.session.streams.get(exchange.stream);
      // Outcomes of a tree wait for credit, too, when all of its items have come.
      if (exchange.receiving?.complete === false || stream?.lacksCredit === true) {
        this.connection.fail(
          exchange.stream,
          new LeatError("CONNECTION_LOST", "the client ended the connection in the middle"),
        );
      }
    }
    if (this.streams === 0) return this.connection.close();
    // A client that closed its socket looks like one that only finished sending, until something is sent
    // to it and its kernel refuses it: checksums that it asked for would go on.
    this.connection.goAway(new LeatError("UNAVAILABLE", "the client has sent its end"));
  }

  onAdmitted(): void {
    const { rates } = this.#arrival.guest!;
    if (rates !== undefined) {
      const { transport } = this.#place;
      if (transport?.limit === undefined) return this.connection.refuse(newRates());
      transport.limit(rates);
    }
    this.connection.welcome(this.window);
    if (this.#stopReason !== undefined) this.#goAway(this.#stopReason);
  }

  /** The users have changed: ends the connection of one who is no longer as it was. */
  checkGuest(): void {
    this.#arrival.check();
  }

  #request(stream: number, operation: Operation | undefined): void {
    if (operation === undefined) {
      this.#host.counters.countRequest("unknown", 0, "UNIMPLEMENTED");
      return this.connection.fail(stream, unknownOperation());
    }
    const guest = this.#arrival.guest!;
    const { seat } = this.#place;
    const exchange = new StreamExchange(stream, this, this.#options, guest, seat);
    exchange.begin(operation);
    exchange.isChange = CHANGES.has(operation.case);
    this.#exchanges.set(stream, exchange);
    try {
      checkBounds(operation);
      exchange.reserved.begin(DESCRIPTORS[operation.case] ?? 0);
      if (operation.case === "walk" || operation.case === "putTree") this.#reserveWalk(exchange);
    } catch (thrown) {
      return this.#failed(thrown, operation, exchange);
    }
    this.#run(operation, exchange);
  }

  #reserveWalk(exchange: StreamExchange): void {
    const { walks } = this.#host.capacity;
    if (this.#walks < MAX_WALKS && walks.take(Math.min(WALK_MAKING, walks.total))) {
      this.#walks += 1;
      exchange.isWalk = true;
      return;
    }
    const message = "as many trees are moved as may be at once; try again later";
    throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
  }

  #giveWalk(): void {
    const { walks } = this.#host.capacity;
    this.#walks -= 1;
    walks.give(Math.min(WALK_MAKING, walks.total));
  }

  onTick(now: number): void {
    if (this.#peerFin) this.#peerEnded(); // a stream may lack credit only by now
    if (this.#lists?.isStarved === true) this.#options.onStarved(now);
  }

  #run(operation: Operation, exchange: StreamExchange): void {
    try {
      const running = run(operation, exchange);
      if (!(running instanceof Promise)) {
        exchange.receiving = running;
        return;
      }
      exchange.running = running
        .catch((thrown: unknown) => this.#failed(thrown, operation, exchange))
        .finally(() => {
          exchange.running = undefined;
        });
    } catch (thrown) {
      this.#failed(thrown, operation, exchange);
    }
  }

  #failed(thrown: unknown, operation: Operation, exchange: StreamExchange): void {
    const error = LeatError.from(thrown, `${operation.case} failed`);
    if (error.code === "INTERNAL") this.onDefect(error);
    exchange.fail(error);
  }

  /** @param failure missing where the stream ended well */
  #end(stream: number, error: LeatError, failure: LeatError | undefined): void {
    const exchange = this.#exchanges.get(stream);
    if (exchange === undefined) return;
    exchange.end(failure);
    this.#exchanges.delete(stream);
    this.#lists?.forget(stream);
    const running = exchange.receiving?.abort(error) ?? exchange.running;
    const onOver = (): void => {
      exchange.reserved[Symbol.dispose]();
      if (exchange.isWalk) this.#giveWalk();
      exchange.logAccess(failure);
    };
    // A commit may go on after a failure: its line in the log has the outcome.
    if (failure === undefined) exchange.logAccess(undefined);
    // An operation has its file open until it is over: cancelled ones must not add up.
    if (running === undefined) onOver();
    else void running.then(onOver, onOver);
  }
}

/** It was accepted before any user had a rate. */
function newRates(): LeatError {
  const message = "the rates of users were changed just now; connect again";
  return new LeatError("UNAVAILABLE", message);
}

/** The client sends what no client may send. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(["PROTOCOL_ERROR", "FLOW_CONTROL"]);

/** The reason why a transfer does not move, for the log. */
const WAITS: Readonly<Record<Wait, string>> = {
  credit: "the client does not take in what it has: its disk, or its reader",
  network: "the network takes no bytes, or the client reads none",
  peer: "nothing comes from the client: its disk, or the network",
  silence: "nothing comes from the client",
  local: "the server's disk",
  commit: "the server's disk has not confirmed the file",
};

/** Shared: every stream that ends well ends with it, and the stack of a new error costs more than the rest. */
const CANCELLED = new LeatError("CANCELLED", "the client gave the stream up");
