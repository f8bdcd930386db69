/** A number of bytes that many share: taken before they are used, given back after. */
import type { WindowBudget } from "../../session/flow.ts";

/** Needs more than there was. */
export interface BudgetWaiter {
  /** Something was given back: there may be enough. */
  onBudget(): void;
}

export class Budget implements WindowBudget {
  readonly total: number;
  #left: number;
  readonly #share: number;
  readonly #waiting = new Set<BudgetWaiter>();

  /**
   * @param total bytes
   * @param share of what is left that one may take: with less than 1 the first never use it up, and
   *   the last still get a little
   */
  constructor(total: number, share = 1) {
    this.total = total;
    this.#left = total;
    this.#share = share;
  }

  /** Bytes that one may take now. */
  get fair(): number {
    return Math.floor(this.#left * this.#share);
  }

  /** Those that need more than there is. */
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

  /** Tells the first that waits when something is given back, until it says `forget`. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter);
  }

  forget(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter);
  }
}
