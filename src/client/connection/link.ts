/** The client's end of a connection: opens streams as the server allows, and tells each its events. */
import { Connection } from "../../connection/connection.ts";
import type { Driver } from "../../connection/driver.ts";
import type { Runtime } from "../../connection/runtime.ts";
import { LeatError } from "../../errors.ts";
import { DOWNLOAD_WINDOW, MAX_FRAME, MAX_STREAMS, MAX_WINDOW } from "../../limits.ts";
import type { Transport } from "../../net/transport.ts";
import type { SessionEvent } from "../../session/event.ts";
import { UNBOUNDED } from "../../session/flow.ts";
import { Session } from "../../session/session.ts";
import { AGENT } from "../../version.ts";
import type { FrameBodyInit } from "../../wire/frame.ts";
import { givenUp, onAbort } from "./abortable.ts";
import type { Call } from "./call.ts";

export type RequestInit = Extract<FrameBodyInit, { case: "request" }>["value"];

/** A request that waits for a free stream, or its stream once it has one. */
export interface Ticket {
  stream: number | undefined;
  readonly request: RequestInit;
  readonly call: Call;
  /** Stops to listen to the signal that gives it up. Called when the call hears nothing more. */
  release: (() => void) | undefined;
}

export class Link implements Driver {
  readonly connection: Connection;
  readonly #calls = new Map<number, Ticket>();
  readonly #waiting = new Set<Ticket>();
  readonly #pings = new Set<(told: number | LeatError) => void>();
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #isWelcome = false;
  #over: LeatError | undefined;

  constructor(transport: Transport, runtime: Runtime) {
    const session = new Session({
      role: "client",
      agent: AGENT,
      maxFrame: MAX_FRAME,
      maxStreams: MAX_STREAMS,
      initialWindow: DOWNLOAD_WINDOW,
      maxWindow: MAX_WINDOW,
      budgets: UNBOUNDED,
    });
    this.connection = new Connection({ transport, session, runtime });
    this.connection.driver = this;
    this.#welcomed.promise.catch(() => {});
    session.hello(runtime.clock());
    this.connection.wake();
  }

  /** Resolves when the server accepted. */
  get welcomed(): Promise<void> {
    return this.#welcomed.promise;
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Why nothing can be asked any more. */
  get over(): LeatError | undefined {
    return this.#over;
  }

  /**
   * Asks for something: at once, or when a stream is free.
   * @param signal gives it up. When it is aborted already, nothing is asked.
   */
  ask(request: RequestInit, call: Call, signal?: AbortSignal): Ticket {
    const ticket: Ticket = { stream: undefined, request, call, release: undefined };
    if (signal?.aborted === true) {
      call.failed(givenUp(signal), false);
      return ticket;
    }
    if (signal !== undefined) {
      ticket.release = onAbort(signal, (error) => {
        this.cancel(ticket, call.keeps);
        call.failed(error, false);
      });
    }
    if (this.#over !== undefined) failed(ticket, this.#over, false);
    else if (this.connection.session.canOpen && this.#waiting.size === 0) this.#open(ticket);
    else this.#waiting.add(ticket);
    return ticket;
  }

  /**
   * Gives a request up. Its call hears nothing more.
   * @param keep of an upload: the server is to keep what it has
   */
  cancel(ticket: Ticket, keep = false): void {
    release(ticket);
    if (this.#waiting.delete(ticket)) return;
    if (ticket.stream === undefined || this.#calls.get(ticket.stream) !== ticket) return;
    this.#calls.delete(ticket.stream);
    this.connection.fail(ticket.stream, new LeatError("CANCELLED", "it was given up"), keep);
  }

  /** @returns the round trip, in milliseconds */
  ping(signal?: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(givenUp(signal));
      if (this.#over !== undefined) return reject(this.#over);
      const answer = (told: number | LeatError): void => {
        this.#pings.delete(answer);
        stop();
        if (typeof told === "number") resolve(told);
        else reject(told);
      };
      const stop = onAbort(signal, answer);
      this.#pings.add(answer);
      this.connection.ping();
    });
  }

  onEvent(event: SessionEvent): void {
    switch (event.type) {
      case "welcome":
        this.#isWelcome = true;
        this.#welcomed.resolve();
        return this.#openMore();
      case "response":
        return this.#hear(event.stream, (call) => call.response?.(event.result));
      case "data":
        return this.#hear(event.stream, (call) => call.data?.(event.bytes, event.crc32));
      case "finish":
        return this.#hear(event.stream, (call) => call.finish?.(event.finish));
      case "receipt":
        return this.#hear(event.stream, (call) => call.receipt?.(event.receipt));
      case "resend":
        return this.#hear(event.stream, () => {
          throw new LeatError("UNIMPLEMENTED", "the server asks for a block again on its stream");
        });
      case "failure":
        return this.#hear(event.stream, (call) => call.failed(event.error, false));
      case "pong":
        for (const answer of this.#pings) answer(event.roundTrip);
        return;
      case "goAway":
        return this.#goAway(event.error);
      case "end":
        this.#fail(this.#ended());
        return this.connection.close();
      case "closed":
        return this.#fail(event.error);
      default:
    }
  }

  onStreamEnded(stream: number): void {
    // The event that ends it is still to be told; then its place is free.
    queueMicrotask(() => {
      const ticket = this.#calls.get(stream);
      this.#calls.delete(stream);
      if (ticket !== undefined) release(ticket);
      this.#openMore();
    });
  }

  onClosed(error: LeatError): void {
    this.#fail(error);
    this.#closed.resolve();
  }

  #hear(stream: number, tell: (call: Call) => void): void {
    const ticket = this.#calls.get(stream);
    if (ticket === undefined) return;
    try {
      tell(ticket.call);
    } catch (thrown) {
      this.cancel(ticket);
      ticket.call.failed(LeatError.from(thrown), false);
    }
  }

  #open(ticket: Ticket): void {
    const { connection } = this;
    try {
      ticket.stream = connection.open(ticket.request);
    } catch (thrown) {
      // A name that is no Unicode text, an offset below zero: no frame has room for such a value.
      const { message } = LeatError.from(thrown);
      return failed(ticket, new LeatError("INVALID_ARGUMENT", message, { cause: thrown }), false);
    }
    this.#calls.set(ticket.stream, ticket);
    ticket.call.opened?.(ticket.stream);
  }

  #openMore(): void {
    for (const ticket of this.#waiting) {
      if (!this.connection.session.canOpen) return;
      this.#waiting.delete(ticket);
      this.#open(ticket);
    }
  }

  /** The server serves no more: what waits is told so, what is open goes on. */
  #goAway(error: LeatError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const ticket of waiting) failed(ticket, error, false);
    this.#over ??= error;
  }

  #ended(): LeatError {
    const { peer } = this.connection;
    return this.#isWelcome
      ? new LeatError("CONNECTION_LOST", `${peer} closed the connection`)
      : new LeatError(
          "UNAVAILABLE",
          `${peer} closed the connection without a word: it is no leat server, or has no room for more connections`,
        );
  }

  #fail(error: LeatError): void {
    this.#over ??= error;
    this.#welcomed.reject(error);
    for (const answer of this.#pings) answer(error);
    const asked = [...this.#calls.values()];
    const waiting = [...this.#waiting];
    this.#calls.clear();
    this.#waiting.clear();
    for (const ticket of asked) failed(ticket, error, true);
    for (const ticket of waiting) failed(ticket, error, false);
  }
}

function failed(ticket: Ticket, error: LeatError, lost: boolean): void {
  release(ticket);
  ticket.call.failed(error, lost);
}

function release(ticket: Ticket): void {
  ticket.release?.();
  ticket.release = undefined;
}
