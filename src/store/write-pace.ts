/**
 * Whether writes may be made on the event loop.
 *
 * A write into the page cache takes 15 us for 64 KiB, less than it takes to ask another thread for
 * it (twice the throughput, two thirds of the CPU time, measured). But when a disk cannot follow, the
 * kernel makes writers wait, up to 200 ms a write, and every connection of the process with them. So:
 * here, until a write was slow; then on the thread pool, until writes there are quick again.
 */

/** Milliseconds that a write may hold the loop before the next ones go to the thread pool. */
const SLOW = 10;

/** Milliseconds that writes stay on the thread pool after a slow one. */
const REST = 1000;

export class WritePace {
  readonly #now: () => number;
  #restUntil = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds; for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether the next write may be made on the event loop. */
  get mayBlock(): boolean {
    return this.#now() >= this.#restUntil;
  }

  /** @returns when a write begins, to be told to `end` */
  begin(): number {
    return this.#now();
  }

  end(begun: number): void {
    const now = this.#now();
    if (now - begun > SLOW) this.#restUntil = now + REST;
  }
}

/** One for the process: its files share an event loop, and most likely a disk. */
export const writePace = new WritePace();
