/**
 * A transport that moves bytes no faster than it may. What it does not take it refuses, and what came too early it
 * keeps and reads no further: so the peer slows down by itself. It has no descriptor, so that nothing passes by it;
 * but where what is sent has no limit, it has that of the inner one.
 */
import { LeatError } from "../errors.ts";
import { LEAST_RATE } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Accept, RateLimits, Transport, TransportHandler } from "./transport.ts";

/** @param rate bytes a second, for each direction @throws INVALID_ARGUMENT */
export function limitsOf(rate: number): RateLimits {
  if (Number.isFinite(rate) && rate >= LEAST_RATE) {
    return { sent: new TokenBucket(rate), received: new TokenBucket(rate) };
  }
  const message = `a rate is ${rate}; it should be a number of bytes a second, ${LEAST_RATE} or more`;
  throw new LeatError("INVALID_ARGUMENT", message);
}

/** Puts the limits below all that is accepted. @param limits none: `limit` sets them later */
export function limited(accept: Accept, limits: RateLimits = {}): Accept {
  return (inner) => {
    const transport = new LimitedTransport(inner, limits);
    transport.handler = accept(transport);
    return transport;
  };
}

class LimitedTransport implements Transport, TransportHandler {
  handler!: TransportHandler;
  readonly #inner: Transport;
  #limits: RateLimits;
  /** What came and was not handed on: the inner transport is paused meanwhile. */
  #early: Uint8Array[] = [];
  #paused = false;
  /** The inner transport is paused, by either side. */
  #isHeld = false;
  /** FIN came behind what was not handed on. */
  #ended = false;
  #closed = false;

  constructor(inner: Transport, limits: RateLimits) {
    this.#inner = inner;
    this.#limits = limits;
  }

  limit(limits: RateLimits): void {
    const { sent, received } = this.#limits;
    this.#limits = limits;
    if (received?.forget(this.#deliver) === true) this.#deliver();
    if (sent?.forget(this.#onRate) === true) this.#onRate();
  }

  takesFast(isFast: boolean): void {
    this.#inner.takesFast?.(isFast && this.#limits.sent === undefined);
  }

  get fd(): number | undefined {
    return this.#limits.sent === undefined ? this.#inner.fd : undefined;
  }

  get wanted(): number | undefined {
    return this.#limits.received === undefined ? this.handler.wanted : undefined;
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
    const most = sent.take(length, this.#onRate);
    const written = most === 0 ? 0 : this.#inner.write(bytes, offset, most);
    if (written < most) sent.give(most - Math.max(0, written));
    // If the inner transport refused some, it tells when it takes more.
    if (written === most && most < length) sent.wait(this.#onRate);
    return written;
  }

  free(chunk: Uint8Array): void {
    // One that was handed on in parts is left to the garbage collector.
    if (this.#limits.received === undefined) this.#inner.free(chunk);
  }

  pause(): void {
    this.#paused = true;
    this.#hold();
  }

  #hold(): void {
    this.#isHeld = true;
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
    while (this.#early.length > 0) {
      if (this.#paused || this.#closed) return;
      const { received } = this.#limits;
      const wanted = this.#early[0]!.length;
      const most = received === undefined ? wanted : received.take(wanted, this.#deliver);
      if (most > 0) this.#handOn(most);
      if (most === wanted || this.#closed) continue;
      // While some bytes are handed on, a few more become free: taken at once, they would be without end.
      this.#hold();
      received!.wait(this.#deliver);
      return;
    }
    if (this.#paused || this.#closed) return;
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#inner.resume();
    }
    if (!this.#ended) return;
    this.#ended = false;
    this.handler.onEnd();
  };

  /** Hands on at most so many bytes of what came first. */
  #handOn(most: number): void {
    const chunk = this.#early[0]!;
    if (chunk.length <= most) {
      this.#early.shift();
      return this.handler.onData(chunk);
    }
    this.#early[0] = chunk.subarray(most);
    this.handler.onData(chunk.subarray(0, most));
  }
}
