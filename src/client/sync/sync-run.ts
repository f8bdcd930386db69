/**
 * Makes the target of a sync like its source: a pass that copies, another one where files changed meanwhile, and a pass
 * that removes.
 */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { SYNC_FAILURES, SYNC_QUEUE, TREE_OUTCOMES } from "../../limits.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Calls } from "../calls/calls.ts";
import { abortable, onAbort } from "../connection/abortable.ts";
import { callBackSafely } from "../connection/callbacks.ts";
import type { Walk } from "../local/local-walk.ts";
import { outcomeOf, type LeftOut, type TreeRoot } from "../trees/tree.ts";
import { Channel } from "./channel.ts";
import { differs } from "./contents.ts";
import type { Filter } from "../trees/filter.ts";
import { Merge } from "./merge.ts";
import { OpenFolder } from "./open-folders.ts";
import type { PassOptions } from "./pass-options.ts";
import { Pass } from "./pass.ts";
import { PLAN_SIDE } from "./plan-side.ts";
import { releaseRoot, type Side, type SideOutcome } from "./side.ts";
import type { Removals, SyncOptions, SyncOutcome, SyncRest } from "./sync.ts";
import { Tally } from "./tally.ts";

/** Both folders, ready to be walked as often as it takes. */
export interface Ends<Folder> {
  readonly root: TreeRoot;
  readonly side: Side<Folder>;
  /** @param filter what it excludes may be left out @throws NOT_FOUND, NOT_A_DIRECTORY */
  readonly source: (filter: Filter | undefined) => MaybePromise<Walk>;
  /** Nothing is in a target that does not exist. @throws NOT_A_DIRECTORY */
  readonly target: () => MaybePromise<Walk>;
  /** Opens the folder that is the target, or makes it. */
  readonly open: () => MaybePromise<Folder>;
}

/** A file of the source is another one now, or gone. */
const CHANGES = new Set<ErrorCode>(["CHANGED", "NOT_FOUND", "SIZE_MISMATCH"]);

type Shared = Omit<PassOptions, "copy" | "tally" | "copies" | "removes" | "rules">;
type Planned = Omit<PassOptions, "copy" | "rules">;

export class SyncRun<Folder> {
  readonly #calls: Calls;
  readonly #ends: Ends<Folder>;
  readonly #options: SyncOptions;
  readonly #filter: Filter | undefined;
  readonly #stop: AbortController;
  readonly #outcomes = new Channel<SyncOutcome>(TREE_OUTCOMES);
  readonly #leftOut = { links: 0, others: 0, example: undefined as string | undefined };
  /** Paths that failed. */
  readonly #failed = new Set<string>();
  /** Whether something changed meanwhile, and is looked at once more. */
  #hasChanged = false;
  #isAgain = false;

  /** @param stop aborted when the run ends before its time: the sides have its signal */
  constructor(
    calls: Calls,
    ends: Ends<Folder>,
    options: SyncOptions,
    filter: Filter | undefined,
    stop: AbortController,
  ) {
    this.#calls = calls;
    this.#ends = ends;
    this.#options = options;
    this.#filter = filter;
    this.#stop = stop;
  }

  /** @throws CONNECTION_LOST, UNAVAILABLE, CANCELLED; why one of the folders cannot be opened */
  async *outcomes(): AsyncGenerator<SyncOutcome, SyncRest> {
    const release = onAbort(this.#stop.signal, (error) => this.#outcomes.fail(error));
    const work = this.#run();
    work.then(
      () => this.#outcomes.close(),
      (error: unknown) => this.#outcomes.fail(error),
    );
    try {
      yield* this.#outcomes;
      return await work;
    } finally {
      release();
      const error = new LeatError("CANCELLED", "it was given up");
      this.#outcomes.fail(error);
      this.#stop.abort(error);
      await work.catch(() => {});
    }
  }

  async #run(): Promise<SyncRest> {
    const { dryRun = false } = this.#options;
    const shared: Shared = {
      filter: this.#filter,
      takesFolders: this.#filter === undefined && !dryRun,
      report: (outcome) => this.#report(outcome),
      ends: (error) => this.#isEnd(error),
      differs: (item) => differs(this.#calls, item, this.#stop.signal),
    };
    const tally = new Tally(this.#options.onUnchanged && this.#onUnchanged);
    if (dryRun) {
      this.#isAgain = true; // there is no other look
      await this.#plan({ ...shared, tally, copies: true, removes: Number.POSITIVE_INFINITY });
      return { ...tally.rest(this.#leftOut), notRemoved: undefined };
    }
    await this.#pass({ ...shared, tally, copies: true, removes: undefined });
    let { removals } = tally;
    if (this.#hasChanged) {
      this.#isAgain = true;
      const again = new Tally();
      await this.#pass({ ...shared, tally: again, copies: true, removes: undefined });
      ({ removals } = again);
    }
    const rest = { ...tally.rest(this.#leftOut), notRemoved: removals };
    if (removals === undefined || !(await this.#mayRemove(removals))) return rest;
    this.#isAgain = true;
    const removes = removals.files + removals.folders;
    await this.#pass({ ...shared, tally: new Tally(), copies: false, removes });
    return { ...rest, notRemoved: undefined };
  }

  readonly #onUnchanged = (bytes: number): void =>
    callBackSafely(
      (error) => this.#stop.abort(error),
      "onUnchanged",
      this.#options.onUnchanged,
      bytes,
    );

  async #mayRemove(removals: Removals): Promise<boolean> {
    const { maxDelete = Number.POSITIVE_INFINITY, confirmDelete } = this.#options;
    const count = removals.files + removals.folders;
    if (count <= maxDelete) {
      const answer = Promise.resolve(confirmDelete?.(removals));
      return (await abortable(answer, this.#stop.signal)) !== false;
    }
    const message = `${count} files and folders would be removed, and at most ${maxDelete} may be: none is`;
    const error = new LeatError("PRECONDITION_FAILED", message);
    const facts = outcomeOf(this.#ends.root, { kind: "DIRECTORY", error });
    await this.#outcomes.put({ ...facts, action: "remove" });
    return false;
  }

  /** Changes nothing, and reports what a pass would do. */
  async #plan(options: Planned): Promise<void> {
    using merge = await this.#merge();
    await new Pass(
      PLAN_SIDE,
      merge,
      new OpenFolder({ item: this.#ends.root, place: "" }, () => undefined),
      {
        ...options,
        rules: this.#rules(merge),
        copy: (root, { size }) => this.#report({ ...outcomeOf(root, { size }), action: "copy" }),
      },
    ).run();
  }

  /** Walks both folders, and transfers what is to be copied. */
  async #pass(options: Planned): Promise<void> {
    const { side, root } = this.#ends;
    using merge = await this.#merge();
    const folder = await this.#ends.open();
    const opened = new OpenFolder({ item: root, place: "" }, () => folder).open();
    const roots = new Channel<TreeRoot>(SYNC_QUEUE);
    const moving = this.#move(roots);
    moving.catch((error: unknown) => roots.fail(error));
    try {
      const rules = this.#rules(merge);
      const copy = (each: TreeRoot): MaybePromise<void> => roots.put(each);
      const pass = new Pass(side, merge, opened, { ...options, rules, copy });
      await pass.run();
      roots.close();
      await moving;
    } catch (thrown) {
      roots.fail(thrown);
      this.#stop.abort(LeatError.from(thrown));
      await moving.catch(() => {});
      throw thrown;
    } finally {
      for (const left of roots.rest()) releaseRoot(left);
    }
  }

  #rules({ modeBits }: Merge): PassOptions["rules"] {
    return { ...this.#options, modeBits: this.#options.modes === false ? 0 : modeBits };
  }

  async #merge(): Promise<Merge> {
    const source = await this.#ends.source(this.#filter);
    try {
      return new Merge(source, await this.#ends.target());
    } catch (thrown) {
      source[Symbol.dispose]();
      throw thrown;
    }
  }

  async #move(roots: Channel<TreeRoot>): Promise<void> {
    // Ended as well where a report is refused, because the sync has ended.
    await using outcomes = this.#ends.side.transfer(roots);
    let next: IteratorResult<SideOutcome, LeftOut>;
    while ((next = await outcomes.next()).done !== true) {
      const action = next.value.kind === "DIRECTORY" ? "make" : "copy";
      const waits = this.#report({ action, ...next.value });
      if (waits !== undefined) await waits;
    }
    const { links, others, example } = next.value;
    this.#leftOut.links += links;
    this.#leftOut.others += others;
    this.#leftOut.example ??= example;
  }

  /** A failure is reported once. One that another look may mend is reported after that. */
  #report(outcome: SyncOutcome): MaybePromise<void> {
    const { error, path } = outcome;
    if (error === undefined) return this.#outcomes.put(outcome);
    if (this.#failed.has(path)) return;
    if (CHANGES.has(error.code) && !this.#isAgain && this.#failed.size < SYNC_FAILURES) {
      this.#hasChanged = true;
      return;
    }
    if (this.#failed.size < SYNC_FAILURES) this.#failed.add(path);
    return this.#outcomes.put(outcome);
  }

  /** Whether everything else would fail, too. */
  #isEnd(error: LeatError): boolean {
    return this.#stop.signal.aborted || this.#calls.link.isLostBy(error);
  }
}
