/**
 * Whether writes may be made on the event loop.
 *
 * A write into the page cache takes 15 us for 64 KiB, less than it takes to ask another thread for
 * it (twice the throughput, two thirds of the CPU time, measured). But when a disk cannot follow, the
 * kernel makes writers wait, up to 200 ms a write, and every connection of the process with them. So:
 * here, until a write was made to wait; then on the thread pool, until writes there are quick again.
 *
 * A write that took long because others had the core waited for no disk: the thread pool would only
 * add to what the cores have to do. And one that had to wait for a moment comes back late on a busy
 * machine. So it takes several.
 */
import { threadWaits } from "./thread-waits.ts";

/** Milliseconds that a write may hold the loop unnoticed. */
const SLOW = 10;

/** Of the recent time of slow writes, in milliseconds: above this the next ones go to the pool. */
const ENOUGH = 100;

/** What is remembered at most: less than ENOUGH of it is left a second later. */
const MOST = 200;

/** Milliseconds of it that are forgotten in a millisecond. */
const FORGET = 0.1;

/** Milliseconds after a slow write in which each is looked at closely: that would slow down all. */
const WATCH = 2000;

export class WritePace {
  readonly #now: () => number;
  readonly #waits: () => number;
  /** Milliseconds that slow writes have taken, as of `#since`. */
  #slow = 0;
  #since = 0;
  #watchedUntil = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds; for tests @param waits as `threadWaits`; for tests */
  constructor(now: () => number = () => performance.now(), waits = threadWaits) {
    this.#now = now;
    this.#waits = waits;
  }

  /** Whether the next write may be made on the event loop. */
  get mayBlock(): boolean {
    return this.#slow === 0 || this.#remembered(this.#now()) <= ENOUGH;
  }

  /** Makes a write on the event loop. The first slow one is let pass: why it was is not known. */
  here(write: () => void): void {
    const begun = this.#now();
    const waits = begun < this.#watchedUntil ? this.#waits() : undefined;
    write();
    const took = this.#now() - begun;
    if (took <= SLOW) return;
    if (waits !== undefined && this.#waits() !== waits) this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
  }

  /** Makes a write on the thread pool. */
  async there(write: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await write();
    const took = this.#now() - begun;
    if (took <= SLOW) return;
    this.#remember(took);
    this.#watchedUntil = this.#now() + WATCH;
  }

  #remembered(now: number): number {
    return Math.max(0, this.#slow - (now - this.#since) * FORGET);
  }

  #remember(took: number): void {
    const now = this.#now();
    this.#slow = Math.min(MOST, this.#remembered(now) + took);
    this.#since = now;
  }
}

/** One for the process: its files share an event loop, and most likely a disk. */
export const writePace = new WritePace();
