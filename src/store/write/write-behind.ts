/**
 * Puts a long file on disk while it still comes, so that the sync at its end has little left to do: a
 * disk that is as quick as the network works at the same time, and not after it.
 */
import { WRITE_BEHIND } from "../../limits.ts";

/** One for the process at a time: a call may take seconds, and the thread pool has others to serve. */
let isBusy = false;

export class WriteBehind {
  readonly #sync: () => Promise<void>;
  /** Of how many bytes the next sync makes sense. */
  #due = WRITE_BEHIND;
  #running: Promise<void> | undefined;
  #error: { readonly cause: unknown } | undefined;

  /** @param sync puts on disk what was written so far */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when nothing runs any more; undefined when nothing does. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** @param size bytes that the file has by now */
  written(size: number): void {
    if (size < this.#due || isBusy) return;
    this.#due = size + WRITE_BEHIND;
    isBusy = true;
    this.#running = this.#sync()
      .catch((cause: unknown) => {
        this.#error ??= { cause };
      })
      .finally(() => {
        isBusy = false;
        this.#running = undefined;
      });
  }

  /**
   * The kernel tells once that bytes were lost: a later sync may succeed, also by a descriptor that
   * was opened since. So what is on disk is not to be relied on any more, by anybody.
   * @throws what a sync said
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error.cause;
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }
}
