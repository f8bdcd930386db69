/** The receiving half of a session: frames become events, and broken rules become failures. */
import { LeatError } from "../errors.ts";
import { MAX_REQUEST } from "../limits.ts";
import { FrameDecoder, type FrameEvent } from "../wire/decoder.ts";
import { HOLES } from "../wire/features.ts";
import type { FrameBody, Hole, Request } from "../wire/gen/messages.ts";
import type { SessionEvent } from "./event.ts";
import { failureError } from "./failure.ts";
import type { Handshake } from "./handshake.ts";
import type { Session } from "./session.ts";
import { type Side, type StreamFrame, step } from "./state.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

type DataHead = Extract<FrameEvent, { type: "data" }>;
type Control = Exclude<FrameBody, { case: "data" }>;
type OnStream = Extract<Control, { case: Exclude<StreamFrame, "data"> }>;

export class Receiver {
  readonly #session: Session;
  readonly #streams: Streams;
  readonly #handshake: Handshake;
  readonly #decoder: FrameDecoder;
  readonly #peer: Side;
  /** The Data frame whose payload is coming; `#stream` is undefined while that is dropped. */
  #head: DataHead | undefined;
  #stream: Stream | undefined;
  /** Of the next payload byte, in the file. */
  #offset = 0;
  #framesReceived = 0;
  /** The current frame is ignored. */
  #ignored = false;
  /** Events that come before those of the next bytes. */
  readonly #reports: SessionEvent[] = [];

  constructor(session: Session, streams: Streams, handshake: Handshake) {
    const { role, maxFrame } = session.options;
    const isServer = role === "server";
    const first = isServer ? "hello" : "welcome";
    this.#session = session;
    this.#streams = streams;
    this.#handshake = handshake;
    this.#peer = isServer ? "client" : "server";
    this.#decoder = new FrameDecoder({
      maxFrame,
      maxBody: isServer ? MAX_REQUEST : undefined,
      firstFrame: session.phase === "hello" ? first : undefined,
      keepsPages: !isServer,
    });
  }

  /** Frames besides Data that were not ignored. */
  get framesReceived(): number {
    return this.#framesReceived;
  }

  get isBetweenFrames(): boolean {
    return this.#decoder.isBetweenFrames;
  }

  /** Something came that `next` has not read. */
  get hasMore(): boolean {
    return this.#decoder.hasMore;
  }

  /** As of the decoder. */
  get wanted(): number | undefined {
    return this.#decoder.wanted;
  }

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  /** Queues an event of our own making. */
  report(event: SessionEvent): void {
    this.#reports.push(event);
  }

  next(now: number): SessionEvent | undefined {
    const session = this.#session;
    while (true) {
      const reported = this.#reports.shift();
      if (reported !== undefined) return reported;
      if (session.phase === "closing" || session.phase === "deciding") return undefined;
      if (session.unsentControls > session.answerLimit || session.share.isSpent) return undefined;
      try {
        const { decoded, decodedSlowly } = this.#decoder;
        const frame = this.#decoder.next();
        if (frame === undefined) return undefined;
        const bytes = this.#decoder.decoded - decoded;
        session.share.read(bytes, this.#decoder.decodedSlowly - decodedSlowly);
        const event = this.#read(frame, now);
        this.#count(frame, bytes);
        if (event !== undefined) return event;
      } catch (thrown) {
        return this.#broken(LeatError.from(thrown, "reading from the peer failed"));
      }
    }
  }

  end(): SessionEvent {
    if (this.#session.phase === "closing") return { type: "end" };
    try {
      this.#decoder.end();
      return { type: "end" };
    } catch (thrown) {
      return this.#broken(LeatError.from(thrown));
    }
  }

  /** A rule of the whole connection was broken: the peer gets the error, and nothing more is read. */
  #broken(error: LeatError): SessionEvent {
    this.#session.refuse(error);
    return { type: "closed", error };
  }

  #read(frame: FrameEvent, now: number): SessionEvent | undefined {
    if (frame.type === "payload") return this.#payload(frame.bytes, frame.remaining);
    if (this.#session.phase === "hello") return this.#firstFrame(frame, now);
    if (frame.type === "data") return this.#data(frame, now);
    if (frame.stream === 0) return this.#onConnection(frame.body, now);
    if (frame.body?.case === "request") {
      return this.#request(frame.stream, frame.body.value, now);
    }
    return this.#onStream(frame.stream, frame.body, now);
  }

  /** Every frame counts, those that were ignored as well. @throws PROTOCOL_ERROR */
  #count(frame: FrameEvent, bytes: number): void {
    if (frame.type === "payload") return;
    const { share } = this.#session;
    const ignored = this.#ignored;
    this.#ignored = false;
    if (!ignored) {
      share.useful();
      if (frame.type === "frame") this.#framesReceived += 1;
    } else if (frame.type === "data") share.trailing(frame.length);
    else if (frame.body?.case === "credit") share.granted(frame.body.value.bytes, bytes);
    else share.ignore(bytes);
  }

  #ignore(): undefined {
    this.#ignored = true;
    return undefined;
  }

  // ---- the connection ----

  #firstFrame(frame: FrameEvent, now: number): SessionEvent {
    const session = this.#session;
    const body = frame.type === "frame" && frame.stream === 0 ? frame.body : undefined;
    if (this.#peer === "client" && body?.case === "hello") {
      this.#handshake.onHello(body.value);
      return { type: "hello", hello: body.value };
    }
    if (this.#peer === "server" && body?.case === "welcome") {
      const welcome = body.value;
      session.onWelcome(welcome, now);
      return { type: "welcome", welcome };
    }
    if (this.#peer === "server" && (body?.case === "failure" || body?.case === "goAway")) {
      return this.#refused(failureError(body.value));
    }
    throw new LeatError("PROTOCOL_ERROR", `the first frame is not ${EXPECTED[this.#peer]}`);
  }

  #refused(error: LeatError): SessionEvent {
    this.#session.close(error);
    return { type: "closed", error };
  }

  #onConnection(body: Control | undefined, now: number): SessionEvent | undefined {
    const session = this.#session;
    switch (body?.case) {
      case undefined:
        return this.#ignore(); // a body of a newer version
      case "ping":
        session.onPing(body.value.nonce);
        return undefined;
      case "pong": {
        const { nonce } = body.value;
        return { type: "pong", nonce, roundTrip: session.pings.onPong(nonce, now) };
      }
      case "failure":
        return this.#refused(failureError(body.value));
      case "goAway":
        if (this.#peer === "server") return this.#goAway(body.value.lastStream, body.value);
        break;
      default:
    }
    throw new LeatError("PROTOCOL_ERROR", `${body?.case} may not come on stream 0 now`);
  }

  #goAway(lastStream: number, body: Parameters<typeof failureError>[0]): SessionEvent {
    const error = failureError(body);
    this.#streams.closeAbove(lastStream);
    for (const stream of this.#streams.values()) {
      if (stream.id <= lastStream) continue;
      this.#session.drop(stream);
      this.report({ type: "failure", stream: stream.id, error });
    }
    return { type: "goAway", lastStream, error };
  }

  // ---- streams ----

  #request(id: number, request: Request, now: number): SessionEvent | undefined {
    if (this.#peer !== "client") throw new LeatError("PROTOCOL_ERROR", "a server sent a Request");
    const { last } = this.#streams;
    if (id <= last) {
      const message = `stream ${id} was opened again; the last one was ${last}`;
      throw new LeatError("PROTOCOL_ERROR", message);
    }
    const { operation } = request;
    if (this.#session.onRequest(id, operation, now) !== undefined) return undefined;
    this.#session.share.requested();
    return { type: "request", stream: id, operation };
  }

  #onStream(id: number, body: Control | undefined, now: number): SessionEvent | undefined {
    const stream = this.#streams.find(id, body?.case ?? "a frame of unknown kind");
    if (stream === undefined) return this.#ignore();
    const frame = body as OnStream | undefined;
    const state = frame && step(stream.state, this.#peer, frame.case);
    if (state === undefined && this.#drops(stream)) return this.#ignore();
    try {
      if (frame === undefined) {
        throw new LeatError("UNIMPLEMENTED", "a frame of unknown kind came on the stream");
      }
      const { cancelled } = stream;
      if (state === undefined) {
        const message = `${frame.case} may not come in state ${stream.state}`;
        throw new LeatError("PROTOCOL_ERROR", message);
      }
      stream.state = state;
      stream.progress = now;
      const event = cancelled ? undefined : this.#streamEvent(stream, frame);
      if (state === "ended") this.#session.drop(stream);
      return event;
    } catch (thrown) {
      return this.#streamBroken(stream, LeatError.from(thrown), now);
    }
  }

  #streamEvent(stream: Stream, body: OnStream): SessionEvent | undefined {
    const { id } = stream;
    switch (body.case) {
      case "credit":
        this.#session.onCredit(stream, body.value.bytes);
        return undefined;
      case "response": {
        const { result } = body.value;
        if (result?.case === "get") stream.receiveOffset = result.value.offset;
        return { type: "response", stream: id, result };
      }
      case "hole":
        return this.#hole(stream, body.value);
      case "finish":
        return { type: "finish", stream: id, finish: body.value };
      case "receipt":
        return { type: "receipt", stream: id, receipt: body.value };
      case "failure":
        return { type: "failure", stream: id, error: failureError(body.value) };
      case "resend":
        return { type: "resend", stream: id, resend: body.value };
      case "cancel":
        return { type: "cancel", stream: id, keep: body.value.keep };
    }
  }

  /** @throws PROTOCOL_ERROR */
  #hole(stream: Stream, hole: Hole): SessionEvent {
    if (!this.#session.takesHoles) {
      const message = `a hole came, and this side has not named the feature "${HOLES}"`;
      throw new LeatError("PROTOCOL_ERROR", message);
    }
    stream.onHoleReceived(hole);
    this.#session.share.hole();
    return { type: "hole", stream: stream.id, hole };
  }

  /** The peer broke a rule of one stream: only that stream ends, unless its end is decided already. */
  #streamBroken(stream: Stream, error: LeatError, now: number): SessionEvent | undefined {
    if (this.#drops(stream)) return this.#ignore();
    this.#session.fail(stream.id, error, now);
    return { type: "failure", stream: stream.id, error };
  }

  /** Nothing that the client sends changes the outcome any more. */
  #drops(stream: Stream): boolean {
    return this.#peer === "client" && stream.isDecided;
  }

  // ---- Data ----

  #data(head: DataHead, now: number): SessionEvent | undefined {
    this.#head = head;
    this.#offset = head.offset;
    this.#stream = undefined;
    if (head.length === 0) throw new LeatError("PROTOCOL_ERROR", "a Data frame without payload");
    const stream = this.#streams.find(head.stream, "Data");
    if (stream === undefined) return this.#ignore();
    try {
      if (step(stream.state, this.#peer, "data") === undefined) {
        throw new LeatError("PROTOCOL_ERROR", `Data may not come in state ${stream.state}`);
      }
      if (stream.cancelled) {
        this.#session.share.ended(stream.receive.forfeit(), 0);
        return this.#ignore();
      }
      stream.onReceived(head.offset, head.length, head.length);
      stream.progress = now;
      this.#stream = stream;
      return undefined;
    } catch (thrown) {
      return this.#streamBroken(stream, LeatError.from(thrown), now);
    }
  }

  #payload(bytes: Uint8Array, remaining: number): SessionEvent | undefined {
    const offset = this.#offset;
    this.#offset += bytes.length;
    const stream = this.#stream;
    if (remaining === 0) this.#stream = undefined;
    if (stream === undefined || stream.state === "ended" || stream.cancelled) return undefined;
    const crc32 = remaining === 0 ? this.#head?.crc32 : undefined;
    return { type: "data", stream: stream.id, offset, bytes, crc32 };
  }
}

const EXPECTED: Readonly<Record<Side, string>> = {
  client: "Hello: the peer does not speak leat",
  server: "Welcome: the server does not speak leat",
};
