/**
 * Joins a transport with a session: bytes come in through the inbox, bytes go out through the outbox,
 * and a driver, the server's or the client's, gets the events. `tick` checks the deadlines.
 */
import { LeatError } from "../errors.ts";
import type { Filled } from "../file-region.ts";
import { STALL_NOTICE } from "../limits.ts";
import { Outbox, type Producer, type Saved } from "../net/outbox.ts";
import type { Transport, TransportHandler } from "../net/transport.ts";
import type { SessionEvent } from "../session/event.ts";
import type { BufferedPayload, Outgoing } from "../session/outgoing.ts";
import type { Session } from "../session/session.ts";
import type { StreamFrame } from "../session/state.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Runtime } from "./runtime.ts";
import { Deadlines } from "./deadlines.ts";
import type { Driver } from "./driver.ts";
import { Inbox } from "./inbox.ts";
import { saveTail } from "./saved-tail.ts";
import { checkStreams, type Stall, stallOf } from "./stalls.ts";

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly session: Session;
  readonly runtime: Runtime;
  /** Milliseconds after which a connection without a stream ends; never unless given. */
  readonly idleDeadline?: number;
}

export class Connection implements TransportHandler, Producer {
  readonly session: Session;
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  /** Payloads in the send buffer that can be read again. */
  #payloads: readonly BufferedPayload[] = [];
  readonly #deadlines: Deadlines;
  /** Set by the driver, before the first byte comes. */
  driver!: Driver;
  #phase: "open" | "closing" | "closed" = "open";
  #finSince: number | undefined;
  #peerEnded = false;
  #reason: LeatError | undefined;

  constructor(options: ConnectionOptions) {
    this.session = options.session;
    this.#transport = options.transport;
    this.#runtime = options.runtime;
    this.#inbox = new Inbox(this, this.#transport, this.#runtime);
    this.#outbox = new Outbox(this.#transport, this, this.#runtime);
    this.#deadlines = new Deadlines(options.runtime.clock(), options.idleDeadline);
    options.session.observer = this;
    options.runtime.ticker.add(this);
  }

  get peer(): string {
    return this.#transport.peer;
  }

  /** closing: nothing new is sent, and what comes is discarded. */
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

  /** When our FIN went out. */
  get finSince(): number | undefined {
    return this.#finSince;
  }

  /** Whether regions of files may be sent: bytes leave through a descriptor as they are. */
  get hasDescriptor(): boolean {
    return this.#transport.fd !== undefined;
  }

  /** TLS: nothing can be sent or received before its handshake is over. */
  get isHandshaking(): boolean {
    return this.#transport.isHandshaking === true;
  }

  /** The user whom the peer's TLS certificate names: before its first frame comes. */
  get identity(): string | undefined {
    return this.#transport.identity;
  }

  /** Whether the peer is known to be on this machine. */
  get isLocal(): boolean {
    return this.#transport.isLocal === true;
  }

  /** Whether nobody between can read the bytes. */
  get isPrivate(): boolean {
    return this.#transport.isPrivate === true;
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

  /** Ends the connection with a Failure on stream 0, which the peer reads before the FIN. In a TLS handshake: behind it. */
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
    // What a client still sends or gets is of no use: its rate would only hold up the end.
    if (this.session.role === "client") this.#transport.limit?.({});
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

  // ---- Producer ----

  get wantsToSend(): boolean {
    return this.session.wantsToSend;
  }

  get hasAnswers(): boolean {
    return this.session.unsentControls > 0;
  }

  get mostWanted(): number {
    return this.session.peerFrame;
  }

  fill(into: Uint8Array, end: number): Filled {
    const filled = this.session.fill(into, end, (this.#payloads = []), this.now);
    this.#inbox.deliver();
    this.driver.onRoom?.();
    this.#inbox.onRoom();
    return filled;
  }

  save(buffer: Uint8Array, start: number, end: number): Saved | undefined {
    const tail = saveTail(buffer, start, end, this.#payloads);
    return tail && { restore: (into) => tail.restore(into, (this.#payloads = [])) };
  }

  flushed(): void {
    this.#payloads = [];
    if (this.#phase === "closing") this.#finish();
  }

  gone(): void {
    this.abort(this.#lost(new Error("it takes nothing any more")));
  }

  failed(thrown: unknown): void {
    this.abort(this.#defect(thrown));
  }

  // ---- TransportHandler ----

  onData(chunk: Uint8Array): void {
    this.#inbox.receive(chunk);
  }

  get wanted(): number | undefined {
    return this.session.wanted;
  }

  onDrain(): void {
    this.#outbox.drained();
  }

  onEnd(): void {
    if (!this.closed && !this.#peerEnded) this.#inbox.end();
  }

  onUnauthenticated(error: LeatError): void {
    this.session.refuse(error);
    this.onEvent({ type: "closed", error });
  }

  onClose(error: Error | undefined): void {
    if (this.closed) return;
    this.#phase = "closed";
    // A transport that knows the reason says it in its own words.
    if (error instanceof LeatError) this.onEvent({ type: "closed", error });
    this.#runtime.ticker.remove(this);
    this.#inbox.close();
    const why = this.#reason ?? this.#lost(error);
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
      const verdict = this.#deadlines.check(now, this);
      if (verdict === undefined) checkStreams(this, now);
      else if (verdict.act === "ping") this.ping();
      else this[verdict.act](verdict.error);
      this.#outbox.retry(); // it may wait for a buffer
      this.driver.onTick?.(now);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** The thing that all transfers wait for, when none has moved for STALL_NOTICE. Read it repeatedly: it sends the Pings. */
  get stall(): Stall | undefined {
    const now = this.now;
    const silence = this.#deadlines.silence(now);
    // A peer that is there answers before it is taken for silent.
    if (this.session.streams.size > 0 && silence > STALL_NOTICE / 2) this.ping();
    return stallOf(this, silence, now);
  }

  // ---- calls of the inbox ----

  /** Throws nothing. */
  onEvent(event: SessionEvent): void {
    if (event.type === "closed") this.#reason ??= event.error;
    try {
      this.driver.onEvent(event);
    } catch (thrown) {
      const error = this.#defect(thrown);
      // A server ends the stream that the event is about, and no other.
      if ("stream" in event && this.session.role === "server") this.fail(event.stream, error);
      else this.abort(error);
    }
    if (event.type === "closed") this.close();
  }

  /** Bytes were read. @param frame whether they ended a frame besides Data */
  onRead(frame: boolean): void {
    this.#deadlines.heard(this.now, frame);
    this.wake();
  }

  /** The peer sent FIN, and all that came before it was read. */
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

  #lost(cause: Error | undefined): LeatError {
    const message = `the connection to ${this.peer} is gone: ${cause?.message ?? "it was closed"}`;
    return new LeatError("CONNECTION_LOST", message, { cause });
  }

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
