/**
 * Credit of one stream. The receiver of Data promises bytes; the sender spends them.
 */
import { LeatError } from "../errors.ts";
import { CREDIT_STEP } from "../limits.ts";

/** Memory that windows beyond the initial ones are promised from. */
export interface WindowBudget {
  /** @returns false where it is used up: the window stays as it is */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Two, so that what long links make of their windows takes nothing from those who begin. */
export interface WindowBudgets {
  /** For what a transfer needs when it begins. */
  readonly begin: WindowBudget;
  /** For what it grows by when the round trip holds it back. */
  readonly grow: WindowBudget;
}

const BOTTOMLESS: WindowBudget = { take: () => true, give: () => {} };

/** For a peer that bounds itself otherwise: a client has few streams, and maxWindow. */
export const UNBOUNDED: WindowBudgets = { begin: BOTTOMLESS, grow: BOTTOMLESS };

/** The receiver's side: what was promised, what came, what was consumed. */
export class ReceiveWindow {
  /** Bytes that may be on their way or unconsumed at any time. */
  #size: number;
  readonly #most: number;
  readonly #budgets: WindowBudgets;
  /** What is to be given back to the budgets. */
  #borrowedToBegin = 0;
  #borrowedToGrow = 0;
  #promised: number;
  #received = 0;
  #consumed = 0;
  #epochStart = 0;
  #epochConsumed = 0;

  /**
   * @param initial bytes promised when the stream opens
   * @param most how far the window may grow, in bytes
   */
  constructor(initial: number, most: number, budgets: WindowBudgets) {
    this.#size = initial;
    this.#promised = initial;
    this.#most = most;
    this.#budgets = budgets;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes received and not yet consumed. */
  get held(): number {
    return this.#received - this.#consumed;
  }

  /** Books arriving bytes. @throws FLOW_CONTROL when they are more than was promised */
  receive(bytes: number): void {
    if (this.#received + bytes > this.#promised) {
      const left = this.#promised - this.#received;
      throw new LeatError(
        "FLOW_CONTROL",
        `${bytes} bytes of data arrived where ${left} bytes of credit were left`,
      );
    }
    this.#received += bytes;
  }

  /** The stream is over. @returns the credit that was left, which is worth nothing any more */
  forfeit(): number {
    const left = this.#promised - this.#received;
    this.#promised = this.#received;
    return left;
  }

  /**
   * Books consumed bytes.
   * @param now milliseconds
   * @param roundTrip milliseconds, as far as known
   * @returns credit to send now, in bytes; 0 while less than half of the window is free, and less
   *   than CREDIT_STEP
   */
  consume(bytes: number, now: number, roundTrip: number): number {
    this.#consumed += bytes;
    this.#epochConsumed += bytes;
    this.#adapt(now, roundTrip);
    const owed = this.#consumed + this.#size - this.#promised;
    if (owed < Math.min(this.#size / 2, CREDIT_STEP)) return 0;
    this.#promised += owed;
    return owed;
  }

  /** Makes the window `size`, or as much of it as there is memory. @returns credit to send now */
  widen(size: number): number {
    for (let more = size - this.#size; more >= 1; more = Math.floor(more / 2)) {
      if (!this.#borrow("begin", more)) continue;
      this.#promised += more;
      return more;
    }
    return 0;
  }

  /** The stream is over: gives back what was borrowed. */
  release(): void {
    if (this.#borrowedToBegin > 0) this.#budgets.begin.give(this.#borrowedToBegin);
    if (this.#borrowedToGrow > 0) this.#budgets.grow.give(this.#borrowedToGrow);
    this.#borrowedToBegin = 0;
    this.#borrowedToGrow = 0;
  }

  #borrow(from: keyof WindowBudgets, more: number): boolean {
    if (!this.#budgets[from].take(more)) return false;
    if (from === "begin") this.#borrowedToBegin += more;
    else this.#borrowedToGrow += more;
    this.#size += more;
    return true;
  }

  /**
   * Doubles the window when half of it went by in less than a round trip: then the window, not the
   * network, may be what holds the sender back. So it ends at two to four times what is under way.
   * By four when that took less than a quarter: bytes come at once, and then none for a long time.
   */
  #adapt(now: number, roundTrip: number): void {
    if (this.#epochConsumed < this.#size / 2) return;
    const took = this.#epochStart === 0 ? roundTrip : now - this.#epochStart;
    const multiplied = took < roundTrip / 4 && this.#multiply(4);
    if (!multiplied && took < roundTrip) this.#multiply(2);
    this.#epochStart = now;
    this.#epochConsumed = 0;
  }

  #multiply(by: number): boolean {
    const more = Math.min(this.#size * by, this.#most) - this.#size;
    return more > 0 && this.#borrow("grow", more);
  }
}

/** The sender's side. */
export class SendWindow {
  readonly #initial: number;
  #credit: number;
  #total: number;

  constructor(initial: number) {
    this.#initial = initial;
    this.#credit = initial;
    this.#total = initial;
  }

  /** Bytes that may be sent now. */
  get credit(): number {
    return this.#credit;
  }

  /** Bytes that were sent, and for which no credit has come. */
  get owed(): number {
    return Math.max(0, this.#initial - this.#credit);
  }

  /** @throws FLOW_CONTROL when the sum passes 2^53 - 1, or for a grant of nothing */
  add(bytes: number): void {
    if (bytes === 0) throw new LeatError("FLOW_CONTROL", "a credit of 0 bytes grants nothing");
    if (this.#total + bytes > Number.MAX_SAFE_INTEGER) {
      throw new LeatError("FLOW_CONTROL", `credit of ${bytes} bytes more passes 2^53 - 1 in total`);
    }
    this.#total += bytes;
    this.#credit += bytes;
  }

  spend(bytes: number): void {
    this.#credit -= bytes;
  }
}
