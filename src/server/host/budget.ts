/** A number of bytes, or of descriptors, that many share: taken before they are used, given back after. */
import type { WindowBudget } from "../../session/flow.ts";

/** Waits until something is given back. */
export interface BudgetWaiter {
  /** Something was given back: there may be enough now. */
  onBudget(): void;
}

export class Budget implements WindowBudget {
  readonly total: number;
  #left: number;
  readonly #share: number;
  readonly #waiting = new Set<BudgetWaiter>();

  /**
   * @param share of the rest that one may take: with less than 1 the first never use it up, and the last
   *   still get a little
   */
  constructor(total: number, share = 1) {
    this.total = total;
    this.#left = total;
    this.#share = share;
  }

  /** The most that one may take now. */
  get fair(): number {
    return Math.floor(this.#left * this.#share);
  }

  get taken(): number {
    return this.total - this.#left;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  take(bytes: number): boolean {
    if (bytes > this.fair) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
    const [first] = this.#waiting;
    first?.onBudget();
  }

  /** Calls the first that waits when something is given back, until it is forgotten. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter);
  }

  forget(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter);
  }
}
