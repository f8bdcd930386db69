/**
 * The transfers of a tree, and their outcomes in the order in which they end. One walk begins them, one
 * caller reads the outcomes. The walk waits when too many are unread, so that a tree of a million files
 * takes no more memory than one of a thousand.
 */
import { LeatError } from "../../errors.ts";
import { TREE_BYTES, TREE_FOLDERS, TREE_OUTCOMES } from "../../limits.ts";
import { onAbort } from "../connection/abortable.ts";
import { callBackSafely } from "../connection/callbacks.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import {
  type LeftOut,
  type RootFeed,
  type Roots,
  type TreeOptions,
  type TreeOutcome,
  type TreeRoot,
  outcomeOf,
} from "./tree.ts";

/** Ends a transfer: with its outcome, or when that is known; undefined is not reported. A promise that rejects is a failure of the file. */
export type EndTransfer = (outcome: MaybePromise<TreeOutcome | undefined>) => void;

export class TreeRun {
  readonly #link: ReconnectingLink;
  /** How many transfers run at once. */
  readonly #limit: number;
  /** How many requests the server takes at once. */
  readonly #streams: number;
  /** Transfers of small files, which watch no signal of their own. */
  readonly small = new Set<{ cancel(error: LeatError): void }>();
  readonly #options: TreeOptions;
  readonly #stop = new AbortController();
  #running = 0;
  /** How many items hold each folder open: they go on a stream together, and have room of their own. */
  readonly #folders = new Map<LocalFolder, number>();
  /** Bytes that all transfers have moved so far. */
  #moved = 0;
  /** Bytes that the running transfers may hold in memory. */
  #held = 0;
  #outcomes: TreeOutcome[] = [];
  /** Wake those that wait for room. */
  #wakeForRoom: (() => void)[] = [];
  /** Wakes the reader of outcomes. */
  #wakeReader: (() => void) | undefined;
  #walked = false;
  /** The reason that ended the run. */
  #error: LeatError | undefined;
  /** The roots that come while others are moved. */
  #feed: RootFeed | undefined;
  readonly #leftOut = { links: 0, others: 0, example: undefined as string | undefined };

  constructor(link: ReconnectingLink, options: TreeOptions) {
    this.#link = link;
    this.#streams = link.current.connection.session.streams.max;
    this.#limit = Math.min(this.#streams, options.jobs ?? Infinity);
    this.#options = options;
  }

  /** Aborted when the run ends. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Counts a link, or an entry that is neither file nor folder. */
  leaveOut(path: string, isLink: boolean): void {
    this.#leftOut[isLink ? "links" : "others"] += 1;
    this.#leftOut.example ??= path;
  }

  /**
   * Waits until one more transfer may begin.
   * @param bytes that it may hold in memory
   * @throws the error that ended the run
   */
  room(bytes: number): Promise<void> {
    return this.#waitFor(() => this.hasRoom(bytes));
  }

  /** Whether one more transfer may begin now. */
  hasRoom(bytes: number): boolean {
    if (this.#error !== undefined) return false;
    if (this.#outcomes.length >= TREE_OUTCOMES) return false;
    if (this.#running === 0) return true;
    if (this.#running >= this.#limit) return false;
    return this.#held + bytes <= TREE_BYTES;
  }

  /** Whether one more item may go on a stream with others now. */
  get hasItemRoom(): boolean {
    if (this.#error !== undefined || this.#folders.size >= TREE_FOLDERS) return false;
    if (this.#running >= this.#streams) return false; // folders that get their attributes
    return this.#outcomes.length < TREE_OUTCOMES;
  }

  /** Waits until one more item may. @throws the error that ended the run */
  itemRoom(): Promise<void> {
    return this.#waitFor(() => this.hasItemRoom);
  }

  /** Whether outcomes may be reported that no transfer leads to: a server can send failures without end. */
  get hasReportRoom(): boolean {
    return this.#error !== undefined || this.#outcomes.length < TREE_OUTCOMES;
  }

  /** Waits until they may. */
  reportRoom(): Promise<void> {
    return this.#waitFor(() => this.hasReportRoom);
  }

  async #waitFor(hasRoom: () => boolean): Promise<void> {
    while (!hasRoom()) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => void this.#wakeForRoom.push(resolve));
    }
  }

  /** Bytes of a file arrived, or were sent. */
  moved(bytes: number, file: TreeRoot): void {
    const { onProgress } = this.#options;
    this.#moved += bytes;
    if (onProgress === undefined) return;
    callBackSafely(this.#fail, "onProgress", onProgress, this.#moved, file);
  }

  /** The signal and the callbacks for the transfer of one file: its progress counts as that of the run. */
  hooks(file: TreeRoot) {
    let before = 0;
    return {
      signal: this.signal,
      onProgress: (bytes: number): void => {
        this.moved(bytes - before, file);
        before = bytes;
      },
      onResume: (offset: number, size: number): void => {
        before = offset;
        callBackSafely(this.#fail, "onResume", this.#options.onResume, file, offset, size);
      },
    };
  }

  /**
   * Counts the transfer of a file that begins.
   * @param bytes that it may hold in memory
   * @param folder stays open until the transfer ends
   * @returns ends it
   */
  begin(file: TreeRoot, bytes: number, folder?: LocalFolder): EndTransfer {
    this.#running += 1;
    this.#held += bytes;
    return this.#ending(file, folder, () => {
      this.#running -= 1;
      this.#held -= bytes;
    });
  }

  /** As `begin`, for an item that goes on a stream with others. */
  beginItem(item: TreeRoot, folder: LocalFolder): EndTransfer {
    this.#folders.set(folder, (this.#folders.get(folder) ?? 0) + 1);
    return this.#ending(item, folder, () => {
      const left = this.#folders.get(folder)! - 1;
      if (left > 0) this.#folders.set(folder, left);
      else this.#folders.delete(folder);
    });
  }

  #ending(file: TreeRoot, folder: LocalFolder | undefined, onEnd: () => void): EndTransfer {
    folder?.hold();
    const end = (outcome: TreeOutcome | undefined): void => {
      if (outcome !== undefined) this.report(outcome);
      folder?.[Symbol.dispose](); // which may begin something else
      onEnd();
      this.#wakeReader?.();
      this.#wakeWalk();
    };
    return (outcome) => {
      if (!(outcome instanceof Promise)) return end(outcome);
      void outcome.catch((thrown: unknown) => this.failed(file, "FILE", thrown)).then(end);
    };
  }

  /** Whether a transfer or an item has not ended. */
  get #isMoving(): boolean {
    return this.#running > 0 || this.#folders.size > 0;
  }

  report(outcome: TreeOutcome): void {
    this.#outcomes.push(outcome);
    this.#wakeReader?.();
  }

  /** Runs a step of the walk. A failure is the outcome of this item, and the rest goes on. */
  async attempt(
    item: TreeRoot,
    kind: TreeOutcome["kind"],
    step: () => Promise<void>,
  ): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      this.report(this.failed(item, kind, thrown));
    }
  }

  /** The outcome of an item that failed. A lost connection ends the run. */
  failed(item: TreeRoot, kind: TreeOutcome["kind"], thrown: unknown): TreeOutcome {
    const error = LeatError.from(thrown);
    if (this.#link.isLostBy(error)) this.#fail(error);
    return outcomeOf(item, { kind, error });
  }

  /** Ends the run, with one error in place of one for each transfer under way. */
  readonly #fail = (error: LeatError): void => {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#stop.abort(error);
    this.#feed?.fail(error);
    for (const transfer of this.small) transfer.cancel(error);
    this.#wakeWalk();
    this.#wakeReader?.();
  };

  /**
   * Walks the roots one after another, and yields the outcomes of the transfers that this begins.
   * @param end called behind the last root
   * @throws the error that ended the run
   */
  async *outcomes(
    roots: Roots,
    walk: (root: TreeRoot) => Promise<void>,
    end?: () => MaybePromise<void>,
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    const release = onAbort(this.#options.signal, this.#fail);
    const walking = this.#walk(roots, walk, end);
    try {
      while (!this.#walked || this.#isMoving || this.#outcomes.length > 0) {
        const outcomes = this.#outcomes;
        this.#outcomes = [];
        this.#wakeWalk();
        if (outcomes.length === 0) {
          await new Promise<void>((resolve) => (this.#wakeReader = resolve));
        }
        for (const outcome of outcomes) if (!this.#isOfRun(outcome)) yield outcome;
      }
      if (this.#error !== undefined) throw this.#error;
      return this.#leftOut;
    } finally {
      this.#fail(new LeatError("CANCELLED", "it was given up"));
      release();
      await walking;
      while (this.#isMoving) await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  async #walk(
    roots: Roots,
    walk: (root: TreeRoot) => Promise<void>,
    end?: () => MaybePromise<void>,
  ): Promise<void> {
    try {
      if ("fail" in roots) this.#feed = roots;
      for await (const root of roots) await this.attempt(root, "FILE", () => walk(root));
      await end?.();
    } catch (thrown) {
      this.#fail(LeatError.from(thrown)); // roots that are not a list
    }
    this.#walked = true;
    this.#wakeReader?.();
  }

  /** It failed for the reason that ended the run, which is thrown once, behind all outcomes. */
  #isOfRun({ error }: TreeOutcome): boolean {
    return error !== undefined && error.code === this.#error?.code;
  }

  #wakeWalk(): void {
    for (const wake of this.#wakeForRoom.splice(0)) wake();
  }
}
