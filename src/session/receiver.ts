/** The receiving half of a session: frames become events, and broken rules become failures. */
import { LeatError } from "../errors.ts";
import { REQUEST_CHARACTERS } from "../limits.ts";
import type { FrameDecoder, FrameEvent } from "../wire/decoder.ts";
import type { FrameBody, Request } from "../wire/gen/messages.ts";
import type { Operation, SessionEvent } from "./event.ts";
import { failureError } from "./failure.ts";
import { checkHello, checkWelcome, frameLimit } from "./handshake.ts";
import type { Session } from "./session.ts";
import { type Side, type StreamFrame, step } from "./state.ts";
import type { Stream } from "./stream.ts";

type DataHead = Extract<FrameEvent, { type: "data" }>;
type Control = Exclude<FrameBody, { case: "data" }>;
type OnStream = Extract<Control, { case: Exclude<StreamFrame, "data"> }>;

export class Receiver {
  readonly #session: Session;
  readonly #decoder: FrameDecoder;
  readonly #peer: Side;
  /** The Data frame whose payload is coming; `stream` undefined while it is dropped. */
  #head: DataHead | undefined;
  #stream: Stream | undefined;
  /** Of the next payload byte, in the file. */
  #offset = 0;
  /** The frame at hand means nothing. */
  #ignored = false;
  /** Events that come before those of the next bytes; made when there is one. */
  #reports: SessionEvent[] | undefined;

  constructor(session: Session, decoder: FrameDecoder) {
    this.#session = session;
    this.#decoder = decoder;
    this.#peer = session.role === "server" ? "client" : "server";
  }

  /** Another one can go on from here: nothing is half read, and nothing waits to be told. */
  get atRest(): boolean {
    return this.#decoder.atRest && (this.#reports?.length ?? 0) === 0;
  }

  get isBetweenFrames(): boolean {
    return this.#decoder.atRest;
  }

  /** Something came that `next` has not looked at. */
  get hasMore(): boolean {
    return this.#decoder.hasMore;
  }

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  /** Queues an event of our own making. */
  report(event: SessionEvent): void {
    this.#reports ??= [];
    this.#reports.push(event);
  }

  next(now: number): SessionEvent | undefined {
    const session = this.#session;
    while (true) {
      const reported = this.#reports?.shift();
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

  /** A rule of the whole connection was broken: say so to the peer, and hear nothing more. */
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
      if (frame.type === "frame") this.#session.framesReceived += 1;
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
      checkHello(body.value);
      session.peerFrame = frameLimit(body.value.maxFrame);
      session.peerWindow = body.value.initialWindow;
      session.phase = "deciding";
      return { type: "hello", hello: body.value };
    }
    if (this.#peer === "server" && body?.case === "welcome") {
      const welcome = body.value;
      checkWelcome(welcome);
      session.peerFrame = frameLimit(welcome.maxFrame);
      session.peerWindow = welcome.initialWindow;
      session.maxStreams = welcome.maxStreams;
      session.welcomed(now);
      for (const stream of session.streams.values()) this.#openWindow(stream);
      return { type: "welcome", welcome };
    }
    if (this.#peer === "server" && (body?.case === "failure" || body?.case === "goAway")) {
      return this.#refused(failureError(body.value));
    }
    throw new LeatError("PROTOCOL_ERROR", `the first frame is not ${EXPECTED[this.#peer]}`);
  }

  /** A stream that was opened before Welcome gets its credit now. */
  #openWindow(stream: Stream): void {
    if (this.#session.peerWindow > 0) this.#session.credited(stream, this.#session.peerWindow);
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
        session.pong(body.value.nonce);
        return undefined;
      case "pong": {
        const { nonce } = body.value;
        return { type: "pong", nonce, roundTrip: session.ponged(nonce, now) };
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
    const session = this.#session;
    const error = failureError(body);
    session.lastServed = lastStream;
    for (const stream of session.streams.values()) {
      if (stream.id <= lastStream) continue;
      session.drop(stream);
      this.report({ type: "failure", stream: stream.id, error });
    }
    return { type: "goAway", lastStream, error };
  }

  // ---- streams ----

  #request(id: number, request: Request, now: number): SessionEvent | undefined {
    const session = this.#session;
    if (this.#peer !== "client") throw new LeatError("PROTOCOL_ERROR", "a server sent a Request");
    if (id <= session.lastStream) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `stream ${id} was opened again; the last one was ${session.lastStream}`,
      );
    }
    const full = session.streams.size >= session.maxStreams;
    const { operation } = request;
    const stream = session.add(id, operation?.case, now);
    stream.requested = charactersOf(operation);
    session.requested += stream.requested;
    if (id > session.lastServed) {
      session.fail(id, new LeatError("UNAVAILABLE", "the server is shutting down"), now);
    } else if (full) {
      const message = `${session.maxStreams} streams are open already`;
      session.fail(id, new LeatError("RESOURCE_EXHAUSTED", message), now);
    } else if (session.requested > REQUEST_CHARACTERS) {
      const message = `open streams ask for ${session.requested} characters of paths and the like`;
      session.fail(id, new LeatError("RESOURCE_EXHAUSTED", message), now);
    } else {
      stream.progress = now;
      session.share.requested();
      return { type: "request", stream: id, operation };
    }
    return undefined;
  }

  /** The open stream of a frame, or undefined for one that ended, whose frames are dropped. */
  #find(id: number, what: string): Stream | undefined {
    const stream = this.#session.streams.get(id);
    if (stream === undefined && (id > this.#session.lastStream || id === 0)) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `${what} came for stream ${id}, which was never opened`,
      );
    }
    return stream;
  }

  #onStream(id: number, body: Control | undefined, now: number): SessionEvent | undefined {
    const stream = this.#find(id, body?.case ?? "a frame of unknown kind");
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
        this.#session.credited(stream, body.value.bytes);
        return undefined;
      case "response": {
        const { result } = body.value;
        if (result?.case === "get") stream.receiveOffset = result.value.offset;
        return { type: "response", stream: id, result };
      }
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

  /** The peer broke a rule of one stream: only that stream ends, unless its end is decided already. */
  #streamBroken(stream: Stream, error: LeatError, now: number): SessionEvent | undefined {
    if (this.#drops(stream)) return this.#ignore();
    this.#session.fail(stream.id, error, now);
    return { type: "failure", stream: stream.id, error };
  }

  /** Nothing that a client says changes what becomes of it any more. */
  #drops(stream: Stream): boolean {
    return this.#peer === "client" && stream.isDecided;
  }

  // ---- Data ----

  #data(head: DataHead, now: number): SessionEvent | undefined {
    this.#head = head;
    this.#offset = head.offset;
    this.#stream = undefined;
    if (head.length === 0) throw new LeatError("PROTOCOL_ERROR", "a Data frame without payload");
    const stream = this.#find(head.stream, "Data");
    if (stream === undefined) return this.#ignore();
    try {
      if (step(stream.state, this.#peer, "data") === undefined) {
        throw new LeatError("PROTOCOL_ERROR", `Data may not come in state ${stream.state}`);
      }
      if (stream.cancelled) {
        this.#session.share.ended(stream.receive.forfeit(), 0);
        return this.#ignore();
      }
      stream.arrive(head.offset, head.length);
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
    if (stream === undefined || stream.state === "ended" || stream.cancelled) return undefined;
    const crc32 = remaining === 0 ? this.#head?.crc32 : undefined;
    return { type: "data", stream: stream.id, offset, bytes, crc32 };
  }
}

function charactersOf(operation: Operation | undefined): number {
  let characters = 0;
  for (const name in operation?.value) {
    const field: unknown = operation.value[name as keyof typeof operation.value];
    if (typeof field === "string") characters += field.length;
  }
  return characters;
}

const EXPECTED: Readonly<Record<Side, string>> = {
  client: "Hello: the peer does not speak leat",
  server: "Welcome: the server does not speak leat",
};
