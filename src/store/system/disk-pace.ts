/**
 * Decides whether reads, or writes, are made on the event loop or on the thread pool.
 *
 * 64 KiB from or to the page cache take 7 to 15 us, less than it takes to hand them to another thread (on
 * the loop: twice the throughput, two thirds of the CPU time, measured). But when a disk cannot keep up,
 * the kernel makes each call wait, up to 200 ms, and every connection of the process with it. So calls
 * are made on the loop until some of them had to wait, then on the pool until they are quick again.
 *
 * A call that took long because other processes had the core did not wait for the disk, and the thread
 * pool would only add to the load. And on a busy machine a call that waited for a moment comes back late.
 * So a single slow call decides nothing.
 */
import { threadWaits } from "./thread-waits.ts";

/** All in milliseconds. */
interface Thresholds {
  /** A call that takes longer is slow. */
  readonly slow: number;
  /** When the slow calls of late took more than this together, the next ones go to the pool. */
  readonly enough: number;
  /** Of the time of slow calls no more than this is remembered. */
  readonly most: number;
}

/** A second after a slow call at most 100 of 200 are left: no longer more than `enough`. */
const WRITES: Thresholds = { slow: 10, enough: 100, most: 200 };

/** A cold page cache makes each read wait, if only for some milliseconds. */
const READS: Thresholds = { slow: 1, enough: 20, most: 120 };

/** Milliseconds of slow calls that are forgotten each millisecond. */
const FORGET = 0.1;

/** Milliseconds after a slow call in which the waits of each are counted: always would cost too much. */
const WATCH = 2000;

export class DiskPace {
  readonly #thresholds: Thresholds;
  readonly #now: () => number;
  readonly #waits: () => number;
  /** Milliseconds that slow calls have taken, as of `#since`. */
  #slow = 0;
  #since = 0;
  #watchedUntil = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds; for tests @param waits as `threadWaits`; for tests */
  constructor(thresholds = WRITES, now = () => performance.now(), waits = threadWaits) {
    this.#thresholds = thresholds;
    this.#now = now;
    this.#waits = waits;
  }

  /** Whether the next call may be made on the event loop. */
  get mayBlock(): boolean {
    return this.#slow === 0 || this.#remembered(this.#now()) <= this.#thresholds.enough;
  }

  /** Makes a call on the event loop. The first slow one does not count: whether it waited is not known. */
  onLoop<Result>(work: () => Result): Result {
    const begun = this.#now();
    const waits = begun < this.#watchedUntil ? this.#waits() : undefined;
    const result = work();
    const took = this.#now() - begun;
    if (took <= this.#thresholds.slow) return result;
    if (waits !== undefined && this.#waits() !== waits) this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
    return result;
  }

  /** Makes a call on the thread pool. */
  async onPool(work: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await work();
    const took = this.#now() - begun;
    if (took <= this.#thresholds.slow) return;
    this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
  }

  #remembered(now: number): number {
    return Math.max(0, this.#slow - (now - this.#since) * FORGET);
  }

  #remember(took: number): void {
    const now = this.#now();
    this.#slow = Math.min(this.#thresholds.most, this.#remembered(now) + took);
    this.#since = now;
  }
}

/** One of each for the process: its files share an event loop, and most likely a disk. */
export const writePace = new DiskPace();
export const readPace = new DiskPace(READS);
