/**
 * Joins a transport with a session: chunks in, events out, and the outbox that pulls what the
 * session wants to send. Server and client both build on it; neither touches a socket.
 *
 * Deadlines (deadlines.ts) are looked at by `tick`.
 */
import { LeatError } from "../errors.ts";
import type { FileRegion } from "../file-region.ts";
import { LEAST_SHARE, MAX_REQUEST, SHORT_CHUNK, STALL_NOTICE, TURN_SHARE } from "../limits.ts";
import { Outbox, type Producer, type Saved } from "../net/outbox.ts";
import type { Reader } from "../net/read-queue.ts";
import type { Transport, TransportHandler } from "../net/transport.ts";
import type { SessionEvent } from "../session/event.ts";
import type { Outgoing, Region } from "../session/outgoing.ts";
import type { Session } from "../session/session.ts";
import type { StreamFrame } from "../session/state.ts";
import type { Stream } from "../session/stream.ts";
import { type Wait, waitOf } from "../session/wait.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Runtime } from "./runtime.ts";
import { Deadlines, streamLate } from "./deadlines.ts";
import { Leases } from "./leases.ts";
import { saveTail } from "./saved-tail.ts";
import { orSilence, type Stall, stallOf } from "./stalls.ts";

/** What a server or a client does with a connection. */
export interface Driver {
  onEvent(event: SessionEvent): void;
  /**
   * A stream is over, whichever way; its last event may still come.
   * @param failure with which we ended it, or the connection
   */
  onStreamEnded?(stream: number, failure: LeatError | undefined): void;
  /** Server: nothing has moved on a transfer for a while. Told once until it moves again. */
  onStalled?(stream: number, stall: Stall): void;
  /** A buffer was filled: fewer answers wait. */
  onRoom?(): void;
  /** Deadlines were looked at. @param now milliseconds */
  onTick?(now: number): void;
  /** Something of ours threw that must not. The stream or connection that it was about is over; the rest goes on. */
  onDefect?(error: LeatError): void;
  /** The connection is gone; no event follows. Called once. */
  onClosed(error: LeatError): void;
}

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly session: Session;
  readonly runtime: Runtime;
  /** Milliseconds after which a connection without a stream ends; never unless given. */
  readonly idleDeadline?: number;
}

export class Connection implements TransportHandler, Producer, Reader {
  readonly session: Session;
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  /** The way out; a connection at rest has none. */
  #outbox: Outbox | undefined;
  readonly #deadlines: Deadlines;
  /** Set by the driver, before the first byte comes. */
  driver!: Driver;
  /** Chunks that came behind a Hello that is being decided on. */
  #held = NO_CHUNKS;
  /** Made when there is something to lend. */
  #leases: Leases | undefined;
  #paused = false;
  #regions = NO_REGIONS;
  /** An event is being told: what it leads to comes behind it. */
  #telling = false;
  /** `framesReceived` when the chunk at hand came. */
  #framesBefore = 0;
  /** The chunk at hand is so long that nothing but Data can be a view of it. */
  #isLong = false;
  /** The peer has had its share of this turn: the rest of the chunk waits until others had theirs. */
  #queued = false;
  /** closing: nothing new is sent or read. */
  #phase: "open" | "closing" | "closed" = "open";
  /** When our FIN went out. */
  #finSince: number | undefined;
  /** The peer's; held: something that came before it is not read yet. */
  #peerFin: "none" | "held" | "seen" = "none";
  #reason: LeatError | undefined;

  constructor(options: ConnectionOptions) {
    this.session = options.session;
    this.#transport = options.transport;
    this.#runtime = options.runtime;
    this.#deadlines = new Deadlines(options.runtime.clock(), options.idleDeadline);
    options.session.observer = this;
    options.runtime.ticker.add(this);
  }

  get peer(): string {
    return this.#transport.peer;
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  /** Milliseconds, of the clock that `onTick` tells. */
  get now(): number {
    return this.#runtime.clock();
  }

  /** When the peer stopped taking bytes, in milliseconds; undefined while it takes them. */
  get blockedSince(): number | undefined {
    return this.#outbox?.blockedSince;
  }

  /** Whether regions of files may be sent: bytes leave through a descriptor as they are. */
  get hasDescriptor(): boolean {
    return this.#transport.fd !== undefined;
  }

  /** Whether the peer is known to be on this machine. */
  get isLocal(): boolean {
    return this.#transport.isLocal === true;
  }

  // ---- what the driver says ----

  /** Client: opens a stream. @returns its id */
  open(request: Extract<FrameBodyInit, { case: "request" }>["value"]): number {
    const stream = this.session.open(request, this.#now());
    this.wake();
    return stream;
  }

  /** Asks for a Pong; one that is awaited already answers for this, too. */
  ping(): void {
    this.session.ping(this.#now());
    this.wake();
  }

  send(stream: number, body: Extract<FrameBodyInit, { case: StreamFrame }>): void {
    this.session.send(stream, body, this.#now());
    this.wake();
  }

  /** @param keep as `Session.fail` */
  fail(stream: number, error: LeatError, keep = false): void {
    this.session.fail(stream, error, this.#now(), keep);
    this.wake();
  }

  attach(stream: number, outgoing: Outgoing, offset: number): void {
    this.session.attach(stream, outgoing, offset, this.#now());
    this.#reports();
    this.wake();
  }

  /** A stream has more to send, or is done. */
  offer(stream: number): void {
    this.session.offer(stream, this.#now());
    this.#reports();
    this.wake();
  }

  /**
   * The driver is done with the oldest bytes of a stream's data.
   * @param kept somebody else may go on looking at them
   */
  consumed(stream: number, bytes: number, kept = false): void {
    this.#leases?.consumed(stream, bytes, kept);
    this.session.consumed(stream, bytes, this.#now());
    this.wake();
  }

  /** Makes the window of a stream at least `bytes`, memory permitting. @returns its size */
  widen(stream: number, bytes: number): number {
    this.session.widen(stream, bytes, this.#now());
    this.wake();
    return this.session.window(stream);
  }

  /** Server: the Hello is accepted; what came behind it is read now. */
  welcome(window: number): void {
    this.session.welcome(window);
    const held = this.#held;
    this.#held = NO_CHUNKS;
    this.#reports();
    for (const chunk of held) this.onData(chunk);
    if (!this.#unread) this.#resume();
    this.wake();
  }

  /** Server: nothing new is served on this connection. */
  goAway(error: LeatError): void {
    this.session.goAway(error);
    this.wake();
  }

  /** Ends the connection with a Failure on stream 0, read by the peer before the FIN. */
  refuse(error: LeatError): void {
    this.session.refuse(error);
    this.#reason ??= error;
    this.close();
  }

  /** Sends what waits, then FIN, then closes when the peer closed, too (or its deadline passed). */
  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#held = NO_CHUNKS;
    this.#resume();
    this.#finish();
    this.wake();
  }

  /** Closes at once. */
  abort(error: LeatError): void {
    this.#reason ??= error;
    this.#transport.close();
    this.onClose(undefined);
  }

  /** There may be something to send. */
  wake(): void {
    if (this.wantsToSend && !this.closed) {
      this.#outbox ??= new Outbox(this.#transport, this, this.#runtime);
    }
    this.#outbox?.wake();
    if (this.#phase === "closing") this.#finish();
  }

  /** The session says: a stream is over. */
  onStreamEnded(stream: number, failure: LeatError | undefined): void {
    this.#leases?.forget(stream);
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

  get filledFrom(): number {
    return this.session.filledFrom;
  }

  get region(): FileRegion | undefined {
    return this.session.region;
  }

  fill(into: Uint8Array, end: number): number {
    try {
      const regions: Region[] = [];
      const behind = this.session.fill(into, end, regions, this.#now());
      this.#regions = regions.length === 0 ? NO_REGIONS : regions;
      this.#reports();
      this.driver.onRoom?.();
      const few = this.session.unsentControls <= this.session.answerLimit / 2;
      if (few && !this.#queued && this.session.reading) this.#resume();
      return behind;
    } catch (thrown) {
      // A defect. The connection goes, the process stays.
      this.abort(new LeatError("INTERNAL", "sending failed", { cause: thrown }));
      return this.filledFrom;
    }
  }

  save(buffer: Uint8Array, start: number, end: number): Saved | undefined {
    const tail = saveTail(buffer, start, end, this.#regions);
    if (tail === undefined) return undefined;
    return {
      restore: (into) => {
        const regions: Region[] = [];
        this.#regions = regions;
        return tail.restore(into, regions);
      },
    };
  }

  flushed(): void {
    if (this.#phase === "closing") this.#finish();
    else this.#rest();
  }

  // ---- TransportHandler ----

  onData(chunk: Uint8Array): void {
    if (this.#phase !== "open") return this.#discard(chunk);
    if (!this.session.reading) {
      this.#held = [...this.#held, chunk];
      this.#pause();
      return;
    }
    if (Leases.isWorthwhile(chunk)) this.#leases ??= new Leases(this.#transport);
    this.#leases?.begin(chunk);
    this.#framesBefore = this.session.framesReceived;
    this.#isLong = this.session.role === "server" && chunk.length > MOST_VIEWED;
    const { share, isBetweenFrames } = this.session;
    const isShort = chunk.length <= SHORT_CHUNK && isBetweenFrames;
    this.session.receive(chunk);
    if (this.#queued) return;
    const { readers } = this.#runtime;
    if (!isShort && readers.isBusy) {
      this.#queue();
      this.#pause();
      return;
    }
    share.renew(readers.share);
    this.#read();
    if (share.spent >= LEAST_SHARE) readers.spend(share.spent);
  }

  /** Nobody hears it any more. Where much comes the system would give it to us without an end. */
  #discard(chunk: Uint8Array): void {
    this.#transport.free(chunk);
    if (chunk.length <= SHORT_CHUNK) return;
    this.#pause();
    if (!this.#queued) this.#queue();
  }

  /** Goes on with a chunk that took more than its share of a turn. */
  readOn(): number {
    this.#queued = false;
    if (this.closed) return 0;
    const { share } = this.session;
    if (this.#phase === "closing") {
      this.#resume();
      return TURN_SHARE; // for the chunk that comes next
    }
    share.renew();
    try {
      this.#read();
      if (!this.#unread) this.#resume();
    } catch (thrown) {
      this.abort(this.#defect(thrown));
    }
    return share.spent;
  }

  #read(): void {
    const frames = this.session.framesReceived;
    this.#reports();
    this.#deadlines.heard(this.#now(), this.session.framesReceived !== frames);
    if (this.#unread) this.#pause();
    this.#rest();
    this.wake();
  }

  onDrain(): void {
    this.#outbox?.drained();
  }

  onEnd(): void {
    if (this.closed || this.#peerFin === "seen") return;
    if (this.#phase === "open" && (this.#unread || !this.session.reading)) {
      this.#peerFin = "held";
      return;
    }
    this.#peerFin = "seen";
    if (this.#phase === "open") this.#event(this.session.end());
    // A client has nothing more to hear, and its server nothing more to do with what it says.
    const over = this.session.role === "client";
    if (over) this.close();
    if (over || this.#finSince !== undefined) this.#transport.close();
    this.wake();
  }

  onClose(error: Error | undefined): void {
    if (this.closed) return;
    this.#phase = "closed";
    this.#runtime.ticker.remove(this);
    this.#runtime.readers.remove(this);
    this.#held = NO_CHUNKS;
    const why = this.#reason ?? lost(this.peer, error);
    try {
      this.#outbox?.close();
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
    const verdict = this.#deadlines.check(now, {
      role: this.session.role,
      phase: this.session.phase,
      closing: this.#phase === "closing",
      streams: this.session.streams.size,
      blockedSince: this.#outbox?.blockedSince,
      finSince: this.#finSince,
    });
    if (verdict === undefined) this.#lookAtStreams(now);
    else if (verdict.act === "ping") this.ping();
    else this[verdict.act](verdict.error);
    this.#outbox?.retry(); // it may wait for a buffer
    this.driver.onTick?.(now);
    this.#rest();
  }

  /** Most connections have nothing to do most of the time: then they take little memory. */
  #rest(): void {
    if (this.session.streams.size > 0) return;
    this.session.rest();
    if (this.#leases?.isEmpty === true) this.#leases = undefined;
    if (this.#outbox?.atRest !== true) return;
    this.#outbox.close();
    this.#outbox = undefined;
  }

  failed(thrown: unknown): void {
    this.abort(this.#defect(thrown));
  }

  cut(): void {
    this.abort(
      new LeatError("RESOURCE_EXHAUSTED", `${this.peer} took too little while memory was short`),
    );
  }

  gone(): void {
    this.abort(lost(this.peer, new Error("it takes nothing any more")));
  }

  /** For what the transfers wait, when none has moved for STALL_NOTICE. Callers ask again and again. */
  get stall(): Stall | undefined {
    const now = this.#now();
    const silence = this.#deadlines.silence(now);
    // A peer that is there answers before it is taken for silent.
    if (this.session.streams.size > 0 && silence > STALL_NOTICE / 2) this.ping();
    const stall = stallOf(this.session.streams.values(), (stream) => this.#wait(stream), now);
    return stall && orSilence(stall, silence);
  }

  #lookAtStreams(now: number): void {
    if (this.session.role === "client" || this.#phase !== "open") return;
    for (const stream of this.session.streams.values()) {
      const still = now - stream.progress;
      if (still <= STALL_NOTICE) continue;
      const error = streamLate(stream, still);
      if (error !== undefined) {
        this.fail(stream.id, error);
        this.#event({ type: "failure", stream: stream.id, error });
      } else if (stream.told !== stream.progress) {
        stream.told = stream.progress;
        const wait = this.#wait(stream);
        if (wait !== undefined) this.driver.onStalled?.(stream.id, { wait, still });
      }
    }
  }

  #wait(stream: Stream): Wait | undefined {
    return waitOf(stream, this.session.role, this.#outbox?.blockedSince !== undefined);
  }

  // ---- inside ----

  #now(): number {
    return this.#runtime.clock();
  }

  /** More answers wait than may: nothing is read. */
  get #full(): boolean {
    return this.session.unsentControls > this.session.answerLimit;
  }

  /** Some of what came may wait: for answers to leave, or for the next turn. */
  get #unread(): boolean {
    return this.#full || this.#queued;
  }

  #reports(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      let event = this.session.next(this.#now());
      while (event !== undefined && !this.closed) {
        this.#event(event);
        event = this.session.next(this.#now());
      }
    } finally {
      this.#telling = false;
    }
    this.#afterReading();
  }

  #afterReading(): void {
    const { session } = this;
    if (!session.unread) {
      // Fields of other frames than Data may be views of a short chunk.
      const said = session.framesReceived !== this.#framesBefore;
      this.#leases?.end(!session.reading || (said && !this.#isLong));
    } else if (session.share.isSpent && !this.#queued && !this.closed) {
      this.#queue();
    }
  }

  #queue(): void {
    this.#queued = true;
    this.#runtime.readers.add(this);
  }

  #event(event: SessionEvent): void {
    if (event.type === "closed") this.#reason ??= event.error;
    if (event.type === "data") this.#lend(event.stream, event.bytes.length);
    try {
      this.driver.onEvent(event);
    } catch (thrown) {
      this.#unserved(event, this.#defect(thrown));
    }
    if (event.type === "closed") this.close();
  }

  /** The driver could not take an event: a server ends the stream that it is about, and no other. */
  #unserved(event: SessionEvent, error: LeatError): void {
    if ("stream" in event && this.session.role === "server") this.fail(event.stream, error);
    else this.abort(error);
  }

  #defect(thrown: unknown): LeatError {
    const error = LeatError.from(thrown, "serving the peer failed");
    this.driver.onDefect?.(error);
    return error;
  }

  /** Small chunks are booked as well: what is consumed later is counted in order. */
  #lend(stream: number, bytes: number): void {
    this.#leases ??= new Leases(this.#transport);
    this.#leases.lend(stream, bytes);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  #resume(): void {
    if (this.#paused) this.#transport.resume();
    this.#paused = false;
    if (this.#peerFin === "held") this.onEnd();
  }

  /** Whatever was to be sent has been accepted. */
  get #sent(): boolean {
    return this.#outbox?.idle ?? !this.wantsToSend;
  }

  /** While closing: FIN once everything is out, close once the peer's FIN came. */
  #finish(): void {
    if (this.#finSince !== undefined || this.closed || !this.#sent) return;
    this.#finSince = this.#now();
    this.#transport.shutdown();
    if (this.#peerFin === "seen") this.#transport.close();
  }
}

/** A field is a view of its chunk where it is at least half of it (wire/plain.ts), else a copy; and what
 *  a client sends besides Data is no longer than MAX_REQUEST. */
const MOST_VIEWED = 2 * MAX_REQUEST;

// One for all: a connection at rest has none of either.
const NO_CHUNKS: readonly Uint8Array[] = [];
const NO_REGIONS: readonly Region[] = [];

function lost(peer: string, error: Error | undefined): LeatError {
  const why = error === undefined ? "it was closed" : error.message;
  return new LeatError("CONNECTION_LOST", `the connection to ${peer} is gone: ${why}`, {
    cause: error,
  });
}
