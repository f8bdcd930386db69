/**
 * Puts a long file on disk while it is still being written, so that the sync at its end has little left to
 * do: a disk that is as fast as the network then works at the same time, and not after it.
 */
import { WRITE_BEHIND } from "../../limits.ts";

/** One sync of the process at a time: it may take seconds, and other work needs the thread pool. */
let isBusy = false;

export class WriteBehind {
  readonly #sync: () => Promise<unknown>;
  /** The size of the file at which the next sync is due, in bytes. */
  #due = WRITE_BEHIND;
  #running: Promise<unknown> | undefined;
  #error: { readonly cause: unknown } | undefined;

  /** @param sync puts on disk what was written so far */
  constructor(sync: () => Promise<unknown>) {
    this.#sync = sync;
  }

  /** Resolves when no sync runs any more; undefined when none does. */
  get running(): Promise<unknown> | undefined {
    return this.#running;
  }

  /** Bytes were written. @param size of the file now */
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
   * The kernel reports only once that bytes were lost: a later sync may succeed, also by a descriptor that
   * was opened since. So after an error the file on disk is not relied on any more.
   * @throws the error of a sync that failed
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error.cause;
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }
}
