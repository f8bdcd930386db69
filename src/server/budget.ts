/** A number of bytes that many share: taken before they are used, given back after. */
import type { WindowBudget } from "../session/flow.ts";

export class Budget implements WindowBudget {
  readonly total: number;
  #left: number;
  readonly #waiting = new Set<() => void>();

  constructor(total: number) {
    this.total = total;
    this.#left = total;
  }

  get left(): number {
    return this.#left;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
    for (const wake of this.#waiting) {
      this.#waiting.delete(wake);
      wake();
      break;
    }
  }

  /** Calls `wake` once something is given back. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }
}
