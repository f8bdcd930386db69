/** Ends of a session without a connection: bytes go in, bytes and events come out, time is told. */
import type { SessionEvent } from "../../src/session/event.ts";
import { UNBOUNDED } from "../../src/session/flow.ts";
import type { BufferedPayload } from "../../src/session/outgoing.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import type { Side } from "../../src/session/state.ts";
import { type FrameBodyInit, encodeFrame } from "../../src/wire/frame.ts";
import { MAX_FRAME, decode, framesOf } from "../wire/events.ts";
import type { FrameValue } from "../wire/read-vectors.ts";
import { chop, join } from "./chop.ts";

/** Credit of a stream when it opens, unless a test says otherwise. */
export const WINDOW = 1 << 20;

export interface EndOptions extends Partial<SessionOptions> {
  /** Server: what a Hello is answered with; null: the test decides later. */
  readonly welcome?: number | null;
}

export class End {
  readonly session: Session;
  /** Everything that `give` led to. */
  readonly events: SessionEvent[] = [];
  /** Milliseconds; a test moves it. */
  now = 1000;
  readonly #welcome: number | null;

  constructor(role: Side, options: EndOptions = {}) {
    const { welcome = WINDOW, ...session } = options;
    this.#welcome = welcome;
    this.session = new Session({
      role,
      agent: "test",
      maxFrame: MAX_FRAME,
      maxStreams: 64,
      initialWindow: WINDOW,
      maxWindow: 32 << 20,
      budgets: UNBOUNDED,
      ...session,
    });
  }

  /** Takes bytes of the peer. @returns the events they led to */
  give(bytes: Uint8Array): SessionEvent[] {
    const before = this.events.length;
    if (bytes.length > 0) this.session.receive(bytes);
    this.read();
    return this.events.slice(before);
  }

  /** Takes frames of the peer as one chunk. */
  frames(...frames: readonly (readonly [stream: number, body: FrameBodyInit])[]): SessionEvent[] {
    return this.give(join(frames.map(([stream, body]) => encodeFrame(stream, body))));
  }

  /** What the session has to tell, without new bytes. */
  read(): void {
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      this.events.push(event);
      if (event.type === "hello" && this.#welcome !== null) this.session.welcome(this.#welcome);
    }
  }

  /** One send buffer's worth of what waits. */
  fill(size = 1 << 18, payloads: BufferedPayload[] = [], into = new Uint8Array(size)): Uint8Array {
    const { end } = this.session.fill(into, size, payloads, this.now);
    return into.slice(0, end);
  }

  /** Everything that waits, as far as credit reaches. */
  take(size = 1 << 18): Uint8Array {
    const pieces: Uint8Array[] = [];
    while (this.session.wantsToSend) {
      const piece = this.fill(size);
      if (piece.length === 0 && this.session.wantsToSend) throw new Error("fill gives nothing");
      pieces.push(piece);
    }
    return join(pieces);
  }

  /** Everything that waits, as frames. */
  said(): FrameValue[] {
    return framesIn(this.take());
  }

  #next(): SessionEvent | undefined {
    return this.session.next(this.now);
  }
}

/** Whole frames as values. */
export function framesIn(bytes: Uint8Array): FrameValue[] {
  return framesOf(decode([bytes]));
}

/** A client and a server whose bytes reach each other. */
export class Pair {
  readonly client: End;
  readonly server: End;

  constructor(options: { client?: EndOptions; server?: EndOptions } = {}) {
    this.client = new End("client", options.client);
    this.server = new End("server", options.server);
    this.client.session.hello(this.client.now);
  }

  /** A pair that has shaken hands, its events forgotten. */
  static open(options: { client?: EndOptions; server?: EndOptions } = {}): Pair {
    const pair = new Pair(options);
    pair.exchange();
    pair.client.events.length = pair.server.events.length = 0;
    return pair;
  }

  /** Carries bytes both ways, in pieces of the given sizes, until both sides are silent. */
  exchange(sizes: readonly number[] = [1 << 30]): void {
    while (this.client.session.wantsToSend || this.server.session.wantsToSend) {
      for (const piece of chop(this.client.take(), sizes)) this.server.give(piece);
      for (const piece of chop(this.server.take(), sizes)) this.client.give(piece);
    }
  }
}
