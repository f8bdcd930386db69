/**
 * Joins a transport with a session: bytes come in through the inbox, bytes go out through the outbox,
 * and a driver, the server's or the client's, gets the events. `tick` checks the deadlines.
 */
import { LeatError } from "../errors.ts";
import { STALL_NOTICE } from "../limits.ts";
import { Outbox } from "../net/outbox.ts";
import type { Transport, TransportHandler } from "../net/transport.ts";
import type { SessionEvent } from "../session/event.ts";
import type { Outgoing } from "../session/outgoing.ts";
import type { Session } from "../session/session.ts";
import type { StreamFrame } from "../session/state.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Runtime } from "./runtime.ts";
import { Deadlines } from "./deadlines.ts";
import type { Driver } from "./driver.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";
import { connectionLost, Output, type OutputOwner } from "./output.ts";
import { checkStreams, type Stall, stallOf } from "./stalls.ts";

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly session: Session;
  readonly runtime: Runtime;
  /** Milliseconds after which a connection without a stream ends; never unless given. */
  readonly idleDeadline?: number;
}

export class Connection implements TransportHandler, InboxOwner, OutputOwner {
  readonly session: Session;
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #deadlines: Deadlines;
  /** Set by the driver, before the first byte comes. */
  driver!: Driver;
  #phase: "open" | "closing" | "closed" = "open";
  /** When our FIN went out. */
  #finSince: number | undefined;
  #peerEnded = false;
  #reason: LeatError | undefined;

  constructor(options: ConnectionOptions) {
    this.session = options.session;
    this.#transport = options.transport;
    this.#runtime = options.runtime;
    this.#inbox = new Inbox(this.session, this.#transport, this.#runtime, this);
    this.#outbox = new Outbox(this.#transport, new Output(this.session, this), this.#runtime);
    this.#deadlines = new Deadlines(options.runtime.clock(), options.idleDeadline);
    options.session.observer = this;
    options.runtime.ticker.add(this);
  }

  get peer(): string {
    return this.#transport.peer;
  }

  /** closing: nothing new is sent or read. */
  get phase(): "open" | "closing" | "closed" {
    return this.#phase;
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  /** Milliseconds, of the clock that `onTick` gets. */
  get now(): number {
    return this.#runtime.clock();
  }

  /** When the peer stopped taking bytes, in milliseconds; undefined while it takes them. */
  get blockedSince(): number | undefined {
    return this.#outbox.blockedSince;
  }

  get #isBlocked(): boolean {
    return this.blockedSince !== undefined;
  }

  /** Whether regions of files may be sent: bytes leave through a descriptor as they are. */
  get hasDescriptor(): boolean {
    return this.#transport.fd !== undefined;
  }

  /** Whether the peer is known to be on this machine. */
  get isLocal(): boolean {
    return this.#transport.isLocal === true;
  }

  // ---- calls of the driver ----

  /** Client: opens a stream. @returns its id */
  open(request: Extract<FrameBodyInit, { case: "request" }>["value"]): number {
    const stream = this.session.open(request, this.now);
    this.wake();
    return stream;
  }

  /** Sends a Ping, unless one is not answered yet. */
  ping(): void {
    this.session.ping(this.now);
    this.wake();
  }

  send(stream: number, body: Extract<FrameBodyInit, { case: StreamFrame }>): void {
    this.session.send(stream, body, this.now);
    this.wake();
  }

  /** @param keep as `Session.fail` */
  fail(stream: number, error: LeatError, keep = false): void {
    this.session.fail(stream, error, this.now, keep);
    this.wake();
  }

  attach(stream: number, outgoing: Outgoing, offset: number): void {
    this.session.attach(stream, outgoing, offset, this.now);
    this.#inbox.deliver();
    this.wake();
  }

  /** A stream has more to send, or is done. */
  offer(stream: number): void {
    this.session.offer(stream, this.now);
    this.#inbox.deliver();
    this.wake();
  }

  /**
   * The driver is done with the oldest bytes of a stream's data.
   * @param kept they stay in use elsewhere: their memory is left to the garbage collector
   */
  consumed(stream: number, bytes: number, kept = false): void {
    this.#inbox.consumed(stream, bytes, kept);
    this.session.consumed(stream, bytes, this.now);
    this.wake();
  }

  /** Makes the window of a stream at least `bytes`, memory permitting. @returns its size */
  widen(stream: number, bytes: number): number {
    const size = this.session.widen(stream, bytes, this.now);
    this.wake();
    return size;
  }

  /** Server: accepts the Hello; frames that came behind it are read now. */
  welcome(window: number): void {
    this.session.welcome(window);
    this.#inbox.welcomed();
    this.wake();
  }

  /** Server: serves no new stream on this connection. */
  goAway(error: LeatError): void {
    this.session.goAway(error);
    this.wake();
  }

  /** Ends the connection with a Failure on stream 0, which the peer reads before the FIN. */
  refuse(error: LeatError): void {
    this.session.refuse(error);
    this.#reason ??= error;
    this.close();
  }

  /** Sends what waits, then FIN; closes when the peer has sent its FIN, or CLOSE_DEADLINE has passed. */
  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#inbox.stop();
    this.#finish();
    this.wake();
  }

  /** Closes at once. */
  abort(error: LeatError): void {
    this.#reason ??= error;
    this.#transport.close();
    this.onClose(undefined);
  }

  /** Closes at once: the peer does not take bytes whose memory others need. */
  cut(): void {
    const message = `${this.peer} took too little while memory was short`;
    this.abort(new LeatError("RESOURCE_EXHAUSTED", message));
  }

  /** There may be something to send. */
  wake(): void {
    this.#outbox.wake();
    if (this.#phase === "closing") this.#finish();
  }

  /** The session calls this when a stream is over. */
  onStreamEnded(stream: number, failure: LeatError | undefined): void {
    this.#inbox.forget(stream);
    try {
      this.driver.onStreamEnded?.(stream, failure);
    } catch (thrown) {
      this.#defect(thrown);
    }
  }

  // ---- OutputOwner ----

  onFilled(): void {
    this.#inbox.deliver();
    this.driver.onRoom?.();
    this.#inbox.onRoom();
  }

  onFlushed(): void {
    if (this.#phase === "closing") this.#finish();
  }

  failed(thrown: unknown): void {
    this.abort(this.#defect(thrown));
  }

  // ---- TransportHandler ----

  onData(chunk: Uint8Array): void {
    this.#inbox.receive(chunk);
  }

  onDrain(): void {
    this.#outbox.drained();
  }

  onEnd(): void {
    if (!this.closed && !this.#peerEnded) this.#inbox.end();
  }

  onClose(error: Error | undefined): void {
    if (this.closed) return;
    this.#phase = "closed";
    this.#runtime.ticker.remove(this);
    this.#inbox.close();
    const why = this.#reason ?? connectionLost(this.peer, error);
    try {
      this.#outbox.close();
      this.session.close(why);
    } finally {
      this.driver.onClosed(why);
    }
  }

  // ---- deadlines and pressure ----

  /** @param now milliseconds */
  tick(now: number): void {
    try {
      this.#tick(now);
    } catch (thrown) {
      this.abort(this.#defect(thrown));
    }
  }

  #tick(now: number): void {
    const { role, phase, streams } = this.session;
    const verdict = this.#deadlines.check(now, {
      role,
      phase,
      closing: this.#phase === "closing",
      streams: streams.size,
      blockedSince: this.blockedSince,
      finSince: this.#finSince,
    });
    if (verdict === undefined) this.#checkStreams(now);
    else if (verdict.act === "ping") this.ping();
    else this[verdict.act](verdict.error);
    this.#outbox.retry(); // it may wait for a buffer
    this.driver.onTick?.(now);
  }

  #checkStreams(now: number): void {
    if (this.session.role === "client" || this.#phase !== "open") return;
    const late = (stream: number, error: LeatError): void => {
      this.fail(stream, error);
      this.onEvent({ type: "failure", stream, error });
    };
    const stalled = (stream: number, stall: Stall): void => this.driver.onStalled?.(stream, stall);
    checkStreams(this.session.streams.values(), this.#isBlocked, now, late, stalled);
  }

  /** The thing that all transfers wait for, when none has moved for STALL_NOTICE. Read it repeatedly: it sends the Pings. */
  get stall(): Stall | undefined {
    const { streams, role } = this.session;
    const now = this.now;
    const silence = this.#deadlines.silence(now);
    // A peer that is there answers before it is taken for silent.
    if (streams.size > 0 && silence > STALL_NOTICE / 2) this.ping();
    return stallOf(streams.values(), role, this.#isBlocked, silence, now);
  }

  // ---- InboxOwner ----

  onEvent(event: SessionEvent): void {
    if (event.type === "closed") this.#reason ??= event.error;
    try {
      this.driver.onEvent(event);
    } catch (thrown) {
      this.#eventFailed(event, this.#defect(thrown));
    }
    if (event.type === "closed") this.close();
  }

  /** The driver threw on an event: a server ends the stream that it is about, and no other. */
  #eventFailed(event: SessionEvent, error: LeatError): void {
    if ("stream" in event && this.session.role === "server") this.fail(event.stream, error);
    else this.abort(error);
  }

  onRead(frame: boolean): void {
    this.#deadlines.heard(this.now, frame);
    this.wake();
  }

  onPeerEnd(): void {
    if (this.closed || this.#peerEnded) return;
    this.#peerEnded = true;
    if (this.#phase === "open") this.onEvent(this.session.end());
    // A client has nothing more to hear, and its server has no use for what it still sends.
    const over = this.session.role === "client";
    if (over) this.close();
    if (over || this.#finSince !== undefined) this.#transport.close();
    this.wake();
  }

  // ---- inside ----

  #defect(thrown: unknown): LeatError {
    const error = LeatError.from(thrown, "serving the peer failed");
    this.driver.onDefect?.(error);
    return error;
  }

  /** While closing: FIN once everything is sent, close once the peer's FIN came. */
  #finish(): void {
    if (this.#finSince !== undefined || this.closed || !this.#outbox.idle) return;
    this.#finSince = this.now;
    this.#transport.shutdown();
    if (this.#peerEnded) this.#transport.close();
  }
}
