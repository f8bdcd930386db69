/** Work of a pass that goes on while other pairs are looked at: removals, comparisons, links. */
import { SYNC_AT_ONCE } from "../../limits.ts";
import type { MaybePromise } from "../../store/store.ts";

export class Running {
  readonly #all = new Set<Promise<void>>();

  /** Begins more work. @returns a promise where there is too much of it */
  start(work: () => Promise<void>): MaybePromise<void> {
    const running = work();
    this.#all.add(running);
    const end = (): void => void this.#all.delete(running);
    running.then(end, () => {}); // a failure of the sync is thrown where it is waited for
    if (this.#all.size >= SYNC_AT_ONCE) return Promise.race(this.#all);
  }

  /** Resolves when nothing runs. @throws a failure of the sync */
  async settled(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all);
  }

  /** Resolves when nothing runs, whatever comes of it. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
