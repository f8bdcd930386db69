/** Credit of one stream, in bytes of payload: the receiver of Data grants it, the sender spends it. */
import { LeatError } from "../errors.ts";
import { CREDIT_STEP } from "../limits.ts";

/** Memory for what windows are larger than at first. */
export interface WindowBudget {
  /** @returns false where it is used up: the window stays as it is */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Two, so that the windows of long links take nothing from transfers that begin. */
export interface WindowBudgets {
  /** For a transfer that begins. */
  readonly begin: WindowBudget;
  /** For a window that grows because the round trip holds the sender back. */
  readonly grow: WindowBudget;
}

const BOTTOMLESS: WindowBudget = { take: () => true, give: () => {} };

/** For a client: it has few streams, each bounded by maxWindow. */
export const UNBOUNDED: WindowBudgets = { begin: BOTTOMLESS, grow: BOTTOMLESS };

/** The receiver's side: bytes granted, received, consumed. */
export class ReceiveWindow {
  /** Bytes that may be on their way or not consumed. */
  #size: number;
  readonly #most: number;
  readonly #budgets: WindowBudgets;
  /** To be given back to the budgets. */
  #borrowedToBegin = 0;
  #borrowedToGrow = 0;
  #granted: number;
  #received = 0;
  #consumed = 0;
  #epochStart = 0;
  #epochConsumed = 0;

  /**
   * @param initial bytes granted when the stream opens
   * @param most how far the window may grow, in bytes
   */
  constructor(initial: number, most: number, budgets: WindowBudgets) {
    this.#size = initial;
    this.#granted = initial;
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

  /** Books arriving bytes. @throws FLOW_CONTROL when they are more than was granted */
  receive(bytes: number): void {
    if (this.#received + bytes > this.#granted) {
      const left = this.#granted - this.#received;
      throw new LeatError(
        "FLOW_CONTROL",
        `${bytes} bytes of data arrived where ${left} bytes of credit were left`,
      );
    }
    this.#received += bytes;
  }

  /** The stream is over: takes back the credit that is left. @returns how much that is */
  forfeit(): number {
    const left = this.#granted - this.#received;
    this.#granted = this.#received;
    return left;
  }

  /**
   * Books consumed bytes.
   * @param now milliseconds
   * @param roundTrip milliseconds; 0 while unknown
   * @returns credit to send now, in bytes; 0 while less than a quarter of the window is free, and less
   *   than CREDIT_STEP. With half of it, one half could lie idle while the other one is under way
   */
  consume(bytes: number, now: number, roundTrip: number): number {
    this.#consumed += bytes;
    this.#epochConsumed += bytes;
    this.#adapt(now, roundTrip);
    const owed = this.#consumed + this.#size - this.#granted;
    if (owed < Math.min(this.#size / 4, CREDIT_STEP)) return 0;
    this.#granted += owed;
    return owed;
  }

  /** Makes the window `size`, or as much of it as there is memory. @returns credit to send now */
  widen(size: number): number {
    const more = this.enlarge(size);
    this.#granted += more;
    return more;
  }

  /** The same, before credit may be sent: `consume` grants it then. @returns how much larger it is */
  enlarge(size: number): number {
    for (let more = size - this.#size; more >= 1; more = Math.floor(more / 2)) {
      if (this.#borrow("begin", more)) return more;
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
   * By four when that took less than a quarter: then bytes come all at once, and none for a long time.
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
