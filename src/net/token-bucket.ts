/**
 * Gives out bytes at a rate. They gather while nothing takes them, up to RATE_BURST milliseconds' worth. All that
 * wait for the same bucket get equal parts.
 */
import { RATE_BURST, RATE_PAUSE } from "../limits.ts";

export class TokenBucket {
  /** Bytes a millisecond. */
  readonly #rate: number;
  readonly #clock: () => number;
  #waiting = new Set<() => void>();
  #bytes: number;
  #since: number;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that each of those that have waited may take now. */
  #share: number | undefined;

  /**
   * @param rate bytes a second, 1 or more
   * @param clock milliseconds, monotonic
   */
  constructor(rate: number, clock: () => number = () => performance.now()) {
    this.#rate = rate / 1000;
    this.#clock = clock;
    this.#since = clock();
    this.#bytes = this.#most;
  }

  get #most(): number {
    return Math.max(1, this.#rate * RATE_BURST);
  }

  /** @returns bytes that may move now, 0 to `most`; those that do not are to be given back */
  take(most: number): number {
    // Those that wait come first.
    if (this.#share === undefined && this.#waiting.size > 0) return 0;
    this.#refill();
    const bytes = Math.floor(Math.min(most, this.#share ?? this.#bytes, this.#bytes));
    this.#bytes -= bytes;
    return bytes;
  }

  give(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Calls `ready` once, when there are bytes again. */
  wait(ready: () => void): void {
    this.#waiting.add(ready);
    const least = this.#waiting.size / this.#rate; // a byte for each
    this.#timer ??= setTimeout(this.#onTime, Math.max(RATE_PAUSE, least));
  }

  forget(ready: () => void): void {
    this.#waiting.delete(ready);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #refill(): void {
    const now = this.#clock();
    this.#bytes = Math.min(this.#most, this.#bytes + (now - this.#since) * this.#rate);
    this.#since = now;
  }

  readonly #onTime = (): void => {
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    this.#refill();
    this.#share = Math.max(1, this.#bytes / waiting.size);
    for (const ready of waiting) ready();
    this.#share = undefined;
  };
}
