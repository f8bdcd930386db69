/**
 * Whether reads, or writes, may be made on the event loop.
 *
 * One of the page cache takes 7 to 15 us for 64 KiB, less than it takes to ask another thread for it
 * (twice the throughput, two thirds of the CPU time, measured). But when a disk cannot follow, the
 * kernel makes them wait, up to 200 ms each, and every connection of the process with them. So: here,
 * until some were made to wait; then on the thread pool, until they are quick again there.
 *
 * One that took long because others had the core waited for no disk: the thread pool would only add
 * to what the cores have to do. And one that had to wait for a moment comes back late on a busy
 * machine. So it takes several.
 */
import { threadWaits } from "./thread-waits.ts";

/** Milliseconds. */
export interface Patience {
  /** For how long one may hold the loop unnoticed. */
  readonly slow: number;
  /** Of the recent time of slow ones: above this the next ones go to the pool. */
  readonly enough: number;
  /** What is remembered at most. */
  readonly most: number;
}

/** Less than enough of it is left a second later. */
const WRITES: Patience = { slow: 10, enough: 100, most: 200 };

/** A cold disk makes each read wait, if only for some milliseconds. */
const READS: Patience = { slow: 1, enough: 20, most: 120 };

/** Milliseconds of it that are forgotten in a millisecond. */
const FORGET = 0.1;

/** Milliseconds after a slow one in which each is looked at closely: that would slow down all. */
const WATCH = 2000;

export class DiskPace {
  readonly #patience: Patience;
  readonly #now: () => number;
  readonly #waits: () => number;
  /** Milliseconds that slow ones have taken, as of `#since`. */
  #slow = 0;
  #since = 0;
  #watchedUntil = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds; for tests @param waits as `threadWaits`; for tests */
  constructor(patience = WRITES, now: () => number = () => performance.now(), waits = threadWaits) {
    this.#patience = patience;
    this.#now = now;
    this.#waits = waits;
  }

  /** Whether the next one may be made on the event loop. */
  get mayBlock(): boolean {
    return this.#slow === 0 || this.#remembered(this.#now()) <= this.#patience.enough;
  }

  /** Makes one on the event loop. The first slow one is let pass: why it was is not known. */
  here<Result>(work: () => Result): Result {
    const begun = this.#now();
    const waits = begun < this.#watchedUntil ? this.#waits() : undefined;
    const result = work();
    const took = this.#now() - begun;
    if (took <= this.#patience.slow) return result;
    if (waits !== undefined && this.#waits() !== waits) this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
    return result;
  }

  /** Makes one on the thread pool. */
  async there(work: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await work();
    const took = this.#now() - begun;
    if (took <= this.#patience.slow) return;
    this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
  }

  #remembered(now: number): number {
    return Math.max(0, this.#slow - (now - this.#since) * FORGET);
  }

  #remember(took: number): void {
    const now = this.#now();
    this.#slow = Math.min(this.#patience.most, this.#remembered(now) + took);
    this.#since = now;
  }
}

/** One of each for the process: its files share an event loop, and most likely a disk. */
export const writePace = new DiskPace();
export const readPace = new DiskPace(READS);
