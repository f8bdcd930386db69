/**
 * Which trees store their items in a turn of the event loop: all of a process take turns, and together they store
 * TURN_ITEMS of them. So a turn does not become longer with the number of clients.
 */
import { TURN_ITEMS } from "../limits.ts";
import { nextTurn } from "../next-turn.ts";

export interface TurnTaker {
  /** It is its turn again. Throws nothing. */
  onTurn(): void;
}

export class ItemTurns {
  #left = TURN_ITEMS;
  #isScheduled = false;
  /** In the order in which their turns come. */
  readonly #waiting = new Set<TurnTaker>();

  /** @returns whether it may store an item now; if not, `onTurn` is called in a later turn of the event loop */
  take(taker: TurnTaker): boolean {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      nextTurn(this.#next);
    }
    if (this.#left > 0) {
      this.#left -= 1;
      return true;
    }
    this.#waiting.add(taker);
    return false;
  }

  /** It has nothing to store any more. */
  forget(taker: TurnTaker): void {
    this.#waiting.delete(taker);
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#left = TURN_ITEMS;
    // One that takes all of this turn waits behind the others.
    for (const taker of this.#waiting) {
      if (this.#left === 0) break;
      this.#waiting.delete(taker);
      taker.onTurn();
    }
    if (this.#waiting.size === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    nextTurn(this.#next);
  };
}

/** Of this process: its trees share an event loop. */
export const itemTurns = new ItemTurns();
