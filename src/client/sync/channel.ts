/** A queue between two loops, of bounded length: the one that puts waits while it is full. */
import type { MaybePromise } from "../../store/store.ts";

export class Channel<Item> implements AsyncIterable<Item> {
  readonly #most: number;
  #items: Item[] = [];
  #isClosed = false;
  #error: unknown;
  #wakeTaker: (() => void) | undefined;
  /** Several may wait to put. */
  #wakePutters: (() => void)[] = [];

  /** @param most items that may wait in it */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns a promise where the caller has to wait for room @throws the error of `fail` */
  put(item: Item): MaybePromise<void> {
    if (this.#isClosed) throw this.#error;
    this.#items.push(item);
    this.#wakeTaker?.();
    if (this.#items.length >= this.#most) return this.#room();
  }

  /** No more items come. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Ends both loops: the one that puts gets the error, the other one gets it behind the items. */
  fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#error = error;
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for (;;) {
      while (this.#items.length > 0) {
        const item = this.#items.shift()!;
        if (this.#items.length < this.#most) for (const wake of this.#wakePutters.splice(0)) wake();
        yield item;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => (this.#wakeTaker = resolve));
    }
  }

  /** Items that were put and not taken, once it has ended. */
  rest(): Item[] {
    return this.#items.splice(0);
  }

  async #room(): Promise<void> {
    while (this.#items.length >= this.#most && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wakePutters.push(resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #wake(): void {
    this.#wakeTaker?.();
    for (const wake of this.#wakePutters.splice(0)) wake();
  }
}
