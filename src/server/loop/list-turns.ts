/**
 * The lists of a connection take turns: for one page at a time there is memory, of a budget that all connections share.
 * A page takes more of it while it is made, and then its bytes until it is sent.
 */
import type { Connection } from "../../connection/connection.ts";
import { PAGE_BYTES, PAGE_MAKING, PAGE_PATIENCE, SILENCE } from "../../limits.ts";
import type { Budget, BudgetWaiter } from "../host/budget.ts";

/** A list that waits for its turn. */
interface Waiting {
  readonly stream: number;
  /** @param granted whether it may make a page; else its stream is over */
  readonly go: (granted: boolean) => void;
}

export class ListTurns implements BudgetWaiter {
  readonly #connection: Connection;
  readonly #budget: Budget;
  #waiting: Waiting[] = [];
  /** The page that takes memory: being made, or not yet sent. */
  #page: "none" | "made" | "unsent" = "none";
  /** Bytes of the budget that the page takes. */
  #bytes = 0;
  /** When the page was made, in milliseconds. */
  since = 0;
  #closed = false;

  constructor(connection: Connection, budget: Budget) {
    this.#connection = connection;
    this.#budget = budget;
  }

  /**
   * Waits for the turn of a list.
   * @returns whether it may make a page: `made` is to be called behind it. Else its stream is over
   */
  turn(stream: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((go) => {
      this.#waiting.push({ stream, go });
      this.#next();
    });
  }

  /** The page of this turn was made, or is none: the stream is over. */
  made(): void {
    if (this.#closed) return this.#give();
    this.#page = "unsent";
    this.since = this.#connection.now;
    this.onRoom();
    if (this.#page === "unsent") this.#giveBytes(this.#bytes - PAGE_BYTES); // it is encoded
  }

  /** A stream is over: its list waits no longer. */
  forget(stream: number): void {
    const waiting = this.#waiting.find((each) => each.stream === stream);
    if (waiting === undefined) return;
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    if (this.#waiting.length === 0) this.#budget.forget(this);
    waiting.go(false);
  }

  /** The connection is closed, and all of its streams are forgotten. */
  close(): void {
    this.#closed = true;
    if (this.#page === "unsent") this.#give();
  }

  /** Buffers went out: there may be room for the next page. */
  onRoom(): void {
    if (this.#page !== "unsent" || this.#connection.session.unsentControls > 0) return;
    this.#give();
    this.#next();
  }

  /** Memory of a page was given back: there may be enough. */
  onBudget(): void {
    this.#next();
  }

  /** Whether lists wait for memory that others have. */
  get isStarved(): boolean {
    return this.#page === "none" && this.#waiting.length > 0;
  }

  /** Whether the client does not read its page; asked when lists of others wait for the memory. */
  keepsPage(now: number): boolean {
    if (this.#page !== "unsent") return false;
    const { blockedSince = now } = this.#connection;
    return now - blockedSince > SILENCE || now - this.since > PAGE_PATIENCE;
  }

  /** Its client is given up, and the page with it. */
  cut(): void {
    this.#connection.cut();
  }

  #next(): void {
    const next = this.#waiting[0];
    if (this.#page !== "none" || next === undefined) return;
    const bytes = Math.min(PAGE_MAKING, this.#budget.total);
    if (!this.#budget.take(bytes)) return this.#budget.wait(this);
    this.#budget.forget(this);
    this.#page = "made";
    this.#bytes = bytes;
    this.#waiting.shift();
    next.go(true);
  }

  #give(): void {
    this.#page = "none";
    this.#giveBytes(this.#bytes);
  }

  #giveBytes(bytes: number): void {
    this.#bytes -= bytes;
    this.#budget.give(bytes);
  }
}
