/** One timer for all deadlines of a process: every TICK each connection checks its own. */
import { TICK } from "../limits.ts";

export interface Ticked {
  /** Throws nothing. @param now milliseconds, monotonic */
  tick(now: number): void;
}

export class Ticker {
  readonly #all = new Set<Ticked>();
  #timer: ReturnType<typeof setInterval> | undefined;

  add(ticked: Ticked): void {
    this.#all.add(ticked);
    this.#timer ??= setInterval(() => this.#tick(), TICK);
  }

  remove(ticked: Ticked): void {
    this.#all.delete(ticked);
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const ticked of this.#all) {
      try {
        ticked.tick(now);
      } catch (thrown) {
        console.error(thrown); // a defect: the deadlines of the others hold all the same
      }
    }
  }
}
