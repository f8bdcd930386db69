/** The outcomes of the items of a tree: each is sent when it is known, and when those before it were. */
import type { MaybePromise } from "../store/store.ts";
import type { OutgoingQueue } from "../transfer/outgoing-queue.ts";
import type { TreeOutcome } from "../wire/gen/messages.ts";
import { encodeMessage, type Init } from "../wire/plain.ts";

/** An item whose outcome has not been sent. */
interface Slot {
  /** undefined until it is known. */
  outcome: Init<TreeOutcome> | undefined;
  /** Does the work of the item, which waits for those before it. */
  begin: (() => MaybePromise<Init<TreeOutcome>>) | undefined;
}

export class ItemOutcomes {
  readonly #queue: OutgoingQueue;
  readonly #onEnded: () => void;
  /** From the first item whose outcome is not known. */
  #slots: Slot[] = [];
  /** Items whose work is not done yet. */
  running = 0;
  /** Nothing more begins. */
  isOver = false;

  /** @param onEnded called when the work of an item was done that took its time */
  constructor(queue: OutgoingQueue, onEnded: () => void) {
    this.#queue = queue;
    this.#onEnded = onEnded;
  }

  /** Items whose outcomes have not been sent. */
  get waiting(): number {
    return this.#slots.length;
  }

  known(outcome: Init<TreeOutcome>): void {
    if (this.#slots.length > 0) this.#slots.push({ outcome, begin: undefined });
    else this.#send(outcome);
  }

  /** @param coming never rejects @param done called when it has come */
  later(coming: Promise<Init<TreeOutcome>>, done: () => void): void {
    const slot: Slot = { outcome: undefined, begin: undefined };
    this.#slots.push(slot);
    this.#wait(slot, coming, done);
  }

  /** @param begin called when all items before have their outcomes; neither throws nor rejects */
  afterwards(begin: () => MaybePromise<Init<TreeOutcome>>): void {
    this.#slots.push({ outcome: undefined, begin });
    this.#flush();
  }

  #wait(slot: Slot, coming: Promise<Init<TreeOutcome>>, done?: () => void): void {
    this.running += 1;
    void coming.then((outcome) => {
      slot.outcome = outcome;
      this.running -= 1;
      done?.();
      this.#flush();
      this.#onEnded();
    });
  }

  /** Sends the outcomes that are known, up to the first that is not. */
  #flush(): void {
    let known = 0;
    for (const slot of this.#slots) {
      if (slot.begin !== undefined && !this.isOver) this.#begin(slot, slot.begin);
      if (slot.outcome === undefined) break;
      this.#send(slot.outcome);
      known += 1;
    }
    this.#slots = this.#slots.slice(known);
  }

  #begin(slot: Slot, begin: () => MaybePromise<Init<TreeOutcome>>): void {
    slot.begin = undefined;
    const outcome = begin();
    if (outcome instanceof Promise) this.#wait(slot, outcome);
    else slot.outcome = outcome;
  }

  #send(outcome: Init<TreeOutcome>): void {
    this.#queue.push(encodeMessage("TreeOutcome", outcome, true));
  }
}
