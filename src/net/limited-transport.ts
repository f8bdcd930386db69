/**
 * A transport that moves bytes no faster than it may. What it does not take it refuses, and what came too early it
 * keeps and reads no further: so the peer slows down by itself. It has no descriptor: nothing passes by it.
 */
import { LeatError } from "../errors.ts";
import { LEAST_RATE } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Accept, Transport, TransportHandler } from "./transport.ts";

/** Buckets of both directions; missing: as fast as it goes. */
export interface RateLimits {
  readonly sent?: TokenBucket | undefined;
  readonly received?: TokenBucket | undefined;
}

/** @param rate bytes a second, for each direction @throws INVALID_ARGUMENT */
export function limitsOf(rate: number): RateLimits {
  if (Number.isFinite(rate) && rate >= LEAST_RATE) {
    return { sent: new TokenBucket(rate), received: new TokenBucket(rate) };
  }
  const message = `a rate is ${rate}; it should be a number of bytes a second, ${LEAST_RATE} or more`;
  throw new LeatError("INVALID_ARGUMENT", message);
}

/** Puts the limits below all that is accepted. */
export function limited(accept: Accept, limits: RateLimits): Accept {
  return (inner) => {
    const transport = new LimitedTransport(inner, limits);
    transport.handler = accept(transport);
    return transport;
  };
}

class LimitedTransport implements Transport, TransportHandler {
  handler!: TransportHandler;
  readonly #inner: Transport;
  readonly #limits: RateLimits;
  /** What came and was not handed on: the inner transport is paused meanwhile. */
  #early: Uint8Array[] = [];
  #paused = false;
  /** FIN came behind what was not handed on. */
  #ended = false;
  #closed = false;

  constructor(inner: Transport, limits: RateLimits) {
    this.#inner = inner;
    this.#limits = limits;
  }

  get peer(): string {
    return this.#inner.peer;
  }

  get isLocal(): boolean {
    return this.#inner.isLocal === true;
  }

  get isPrivate(): boolean {
    return this.#inner.isPrivate === true;
  }

  get isHandshaking(): boolean {
    return this.#inner.isHandshaking === true;
  }

  get identity(): string | undefined {
    return this.#inner.identity;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    const { sent } = this.#limits;
    if (sent === undefined || length === 0 || this.#closed) {
      return this.#inner.write(bytes, offset, length);
    }
    const most = sent.take(length);
    const written = most === 0 ? 0 : this.#inner.write(bytes, offset, most);
    if (written < most) sent.give(most - Math.max(0, written));
    // If the inner transport refused some, it tells when it takes more.
    if (written === most && most < length) sent.wait(this.#onRate);
    return written;
  }

  free(): void {
    // A chunk may have been handed on in parts: its memory is left to the garbage collector.
  }

  pause(): void {
    this.#paused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  shutdown(): void {
    this.#inner.shutdown();
  }

  close(): void {
    this.#inner.close();
  }

  onData(chunk: Uint8Array): void {
    this.#early.push(chunk);
    this.#deliver();
  }

  onDrain(): void {
    this.handler.onDrain();
  }

  onEnd(): void {
    this.#ended = true;
    this.#deliver();
  }

  onUnauthenticated(error: LeatError): void {
    if (this.handler.onUnauthenticated === undefined) this.close();
    else this.handler.onUnauthenticated(error);
  }

  onClose(error: Error | undefined): void {
    this.#limits.sent?.forget(this.#onRate);
    this.#limits.received?.forget(this.#deliver);
    while (this.#early.length > 0 && !this.#paused) this.#handOn(Number.POSITIVE_INFINITY);
    this.#closed = true;
    this.handler.onClose(error);
  }

  readonly #onRate = (): void => {
    if (!this.#closed) this.handler.onDrain();
  };

  readonly #deliver = (): void => {
    const { received } = this.#limits;
    while (this.#early.length > 0) {
      if (this.#paused || this.#closed) return;
      const wanted = this.#early[0]!.length;
      const most = received === undefined ? wanted : received.take(wanted);
      if (most === 0) {
        this.#inner.pause();
        received!.wait(this.#deliver);
        return;
      }
      this.#handOn(most);
    }
    if (this.#paused || this.#closed) return;
    this.#inner.resume();
    if (!this.#ended) return;
    this.#ended = false;
    this.handler.onEnd();
  };

  /** Hands on at most so many bytes of what came first. */
  #handOn(most: number): void {
    const chunk = this.#early[0]!;
    if (chunk.length <= most) this.#early.shift();
    else this.#early[0] = chunk.subarray(most);
    this.handler.onData(chunk.subarray(0, most));
  }
}
