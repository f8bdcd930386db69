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
  /** Bytes for those that have waited: some take them only later, when it is their turn to write. */
  #granted = new Map<() => void, number>();
  /** The one that is being called. */
  #called: (() => void) | undefined;

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

  /**
   * @param ready with which the caller waits, if it does
   * @returns bytes that may move now, 0 to `most`; those that do not are to be given back
   */
  take(most: number, ready = this.#called): number {
    const granted = ready && this.#granted.get(ready);
    if (granted !== undefined) {
      this.#granted.delete(ready!);
      const bytes = Math.min(most, granted);
      this.#bytes += granted - bytes;
      return bytes;
    }
    if (this.#waiting.size > 0) return 0; // those that wait come first
    this.#refill();
    const bytes = Math.max(0, Math.floor(Math.min(most, this.#bytes)));
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

  /** @returns whether it waited: it is not called any more */
  forget(ready: () => void): boolean {
    this.#bytes += this.#granted.get(ready) ?? 0;
    this.#granted.delete(ready);
    const waited = this.#waiting.delete(ready);
    if (this.#waiting.size > 0) return waited;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return waited;
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
    for (const unused of this.#granted.values()) this.#bytes += unused;
    this.#refill();
    const share = Math.max(1, Math.floor(this.#bytes / waiting.size));
    this.#granted = new Map([...waiting].map((ready) => [ready, share]));
    this.#bytes -= share * waiting.size;
    for (const ready of waiting) {
      this.#called = ready;
      ready();
    }
    this.#called = undefined;
  };
}
