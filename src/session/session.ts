/**
 * One connection as a value: bytes and the time in, events and bytes out. No socket, no clock, no
 * file. Both sides use the same class; `role` says which one we are.
 *
 *   receive(chunk), then next(now) until undefined     the peer's bytes become events
 *   open, send, attach, fail, consumed                 calls of the driver about a stream
 *   fill(into, end)                                    bytes for the socket: answers, then Data
 *
 * All state of the connection is here and in `Streams`; the two halves, receiver and sender, change it
 * by the methods at the end.
 *
 * Errors of the peer are never thrown: they become an event, and a frame to the peer where it can
 * still read one. Thrown errors are defects of the caller, or of this file.
 */
import { LeatError } from "../errors.ts";
import type { Filled } from "../file-region.ts";
import { EARLY_REQUESTS } from "../limits.ts";
import { HOLES } from "../wire/features.ts";
import { type FrameBodyInit, encodeFrame } from "../wire/frame.ts";
import type { Credentials, Welcome } from "../wire/gen/messages.ts";
import type { Operation, SessionEvent } from "./event.ts";
import { failureBody, goAwayBody } from "./failure.ts";
import { ReceiveWindow, SendWindow } from "./flow.ts";
import { Handshake, type Phase } from "./handshake.ts";
import type { SessionOptions } from "./options.ts";
import type { BufferedPayload, Outgoing } from "./outgoing.ts";
import { Pings } from "./pings.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { Share } from "./share.ts";
import { type Side, type StreamFrame, opened, step } from "./state.ts";
import { Stream } from "./stream.ts";
import { charactersOf, type OpenStreams, Streams } from "./streams.ts";

export class Session {
  readonly options: SessionOptions;
  readonly #streams: Streams;
  readonly #handshake: Handshake;
  readonly pings = new Pings();
  /** The work that reading from the peer may cost. */
  readonly share = new Share();
  /** Called when a stream is over; throws nothing. */
  observer: { onStreamEnded(stream: number, failure: LeatError | undefined): void } | undefined;
  readonly #receiver: Receiver;
  readonly #sender: Sender;

  constructor(options: SessionOptions) {
    this.options = options;
    this.#streams = new Streams(options.role === "server" ? options.maxStreams : EARLY_REQUESTS);
    this.#handshake = new Handshake(options);
    this.#receiver = new Receiver(this, this.#streams, this.#handshake);
    this.#sender = new Sender(this);
  }

  get role(): Side {
    return this.options.role;
  }

  /** Bytes of answers that may wait to be sent before nothing more is read. */
  get answerLimit(): number {
    return this.options.answerLimit ?? Number.POSITIVE_INFINITY;
  }

  get phase(): Phase {
    return this.#handshake.phase;
  }

  get streams(): OpenStreams {
    return this.#streams;
  }

  /** The largest frame the peer takes, in bytes. */
  get peerFrame(): number {
    return this.#handshake.peerFrame;
  }

  /** Whether both sides know an optional feature; false until the other side has said so. */
  has(feature: string): boolean {
    return this.#handshake.features.includes(feature);
  }

  /** Whether holes may be sent in place of Data. */
  get takesHoles(): boolean {
    return this.has(HOLES);
  }

  /** Frames besides Data that came and were not ignored. */
  get framesReceived(): number {
    return this.#receiver.framesReceived;
  }

  /** Bytes of answers that wait to be sent. */
  get unsentControls(): number {
    return this.#sender.unsentControls;
  }

  /** Whether `fill` might have something. */
  get wantsToSend(): boolean {
    return this.#sender.wantsToSend;
  }

  // ---- receiving ----

  /** Whether `receive` takes a chunk: not while the last one is unread behind a pending Hello. */
  get reading(): boolean {
    return this.phase !== "deciding";
  }

  /** Takes bytes of the peer. They belong to the session from now on. Call `next` until undefined. */
  receive(chunk: Uint8Array): void {
    if (this.phase !== "closing") this.#receiver.push(chunk);
  }

  /** Every frame that has begun to come is complete. */
  get isBetweenFrames(): boolean {
    return this.#receiver.isBetweenFrames;
  }

  /** How many bytes are best received next; undefined: as many as come. */
  get wanted(): number | undefined {
    return this.#receiver.wanted;
  }

  /** Some of what came is not read yet. */
  get unread(): boolean {
    return this.#receiver.hasMore;
  }

  /**
   * The next event, or undefined: nothing more without new bytes, without `welcome`, until `fill`
   * has taken so many answers that less than `answerLimit` wait, or in this turn of `share`.
   */
  next(now: number): SessionEvent | undefined {
    return this.#receiver.next(now);
  }

  /** The peer sent FIN. @returns `end`, or `closed` where it cut a frame off */
  end(): SessionEvent {
    return this.#receiver.end();
  }

  // ---- the connection ----

  /** Client: sends the first frame. */
  hello(now: number, credentials?: Credentials): void {
    this.#push(this.#handshake.hello(now, credentials));
  }

  /**
   * Server: accepts the Hello, unless the connection ended meanwhile.
   * @param window credit of each upload when it opens, in bytes
   */
  welcome(window: number): void {
    if (this.phase === "deciding") this.#push(this.#handshake.welcome(window));
  }

  /** Ends the connection with a Failure on stream 0; nothing that comes later is read. */
  refuse(error: LeatError): void {
    if (this.phase === "closing") return;
    this.#push(failureBody(error));
    this.close(error);
  }

  /** Nothing more is read, no stream goes on. Bytes that wait for `fill` may still be sent. */
  close(why: LeatError): void {
    this.#handshake.close();
    for (const stream of this.#streams.values()) {
      stream.failure ??= why;
      this.drop(stream);
    }
  }

  /** Server: no stream above the last one seen will be served. */
  goAway(error: LeatError): void {
    if (this.#streams.isClosing || this.phase !== "open") return;
    this.#streams.closeAbove(this.#streams.last);
    this.#push(goAwayBody(this.#streams.last, error));
  }

  /** Asks for a Pong, unless one is awaited. @returns the nonce, or undefined */
  ping(now: number): number | undefined {
    const nonce = this.phase === "closing" ? undefined : this.pings.next(now);
    if (nonce !== undefined) this.#push({ case: "ping", value: { nonce } });
    return nonce;
  }

  // ---- streams ----

  /** Client: whether `open` would be accepted now. */
  get canOpen(): boolean {
    return this.phase !== "closing" && this.#streams.canOpen;
  }

  /** Client: opens a stream. @returns its id @throws INTERNAL where the request can't be written */
  open(operation: Extract<FrameBodyInit, { case: "request" }>["value"], now: number): number {
    const id = this.#streams.last + 1;
    const frame = encodeFrame(id, { case: "request", value: operation });
    this.#add(id, operation.operation!.case, now);
    this.#sender.control(frame);
    return id;
  }

  #add(id: number, operation: Operation["case"] | undefined, now: number, characters = 0): void {
    const { maxWindow, budgets, role } = this.options;
    const state = operation === undefined ? "unary" : opened(operation);
    const receives = state === "put-tree" || state === (role === "server" ? "put" : "get");
    const window = new ReceiveWindow(receives ? this.#handshake.window : 0, maxWindow, budgets);
    const send = new SendWindow(this.#handshake.peerWindow);
    this.#streams.add(new Stream(id, state, send, window, now, characters));
  }

  /**
   * Sends a frame on an open stream. Frames for a stream that ended meanwhile are dropped: an
   * answer and the peer's cancel may cross.
   * @throws INTERNAL where the frame can't be written, or may not be sent now; nothing has changed
   */
  send(id: number, body: Extract<FrameBodyInit, { case: StreamFrame }>, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || this.phase === "closing") return;
    const state = step(stream.state, this.role, body.case);
    if (state === undefined) {
      throw new LeatError("INTERNAL", `${body.case} may not be sent in state ${stream.state}`);
    }
    const frame = encodeFrame(id, body);
    stream.state = state;
    stream.progress = now;
    if (body.case === "response" && body.value.result?.case === "put") {
      // Where it resumes. Else bytes may have come before this Response: they stay booked.
      stream.receiveOffset ||= body.value.result.value.durableOffset ?? 0;
    }
    this.#sender.control(frame);
    if (state === "ended") this.drop(stream);
  }

  /**
   * Server: ends a stream with a Failure. Client: gives it up; the server still ends it.
   * @param keep of an upload that is given up: the server is to keep what is whole of it
   */
  fail(id: number, error: LeatError, now: number, keep = false): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (this.role === "server") {
      stream.failure = error;
      return this.send(id, failureBody(error), now);
    }
    if (stream.cancelled) return;
    this.release(stream);
    this.send(id, { case: "cancel", value: keep ? { keep } : {} }, now);
  }

  // ---- credit ----

  /** Books bytes of a stream that the driver has consumed, and grants the sender new credit. */
  consumed(id: number, bytes: number, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.cancelled) return;
    this.#grant(stream, stream.receive.consume(bytes, now, this.pings.roundTrip), now);
  }

  /**
   * Makes the window of a stream at least `bytes`, memory permitting. Where credit has to wait for the response, `consumed`
   * grants it.
   * @returns how far its sender may run ahead, in bytes; 0 when the stream is over
   */
  widen(id: number, bytes: number, now: number): number {
    const stream = this.#streams.get(id);
    if (stream === undefined) return 0;
    if (step(stream.state, this.role, "credit") === undefined) stream.receive.enlarge(bytes);
    else this.#grant(stream, stream.receive.widen(bytes), now);
    return stream.receive.size;
  }

  #grant(stream: Stream, bytes: number, now: number): void {
    if (bytes === 0 || step(stream.state, this.role, "credit") === undefined) return;
    this.send(stream.id, { case: "credit", value: { bytes } }, now);
    // How far a window has to grow depends on the round trip.
    if (this.pings.sent === 0) this.ping(now);
  }

  // ---- sending ----

  /** Gives a stream the bytes to send, from `offset` in the file. Finish follows by itself. */
  attach(id: number, outgoing: Outgoing, offset: number, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.cancelled) return outgoing.release();
    stream.outgoing = outgoing;
    stream.sendOffset = offset;
    this.offer(id, now);
  }

  /** A stream has bytes to send, or is done, after it had none. */
  offer(id: number, now: number): void {
    const stream = this.#streams.get(id);
    if (stream?.outgoing !== undefined) this.#sender.offer(stream, stream.outgoing, now);
  }

  /**
   * Puts what is to be sent next into into[0, end): answers first, then Data of the streams in turn.
   * @param payloads gets those that can be taken again
   * @returns how many bytes; their last head is that of `region`, if there is one
   */
  fill(into: Uint8Array, end: number, payloads: BufferedPayload[], now: number): Filled {
    return this.#sender.fill(into, end, payloads, now);
  }

  // ---- for the receiver and the sender, its two halves ----

  /** Client. @throws VERSION_UNSUPPORTED, PROTOCOL_ERROR */
  onWelcome(welcome: Welcome, now: number): void {
    // Welcome takes a round trip and the server's decision: a first guess.
    this.pings.guess(this.#handshake.onWelcome(welcome, now));
    this.#streams.allow(welcome.maxStreams);
    const { peerWindow } = this.#handshake;
    if (peerWindow === 0) return;
    // Streams that were opened before get their credit now.
    for (const stream of this.#streams.values()) this.onCredit(stream, peerWindow);
  }

  /** Answers a Ping. @throws PROTOCOL_ERROR while the Pong before is not sent */
  onPing(nonce: number): void {
    this.#sender.pong(encodeFrame(0, { case: "pong", value: { nonce } }));
  }

  /** Server: a Request came. @returns why it is not served: then it has failed */
  onRequest(id: number, operation: Operation | undefined, now: number): LeatError | undefined {
    this.#add(id, operation?.case, now, charactersOf(operation));
    const refusal = this.#streams.refusal();
    if (refusal !== undefined) this.fail(id, refusal, now);
    return refusal;
  }

  /** Credit of the peer came. @throws FLOW_CONTROL */
  onCredit(stream: Stream, bytes: number): void {
    stream.send.add(bytes);
    if (stream.outgoing !== undefined) this.#sender.enqueue(stream);
  }

  /** Forgets a stream that ended. */
  drop(stream: Stream): void {
    stream.state = "ended";
    this.share.ended(stream.receive.forfeit(), stream.send.owed);
    stream.receive.release();
    this.release(stream);
    this.#streams.remove(stream);
    this.observer?.onStreamEnded(stream.id, stream.failure);
  }

  /** A stream sends nothing more. */
  release(stream: Stream): void {
    this.#sender.forget(stream);
    stream.outgoing?.release();
    stream.outgoing = undefined;
  }

  /** Our side of a transfer failed: both the peer and the driver get the error. */
  abandon(stream: Stream, error: LeatError, now: number): void {
    this.fail(stream.id, error, now);
    this.#receiver.report({ type: "failure", stream: stream.id, error });
  }

  #push(body: FrameBodyInit): void {
    this.#sender.control(encodeFrame(0, body));
  }
}
