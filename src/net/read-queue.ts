/**
 * Decides which peer is read from next. The rest of a peer's bytes that cost more than its share of a turn
 * of the event loop is read in a later turn, behind all others that wait. However many peers there are and
 * whatever they send, a turn takes about as long as TURN_WORK says.
 */
import { LEAST_SHARE, TURN_SHARE, TURN_WORK } from "../limits.ts";
import { nextTurn } from "../next-turn.ts";

export interface Reader {
  /** Reads as much as one share allows. @returns what that cost */
  readOn(): number;
}

export class ReadQueue {
  readonly #waiting = new Set<Reader>();
  /** Of this turn. */
  #left = TURN_WORK;
  #scheduled = false;

  /** This turn has taken as long as it may. */
  get isBusy(): boolean {
    return this.#left <= 0;
  }

  /** The share of a peer that sent a few bytes, which are read at once. */
  get share(): number {
    return this.#left > -TURN_WORK ? TURN_SHARE : LEAST_SHARE;
  }

  /** Puts a reader at the end, unless it waits already. */
  add(reader: Reader): void {
    this.#waiting.add(reader);
    this.#schedule();
  }

  remove(reader: Reader): void {
    this.#waiting.delete(reader);
  }

  /** Counts work that was done outside of the queue. */
  spend(work: number): void {
    this.#left -= work;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#left = TURN_WORK;
    // Those that are not done put themselves behind the others, for the next turn.
    let count = this.#waiting.size;
    for (const reader of this.#waiting) {
      if (count === 0 || this.isBusy) break;
      count -= 1;
      this.#waiting.delete(reader);
      this.#left -= reader.readOn();
    }
    if (this.#waiting.size > 0 || this.#left < TURN_WORK) this.#schedule();
  };
}
