/**
 * One connection as a value: bytes and the time in, events and bytes out. No socket, no clock, no
 * file. Both sides use the same class; `role` says which one we are.
 *
 *   receive(chunk), then next(now) until undefined     the peer's bytes become events
 *   open, send, attach, fail, cancel, consumed         what the driver has to say
 *   fill(into, at, end)                                bytes for the socket: answers, then Data
 *
 * Errors of the peer are never thrown: they become an event, and a frame to the peer where it can
 * still read one. What is thrown is a defect of the caller, or of this file.
 */
import { LeatError } from "../errors.ts";
import type { FileRegion } from "../file-region.ts";
import { EARLY_REQUESTS, MAX_REQUEST } from "../limits.ts";
import { FrameDecoder } from "../wire/decoder.ts";
import { type FrameBodyInit, encodeFrame } from "../wire/frame.ts";
import type { Credentials } from "../wire/gen/messages.ts";
import type { Operation, SessionEvent } from "./event.ts";
import { failureBody, goAwayBody } from "./failure.ts";
import { ReceiveWindow, SendWindow } from "./flow.ts";
import { frameLimit, helloBody, welcomeBody } from "./handshake.ts";
import type { SessionOptions } from "./options.ts";
import type { Outgoing, Region } from "./outgoing.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { Share } from "./share.ts";
import { type Side, type StreamFrame, opened, step } from "./state.ts";
import { Stream } from "./stream.ts";

/** hello: nothing was said. deciding: the server looks at the Hello. closing: input is ignored. */
export type Phase = "hello" | "deciding" | "open" | "closing";

export class Session {
  readonly options: SessionOptions;
  phase: Phase = "hello";
  /** The highest stream id that was opened. */
  lastStream = 0;
  /** The highest stream that is served, once GoAway was sent or came. */
  lastServed = Number.POSITIVE_INFINITY;
  /** Streams that may be open at once. */
  maxStreams: number;
  /** Milliseconds, as last measured; 0 until then. A client's first one has the server's wait in it. */
  roundTrip = 0;
  /** The largest frame the peer takes, in bytes. */
  peerFrame = frameLimit(0);
  /** Credit of each stream on which we send, when it opens. */
  peerWindow = 0;
  /** Made when one is opened. */
  #streams: Map<number, Stream> | undefined;
  /** Characters in the requests of open streams. */
  requested = 0;
  /** Frames that came and meant something, besides Data. */
  framesReceived = 0;
  /** Made when something came; a connection that has moved no file has none at rest. */
  #share: Share | undefined;
  /** Is told when a stream is over, and throws nothing. */
  observer: { onStreamEnded(stream: number, failure: LeatError | undefined): void } | undefined;
  /** The receiving half; a connection at rest has none. */
  #receiver: Receiver | undefined;
  /** The sending half; a connection at rest has none. */
  #sender: Sender | undefined;
  #window: number;
  /** When Hello was said, in milliseconds. */
  #greetedAt = 0;
  #ping: { readonly nonce: number; readonly at: number } | undefined;
  #pings = 0;

  constructor(options: SessionOptions) {
    this.options = options;
    this.maxStreams = options.role === "server" ? options.maxStreams : EARLY_REQUESTS;
    this.#window = options.initialWindow;
  }

  get role(): Side {
    return this.options.role;
  }

  /** Bytes of answers that may wait to be sent before nothing more is read. */
  get answerLimit(): number {
    return this.options.answerLimit ?? Number.POSITIVE_INFINITY;
  }

  /** The open ones by their ids. */
  get streams(): ReadonlyMap<number, Stream> {
    return this.#streams ?? NO_STREAMS;
  }

  /** What reading from the peer may cost. */
  get share(): Share {
    return (this.#share ??= new Share());
  }

  #receiving(): Receiver {
    this.#receiver ??= new Receiver(this, this.#newDecoder());
    return this.#receiver;
  }

  #newDecoder(): FrameDecoder {
    const { role, maxFrame } = this.options;
    const isServer = role === "server";
    const first = isServer ? "hello" : "welcome";
    return new FrameDecoder({
      maxFrame,
      maxBody: isServer ? MAX_REQUEST : undefined,
      firstFrame: this.phase === "hello" ? first : undefined,
    });
  }

  /** All that came was dealt with: where no stream is open, lets go of what only transfers need. */
  rest(): void {
    if (this.phase !== "open" || this.streams.size > 0) return;
    if (this.#receiver?.atRest === true) this.#receiver = undefined;
    if (!this.wantsToSend) this.#sender = undefined;
    if (this.#receiver === undefined && this.#share?.isBlank === true) this.#share = undefined;
    this.#streams = undefined;
  }

  #sending(): Sender {
    this.#sender ??= new Sender(this);
    return this.#sender;
  }

  /** Bytes of answers that wait to be sent. */
  get unsentControls(): number {
    return this.#sender?.unsentControls ?? 0;
  }

  /** Whether `fill` might have something. */
  get wantsToSend(): boolean {
    return this.#sender?.wantsToSend ?? false;
  }

  /** First byte of what the last `fill` gave: in front of an aligned payload some are left out. */
  get filledFrom(): number {
    return this.#sender?.filledFrom ?? 0;
  }

  /** Follows what the last `fill` gave, before the next one. */
  get region(): FileRegion | undefined {
    return this.#sender?.region;
  }

  // ---- receiving ----

  /** Whether `receive` takes a chunk: not while the last one is unread behind a pending Hello. */
  get reading(): boolean {
    return this.phase !== "deciding";
  }

  /** Takes bytes of the peer. They belong to the session from now on. Call `next` until undefined. */
  receive(chunk: Uint8Array): void {
    if (this.phase !== "closing") this.#receiving().push(chunk);
  }

  /** Nothing of a frame has come that is not whole. */
  get isBetweenFrames(): boolean {
    return this.#receiver?.isBetweenFrames !== false;
  }

  /** Some of what came was not looked at yet. */
  get unread(): boolean {
    return this.#receiver?.hasMore === true;
  }

  /**
   * The next event, or undefined: nothing more without new bytes, without `welcome`, until `fill`
   * has taken so many answers that less than `answerLimit` wait, or in this turn of `share`.
   */
  next(now: number): SessionEvent | undefined {
    return this.#receiver?.next(now);
  }

  /** The peer sent FIN. @returns what that means */
  end(): SessionEvent {
    return this.#receiving().end();
  }

  // ---- the connection ----

  /** Client: the first frame. */
  hello(now: number, credentials?: Credentials): void {
    this.#greetedAt = now;
    this.#push(0, helloBody(this.options, credentials));
  }

  /**
   * Server: accepts the Hello, unless the connection ended while it was looked at.
   * @param window credit of each upload when it opens, in bytes
   */
  welcome(window: number): void {
    if (this.phase !== "deciding") return;
    this.phase = "open";
    this.#window = window;
    this.#push(0, welcomeBody(this.options, window));
  }

  /** Client: Welcome came. How long that took is a first guess of the round trip. */
  welcomed(now: number): void {
    this.phase = "open";
    this.roundTrip = now - this.#greetedAt;
  }

  /** Ends the connection: a Failure on stream 0, and nothing that comes later is looked at. */
  refuse(error: LeatError): void {
    if (this.phase === "closing") return;
    this.#push(0, failureBody(error));
    this.close(error);
  }

  /** Nothing more is read, no stream goes on. What waits in `fill` may still be sent. */
  close(why: LeatError): void {
    this.phase = "closing";
    for (const stream of this.streams.values()) {
      stream.failure ??= why;
      this.drop(stream);
    }
  }

  /** Server: no stream above the last one seen will be served. */
  goAway(error: LeatError): void {
    if (this.lastServed !== Number.POSITIVE_INFINITY || this.phase !== "open") return;
    this.lastServed = this.lastStream;
    this.#push(0, goAwayBody(this.lastStream, error));
  }

  /** Asks for a Pong, unless one is awaited. @returns the nonce, or undefined */
  ping(now: number): number | undefined {
    if (this.#ping !== undefined || this.phase === "closing") return undefined;
    this.#pings += 1;
    this.#ping = { nonce: this.#pings, at: now };
    this.#push(0, { case: "ping", value: { nonce: this.#pings } });
    return this.#pings;
  }

  /** Answers a Ping. @throws PROTOCOL_ERROR when the Pong before is still here: nobody has read it */
  pong(nonce: number): void {
    this.#sending().pong(encodeFrame(0, { case: "pong", value: { nonce } }));
  }

  /** Books a Pong. @returns milliseconds since its Ping. @throws PROTOCOL_ERROR when none was sent */
  ponged(nonce: number, now: number): number {
    if (this.#ping?.nonce !== nonce) {
      throw new LeatError("PROTOCOL_ERROR", `a Pong came for nonce ${nonce}, which was not sent`);
    }
    this.roundTrip = now - this.#ping.at;
    this.#ping = undefined;
    return this.roundTrip;
  }

  // ---- streams ----

  /** Client: whether `open` would be accepted now. */
  get canOpen(): boolean {
    return (
      this.phase !== "closing" &&
      this.lastServed === Number.POSITIVE_INFINITY &&
      this.streams.size < this.maxStreams
    );
  }

  /** Client: opens a stream. @returns its id @throws INTERNAL where the request can't be written */
  open(operation: Extract<FrameBodyInit, { case: "request" }>["value"], now: number): number {
    const id = this.lastStream + 1;
    const frame = encodeFrame(id, { case: "request", value: operation });
    this.add(id, operation.operation!.case, now);
    this.#sending().control(frame);
    return id;
  }

  /** Books a stream that was opened, by whichever side. */
  add(id: number, operation: Operation["case"] | undefined, now: number): Stream {
    this.lastStream = id;
    const { maxWindow, budgets } = this.options;
    const state = operation === undefined ? "unary" : opened(operation);
    const receives = state === (this.role === "server" ? "put" : "get");
    const window = new ReceiveWindow(receives ? this.#window : 0, maxWindow, budgets);
    const stream = new Stream(id, state, new SendWindow(this.peerWindow), window, now);
    this.#streams ??= new Map();
    this.#streams.set(id, stream);
    return stream;
  }

  /**
   * Sends a frame on an open stream. Frames for a stream that ended meanwhile are dropped: an
   * answer and the peer's cancel may cross.
   * @throws INTERNAL where the frame can't be written, or may not be sent now; nothing has changed
   */
  send(id: number, body: Extract<FrameBodyInit, { case: StreamFrame }>, now: number): void {
    const stream = this.streams.get(id);
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
    this.#sending().control(frame);
    if (state === "ended") this.drop(stream);
  }

  /**
   * Server: ends a stream with a Failure. Client: gives it up; the server still ends it.
   * @param keep of an upload that is given up: the server is to keep what is whole of it
   */
  fail(id: number, error: LeatError, now: number, keep = false): void {
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    if (this.role === "server") {
      stream.failure = error;
      return this.send(id, failureBody(error), now);
    }
    if (stream.cancelled) return;
    this.release(stream);
    this.send(id, { case: "cancel", value: keep ? { keep } : {} }, now);
  }

  /** Forgets a stream that ended. */
  drop(stream: Stream): void {
    stream.state = "ended";
    this.share.ended(stream.receive.forfeit(), stream.send.owed);
    stream.receive.release();
    this.release(stream);
    if (this.#streams?.delete(stream.id) === true) this.requested -= stream.requested;
    this.observer?.onStreamEnded(stream.id, stream.failure);
  }

  /** A stream sends nothing more. */
  release(stream: Stream): void {
    this.#sender?.forget(stream);
    stream.outgoing?.release();
    stream.outgoing = undefined;
  }

  // ---- credit ----

  /** Books bytes of a stream that the driver has consumed, and grants the sender new credit. */
  consumed(id: number, bytes: number, now: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined || stream.cancelled) return;
    this.#grant(stream, stream.receive.consume(bytes, now, this.roundTrip), now);
  }

  /** Makes the window of a stream at least `bytes`, memory permitting. */
  widen(id: number, bytes: number, now: number): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) this.#grant(stream, stream.receive.widen(bytes), now);
  }

  /** How far the sender of a stream may run ahead, in bytes. */
  window(id: number): number {
    return this.streams.get(id)?.receive.size ?? 0;
  }

  #grant(stream: Stream, bytes: number, now: number): void {
    if (bytes === 0 || step(stream.state, this.role, "credit") === undefined) return;
    this.send(stream.id, { case: "credit", value: { bytes } }, now);
    // A window that has to be larger than this depends on the round trip.
    if (this.#pings === 0) this.ping(now);
  }

  // ---- sending ----

  /** Gives a stream the bytes to send, from `offset` in the file. Finish follows by itself. */
  attach(id: number, outgoing: Outgoing, offset: number, now: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined || stream.cancelled) return outgoing.release();
    stream.outgoing = outgoing;
    stream.sendOffset = offset;
    this.offer(id, now);
  }

  /** A stream has bytes to send, or is done, after it had none. */
  offer(id: number, now: number): void {
    const stream = this.streams.get(id);
    if (stream?.outgoing !== undefined) this.#sending().offer(stream, stream.outgoing, now);
  }

  /** Adds credit of the peer. @throws FLOW_CONTROL */
  credited(stream: Stream, bytes: number): void {
    stream.send.add(bytes);
    if (stream.outgoing !== undefined) this.#sending().line(stream);
  }

  /**
   * Puts what should be sent next into into[filledFrom, end): answers first, then Data of the
   * streams in turn. Ends behind a head whose payload is `region`.
   * @param regions gets the places of payloads that can be taken again
   * @returns the position behind the last byte; `filledFrom` for nothing
   */
  fill(into: Uint8Array, end: number, regions: Region[], now: number): number {
    return this.#sender?.fill(into, end, regions, now) ?? 0;
  }

  /** Our side of a transfer failed: the peer is told, and so is the driver. */
  abandon(stream: Stream, error: LeatError, now: number): void {
    this.fail(stream.id, error, now);
    this.#receiving().report({ type: "failure", stream: stream.id, error });
  }

  #push(stream: number, body: FrameBodyInit): void {
    this.#sending().control(encodeFrame(stream, body));
  }
}

/** One for all: most connections have none open most of the time. */
const NO_STREAMS: ReadonlyMap<number, Stream> = new Map();
