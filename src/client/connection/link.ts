/**
 * The client's end of one connection: opens a stream for each request, as many as the server allows,
 * and passes the events of a stream to its handler.
 */
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
import { FEATURES } from "../../wire/features.ts";
import type { FrameBodyInit } from "../../wire/frame.ts";
import type { Credentials } from "../../wire/gen/messages.ts";
import { abortError, abortable, onAbort, throwIfAborted } from "./abortable.ts";
import type { ClientCredentials } from "./options.ts";
import type { StreamHandler } from "./stream-handler.ts";

export type RequestInit = Extract<FrameBodyInit, { case: "request" }>["value"];

/** A request that waits for a free stream, or has one and is not answered yet. */
export interface PendingRequest {
  /** undefined while it waits. */
  stream: number | undefined;
  readonly request: RequestInit;
  handler: StreamHandler;
  /** Of a request that was sent ahead: what has come, until its handler can have it. */
  held?: ((handler: StreamHandler) => void)[] | undefined;
  /** Removes the listener of its signal. Called when the handler is called no more. */
  release: (() => void) | undefined;
}

export class Link implements Driver {
  readonly connection: Connection;
  readonly #open = new Map<number, PendingRequest>();
  readonly #waiting = new Set<PendingRequest>();
  readonly #pings = new Set<PromiseWithResolvers<number>>();
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Resolves when the server has accepted the connection. */
  readonly welcomed = this.#welcomed.promise;
  /** Resolves when the connection is gone. */
  readonly closed = this.#closed.promise;
  #isWelcome = false;
  /** Sent together with Hello, and not asked for yet. */
  #ahead: PendingRequest | undefined;
  #closeReason: LeatError | undefined;

  /**
   * @param credentials never sent where others can read them: then the connection ends with UNAUTHENTICATED
   * @param ahead is sent together with Hello: its answer is that of the first request, if that is the same
   */
  constructor(
    transport: Transport,
    runtime: Runtime,
    credentials?: ClientCredentials,
    ahead?: RequestInit,
  ) {
    const session = new Session({
      role: "client",
      agent: AGENT,
      features: FEATURES,
      maxFrame: MAX_FRAME,
      maxStreams: MAX_STREAMS,
      initialWindow: DOWNLOAD_WINDOW,
      maxWindow: MAX_WINDOW,
      budgets: UNBOUNDED,
    });
    this.connection = new Connection({ transport, session, runtime });
    this.connection.driver = this;
    this.welcomed.catch(() => {});
    if (credentials !== undefined && !this.connection.isPrivate) {
      // Not at once: the transport has no handler before this returns.
      queueMicrotask(() => this.connection.abort(clearText(transport.peer)));
      return;
    }
    session.hello(runtime.clock(), credentials && toWire(credentials));
    if (ahead !== undefined) this.#sendAhead(ahead);
    this.connection.wake();
  }

  /** Why no further request can be made: the connection is lost, or the server is stopping. */
  get closeReason(): LeatError | undefined {
    return this.#closeReason;
  }

  /**
   * Sends a request: at once, or when a stream is free.
   * @param signal cancels it. When it is aborted already, nothing is sent.
   */
  request(request: RequestInit, handler: StreamHandler, signal?: AbortSignal): PendingRequest {
    const ahead = this.#takeAhead(request);
    const pending = ahead ?? { stream: undefined, request, handler, release: undefined };
    if (signal?.aborted === true) {
      this.cancel(pending);
      handler.failed(abortError(signal), false);
      return pending;
    }
    if (signal !== undefined) {
      pending.release = onAbort(signal, (error) => {
        this.cancel(pending, handler.keepsPartial);
        handler.failed(error, false);
      });
    }
    if (ahead !== undefined) this.#handOver(ahead, handler);
    else if (this.#closeReason !== undefined) failed(pending, this.#closeReason, false);
    else if (this.connection.session.canOpen && this.#waiting.size === 0) this.#send(pending);
    else this.#waiting.add(pending);
    return pending;
  }

  /**
   * Cancels a request. Its handler is called no more. Harmless when it is over.
   * @param keep of an upload: the server is asked to keep what has arrived
   */
  cancel(pending: PendingRequest, keep = false): void {
    release(pending);
    pending.held = undefined;
    if (this.#waiting.delete(pending)) return;
    if (pending.stream === undefined || this.#open.get(pending.stream) !== pending) return;
    this.#open.delete(pending.stream);
    this.connection.fail(pending.stream, new LeatError("CANCELLED", "it was given up"), keep);
  }

  /**
   * Ends the connection, with what is open. The server is told: else it sends on as far as it may. Of uploads it keeps
   * what it has.
   */
  close(): void {
    for (const { stream } of this.#open.values()) {
      if (stream === undefined) continue;
      this.connection.fail(stream, new LeatError("CANCELLED", "it was given up"), true);
    }
    this.connection.close();
  }

  /** @returns the round trip, in milliseconds */
  async ping(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal);
    if (this.#closeReason !== undefined) throw this.#closeReason;
    const pong = Promise.withResolvers<number>();
    this.#pings.add(pong);
    try {
      this.connection.ping();
      return await abortable(pong.promise, signal);
    } finally {
      this.#pings.delete(pong);
    }
  }

  onEvent(event: SessionEvent): void {
    switch (event.type) {
      case "welcome":
        this.#isWelcome = true;
        this.#welcomed.resolve();
        return this.#sendWaiting();
      case "response":
        return this.#dispatch(event.stream, (handler) => handler.response?.(event.result));
      case "data":
        return this.#dispatch(event.stream, (handler) => handler.data?.(event.bytes, event.crc32));
      case "hole":
        return this.#dispatch(event.stream, (handler) => {
          const { length, crc32 } = event.hole;
          if (handler.hole === undefined) throw new LeatError("PROTOCOL_ERROR", NO_HOLE);
          handler.hole(length, crc32);
        });
      case "finish":
        return this.#dispatch(event.stream, (handler) => handler.finish?.(event.finish));
      case "receipt":
        return this.#dispatch(event.stream, (handler) => handler.receipt?.(event.receipt));
      case "resend":
        return this.#dispatch(event.stream, () => {
          throw new LeatError("UNIMPLEMENTED", "the server asks for a block again on its stream");
        });
      case "failure":
        return this.#dispatch(event.stream, (handler) => handler.failed(event.error, false));
      case "pong":
        for (const pong of this.#pings) pong.resolve(event.roundTrip);
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
    // Its last event is passed to the handler behind this call; then its place is free.
    queueMicrotask(() => {
      const pending = this.#open.get(stream);
      this.#open.delete(stream);
      if (pending !== undefined) release(pending);
      this.#sendWaiting();
      const { streams } = this.connection.session;
      if (streams.isUsedUp && streams.size === 0) this.connection.close();
    });
  }

  onClosed(error: LeatError): void {
    this.#fail(error);
    this.#closed.resolve();
  }

  /** Its answer is held until the same request is made. One that cannot be encoded is not sent. */
  #sendAhead(request: RequestInit): void {
    const ahead: PendingRequest = {
      stream: undefined,
      request,
      handler: { failed: () => (this.#ahead = undefined) }, // the request is made again
      held: [],
      release: undefined,
    };
    this.#send(ahead);
    if (ahead.stream !== undefined) this.#ahead = ahead;
  }

  /** @returns the request that was sent ahead, if it is this one; if not, that one is given up */
  #takeAhead(request: RequestInit): PendingRequest | undefined {
    const ahead = this.#ahead;
    if (ahead === undefined) return undefined;
    this.#ahead = undefined;
    if (JSON.stringify(ahead.request) === JSON.stringify(request)) return ahead;
    this.cancel(ahead);
    return undefined;
  }

  /** Gives the handler what has come, but not before its owner has the request. */
  #handOver(ahead: PendingRequest, handler: StreamHandler): void {
    ahead.handler = handler;
    queueMicrotask(() => {
      const { held = [], stream = 0 } = ahead;
      ahead.held = undefined;
      for (const event of held) this.#deliver(ahead, event);
      if (!this.#open.has(stream)) release(ahead);
    });
  }

  #dispatch(stream: number, event: (handler: StreamHandler) => void): void {
    const pending = this.#open.get(stream);
    if (pending?.held !== undefined) pending.held.push(event);
    else if (pending !== undefined) this.#deliver(pending, event);
  }

  #deliver(pending: PendingRequest, event: (handler: StreamHandler) => void): void {
    try {
      event(pending.handler);
    } catch (thrown) {
      this.cancel(pending);
      pending.handler.failed(LeatError.from(thrown), false);
    }
  }

  #send(pending: PendingRequest): void {
    const { connection } = this;
    try {
      pending.stream = connection.open(pending.request);
    } catch (thrown) {
      // The request cannot be encoded: a name that is not valid Unicode, an offset below zero.
      const { message } = LeatError.from(thrown);
      return failed(pending, new LeatError("INVALID_ARGUMENT", message, { cause: thrown }), false);
    }
    this.#open.set(pending.stream, pending);
    pending.handler.opened?.(pending.stream);
    if (connection.session.streams.isUsedUp) this.#goAway(usedUp());
  }

  #sendWaiting(): void {
    for (const pending of this.#waiting) {
      if (!this.connection.session.canOpen) return;
      this.#waiting.delete(pending);
      this.#send(pending);
    }
  }

  /** Nothing more is served on this connection: requests that wait fail, open streams go on. */
  #goAway(error: LeatError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const pending of waiting) failed(pending, error, false);
    this.#closeReason ??= error;
    if (this.#ahead !== undefined) this.cancel(this.#ahead); // it will be asked for on another connection
    this.#ahead = undefined;
  }

  #ended(): LeatError {
    const { peer } = this.connection;
    return this.#isWelcome
      ? new LeatError("CONNECTION_LOST", `${peer} closed the connection`)
      : new LeatError(
          "UNAVAILABLE",
          `${peer} closed the connection without a word: it is not a leat server, or has no room for more connections`,
        );
  }

  #fail(error: LeatError): void {
    this.#closeReason ??= error;
    this.#welcomed.reject(error);
    for (const pong of this.#pings) pong.reject(error);
    const open = [...this.#open.values()];
    const waiting = [...this.#waiting];
    this.#open.clear();
    this.#waiting.clear();
    for (const pending of open) failed(pending, error, true);
    for (const pending of waiting) failed(pending, error, false);
  }
}

const NO_HOLE = "the server sent a hole where none may come";

function usedUp(): LeatError {
  return new LeatError("UNAVAILABLE", "all stream numbers of the connection were used");
}

function clearText(peer: string): LeatError {
  const message =
    `${peer} is reached over a network where others could read the credentials: ` +
    "use tls:// with a certificate that is checked, ssh://, or the machine of the server itself";
  return new LeatError("UNAUTHENTICATED", message);
}

function toWire(credentials: ClientCredentials): Credentials {
  if ("token" in credentials) return { kind: { case: "token", value: credentials.token } };
  const { user, password } = credentials;
  return { kind: { case: "userPassword", value: { user, password } } };
}

function failed(pending: PendingRequest, error: LeatError, lost: boolean): void {
  release(pending);
  pending.held = undefined;
  pending.handler.failed(error, lost);
}

function release(pending: PendingRequest): void {
  pending.release?.();
  pending.release = undefined;
}
