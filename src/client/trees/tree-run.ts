/**
 * The transfers of a tree that are under way, and what came of each in the order they ended. One
 * walk begins them, one caller reads the outcomes. Each waits for the other: a tree of a million
 * files takes no more memory than one of a thousand.
 */
import { LeatError } from "../../errors.ts";
import { TREE_BYTES, TREE_OUTCOMES } from "../../limits.ts";
import { onAbort } from "../connection/abortable.ts";
import { threw } from "../connection/callbacks.ts";
import type { LeftOut, TreeOptions, TreeOutcome } from "./tree.ts";

export class TreeRun {
  readonly #limit: number;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #stop = new AbortController();
  #running = 0;
  /** Bytes of all transfers together, as they are told of. */
  #moved = 0;
  #bytes = 0;
  #outcomes: TreeOutcome[] = [];
  /** Wakes the walk, which waits for room. */
  #room: (() => void) | undefined;
  /** Wakes whoever reads outcomes. */
  #news: (() => void) | undefined;
  #walked = false;
  /** What ends all of it, not one file. */
  #error: LeatError | undefined;
  #links = 0;
  #others = 0;
  #example: string | undefined;

  /** @param limit transfers at once */
  constructor(limit: number, { signal, onProgress }: TreeOptions) {
    this.#limit = limit;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** Aborted when everything is to end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get leftOut(): LeftOut {
    return { links: this.#links, others: this.#others, example: this.#example };
  }

  /** A link was met, or what is neither file nor folder. */
  leaveOut(path: string, isLink: boolean): void {
    if (isLink) this.#links += 1;
    else this.#others += 1;
    this.#example ??= path;
  }

  /**
   * Waits until one more transfer may begin.
   * @param bytes that it may hold in memory
   * @throws what ended the run
   */
  async room(bytes: number): Promise<void> {
    while (this.#error === undefined && !this.#has(bytes)) {
      await new Promise<void>((resolve) => (this.#room = resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** As `room`, without waiting: whether there is. */
  hasRoom(bytes: number): boolean {
    return this.#error === undefined && this.#has(bytes);
  }

  /** Bytes arrived, or left. */
  moved(bytes: number): void {
    this.#moved += bytes;
    if (this.#onProgress !== undefined) this.callBack("onProgress", this.#onProgress, this.#moved);
  }

  /** Calls a callback of the caller, if there is one. When it throws, that ends everything. */
  callBack<Arguments extends unknown[]>(
    name: string,
    callback: ((...args: Arguments) => void) | undefined,
    ...args: Arguments
  ): void {
    try {
      callback?.(...args);
    } catch (thrown) {
      // In the middle of a write or read that others are in as well: it comes to its end.
      queueMicrotask(() => this.fail(threw(name, thrown)));
    }
  }

  begin(bytes: number): void {
    this.#running += 1;
    this.#bytes += bytes;
  }

  end(bytes: number, outcome: TreeOutcome): void {
    this.#running -= 1;
    this.#bytes -= bytes;
    this.tell(outcome);
    this.#wakeWalk();
  }

  tell(outcome: TreeOutcome): void {
    this.#outcomes.push(outcome);
    this.#news?.();
  }

  /** Ends everything: one reason for all that is under way, and not one for each. */
  fail(error: LeatError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#stop.abort(error);
    this.#wakeWalk();
    this.#news?.();
  }

  /** Runs the walk, and gives what comes of its transfers. @throws what ended the run */
  async *outcomes(walk: () => Promise<void>): AsyncGenerator<TreeOutcome, LeftOut> {
    const release = onAbort(this.#signal, (error) => this.fail(error));
    const walking = walk()
      .catch((thrown: unknown) => this.fail(LeatError.from(thrown)))
      .finally(() => {
        this.#walked = true;
        this.#news?.();
      });
    try {
      while (!this.#walked || this.#running > 0 || this.#outcomes.length > 0) {
        const outcomes = this.#outcomes;
        this.#outcomes = [];
        this.#wakeWalk();
        if (outcomes.length === 0) {
          await new Promise<void>((resolve) => (this.#news = resolve));
        }
        for (const outcome of outcomes) if (!this.#isSaid(outcome)) yield outcome;
      }
      if (this.#error !== undefined) throw this.#error;
      return this.leftOut;
    } finally {
      this.fail(new LeatError("CANCELLED", "it was given up"));
      release();
      await walking;
      while (this.#running > 0) await new Promise<void>((resolve) => (this.#news = resolve));
    }
  }

  /** It failed for the reason that ends all of it. */
  #isSaid({ error }: TreeOutcome): boolean {
    return error !== undefined && error.code === this.#error?.code;
  }

  #has(bytes: number): boolean {
    if (this.#running === 0) return true;
    if (this.#running >= this.#limit || this.#outcomes.length >= TREE_OUTCOMES) return false;
    return this.#bytes + bytes <= TREE_BYTES;
  }

  #wakeWalk(): void {
    const wake = this.#room;
    this.#room = undefined;
    wake?.();
  }
}
