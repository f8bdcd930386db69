/** Receives a tree: folders are made, and small files are stored as they come; each item has an outcome, in their order. */
import { LeatError } from "../errors.ts";
import {
  LEAST_TREE_WINDOW,
  OUTCOME_BYTES,
  RETRY_AFTER,
  SMALL_FILE,
  TREE_FILE,
  TREE_WINDOW,
  TREE_COMMITS,
  TREE_HELD_BYTES,
} from "../limits.ts";
import { nextTurn } from "../next-turn.ts";
import { failureOf } from "../session/failure.ts";
import { below, quote } from "../store/names.ts";
import { hasTime } from "../store/same-time.ts";
import type { DurabilityLevel, MaybePromise, StoreEntry } from "../store/store.ts";
import { IncomingWalk, type WalkedItem } from "../transfer/incoming-walk.ts";
import { OutgoingQueue } from "../transfer/outgoing-queue.ts";
import type {
  Entry,
  Finish,
  FolderAttributes,
  PutTree,
  TreeOutcome,
} from "../wire/gen/messages.ts";
import type { Init } from "../wire/plain.ts";
import { checkFacts } from "./bounds.ts";
import type { Exchange, Receiving } from "./exchange.ts";
import { ItemOutcomes } from "./item-outcomes.ts";
import { itemTurns, type TurnTaker } from "./item-turns.ts";
import { OpenFolders } from "./open-folders.ts";
import { COLLISIONS, storedAs } from "./put.ts";
import { putWhole, type StoredWhole } from "./put-whole.ts";

export class PutTreeOperation implements Receiving, TurnTaker {
  complete = false;
  readonly #request: PutTree;
  readonly #exchange: Exchange;
  readonly #incoming = new IncomingWalk(SMALL_FILE, "the client sent a tree");
  readonly #queue: OutgoingQueue;
  readonly #outcomes: ItemOutcomes;
  readonly #folders: OpenFolders;
  /** The most items that wait for their outcomes: as many files are open. */
  #mostWaiting = 1;
  /** Contents of files that are being stored, in bytes. */
  #held = 0;
  /** A folder is being made: what follows may be in it. */
  #waits = true;
  /** The next turn of the event loop goes on. */
  #isScheduled = false;
  /** A name was taken: from then on each is looked for before its file is written. */
  #wasTaken = false;
  #over = false;
  /** Resolves when nothing of it runs any more. */
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(request: PutTree, exchange: Exchange) {
    this.#request = request;
    this.#exchange = exchange;
    this.#folders = new OpenFolders(request.path);
    this.#queue = new OutgoingQueue({
      onReady: () => exchange.ready(),
      onTaken: (bytes) => {
        exchange.countSent(bytes);
        this.#schedule();
      },
    });
    this.#outcomes = new ItemOutcomes(this.#queue, () => {
      this.#schedule();
      this.#settle();
    });
    void this.#begin();
  }

  async #begin(): Promise<void> {
    const { path, mode } = this.#request;
    const exchange = this.#exchange;
    try {
      const entry = await this.#root(path, mode);
      this.#waits = false;
      if (this.#over) return this.#settle();
      const window = exchange.widen(TREE_WINDOW);
      if (window < LEAST_TREE_WINDOW) {
        throw new LeatError("RESOURCE_EXHAUSTED", "no memory is left for one more tree now", {
          retryAfter: RETRY_AFTER,
        });
      }
      // It is stored when all of it is there: half of the window has room for it.
      const contentsUpTo = Math.min(TREE_FILE, Math.max(SMALL_FILE, Math.floor(window / 2)));
      this.#incoming.contentsUpTo = contentsUpTo;
      exchange.respond({ case: "putTree", value: { entry, attributes: true, contentsUpTo } });
      exchange.consumed(0);
      const isSynced = exchange.durability === "fsync";
      this.#mostWaiting += exchange.takeFiles(isSynced ? TREE_COMMITS : UNUSUAL_COMMITS);
      exchange.send(this.#queue, 0);
    } catch (thrown) {
      this.#waits = false;
      this.#fail(LeatError.from(thrown, `upload of ${quote(path)} failed`));
      this.#settle();
    }
  }

  #root(path: string, mode: number | undefined): MaybePromise<StoreEntry> {
    const { store, durability } = this.#exchange;
    if (path !== "") return store.makeDirectory(path, true, durability, { mode });
    if (store.readOnly) throw new LeatError("READ_ONLY", "the library is read-only");
    return store.stat(path);
  }

  data(bytes: Uint8Array, crc: number | undefined): void {
    if (this.#over) return;
    try {
      this.#incoming.push(bytes, crc);
      if (crc !== undefined && !this.#isScheduled) this.#run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  finish(finish: Finish): void {
    if (this.#over) return;
    this.complete = true;
    try {
      this.#incoming.finish(finish);
      this.#run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Before Finish, the stream fails at once; what was stored stays. */
  cancelled(): void {
    if (this.complete) this.#fail(new LeatError("CANCELLED", "the client gave the tree up"));
  }

  /** Items that are being stored are stored all the same. */
  abort(): Promise<void> | undefined {
    this.#over = this.#outcomes.isOver = true;
    itemTurns.forget(this);
    if (this.#outcomes.running === 0 && !this.#waits) return undefined;
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Whether the next item has to wait: for outcomes to leave, or for others to be stored. */
  get #isFull(): boolean {
    if (this.#over || this.#waits || this.#held >= TREE_HELD_BYTES) return true;
    return this.#queue.waiting >= OUTCOME_BYTES || this.#outcomes.waiting >= this.#mostWaiting;
  }

  /** @throws PROTOCOL_ERROR */
  #run(): void {
    while (!this.#isFull && itemTurns.take(this)) {
      const next = this.#incoming.next();
      if (next === undefined) {
        if (this.complete) this.#end();
        break;
      }
      this.#item(next);
    }
    const taken = this.#incoming.taken();
    if (taken > 0) this.#exchange.consumed(taken);
  }

  #end(): void {
    if (!this.#incoming.isEmpty) {
      throw new LeatError("PROTOCOL_ERROR", "the client ended a tree in the middle of an item");
    }
    if (this.#outcomes.waiting === 0) this.#queue.end();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#over) return;
    this.#isScheduled = true;
    nextTurn(() => {
      this.#isScheduled = false;
      this.onTurn();
    });
  }

  onTurn(): void {
    if (this.#over) return;
    try {
      this.#run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** @throws PROTOCOL_ERROR */
  #item({ message, contents }: WalkedItem): void {
    const { leave, entry, again, attributes } = message;
    this.#folders.leave(leave);
    if (attributes !== undefined && entry === undefined) return this.#attributes(attributes);
    if (entry?.kind === "DIRECTORY") return this.#folder(entry);
    if (entry?.kind !== "FILE" || contents === undefined) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        "an item of a tree is neither a folder, nor its attributes, nor a whole file",
      );
    }
    this.#file(entry, contents, again);
  }

  #folder(entry: Entry): void {
    const { name } = entry;
    const { store, durability } = this.#exchange;
    const report = this.#reporter("makeDirectory", below(this.#folders.path, name), 0);
    let made: MaybePromise<StoreEntry> | LeatError;
    try {
      const path = this.#folders.pathOf(name);
      checkFacts(entry);
      made = store.makeDirectory(path, true, durability, { mode: entry.mode });
    } catch (thrown) {
      made = LeatError.from(thrown);
    }
    const folder = this.#folders.enter(name);
    const failed = (error: LeatError): Init<TreeOutcome> => {
      folder.hasFailed = true;
      return report(error);
    };
    if (made instanceof LeatError) return this.#outcomes.known(failed(made));
    if (!(made instanceof Promise)) return this.#outcomes.known(report());
    this.#waits = true;
    const outcome = made.then(
      () => report(),
      (thrown: unknown) => failed(LeatError.from(thrown)),
    );
    this.#outcomes.later(outcome, () => (this.#waits = false));
  }

  #file(entry: Entry, bytes: Uint8Array, again: boolean): void {
    const { name, modified, mode } = entry;
    const { store, durability } = this.#exchange;
    const collision = COLLISIONS[this.#request.ifExists];
    const report = this.#reporter("put", below(this.#folders.path, name), bytes.length);
    try {
      const path = this.#folders.pathOf(name);
      checkFacts(entry);
      const file = {
        name,
        modified,
        mode,
        path,
        folder: this.#folders.path,
        bytes,
        collision,
        durability,
        again,
        replaces: collision === "replace",
      };
      const stored = putWhole(store, file, this.#wasTaken);
      if (!(stored instanceof Promise)) return this.#outcomes.known(report(undefined, stored));
      this.#wasTaken ||= durability === "none";
      const failed = (thrown: unknown): Init<TreeOutcome> =>
        report(LeatError.from(thrown, `upload of ${quote(path)} failed`));
      this.#held += bytes.length;
      this.#outcomes.later(
        stored.then((result) => report(undefined, result), failed),
        () => (this.#held -= bytes.length),
      );
    } catch (thrown) {
      this.#outcomes.known(report(LeatError.from(thrown, `upload of ${quote(name)} failed`)));
    }
  }

  /** All items before it are stored first: the last name that a folder gets would change its time. */
  #attributes(attributes: FolderAttributes): void {
    this.#outcomes.afterwards(() => this.#setAttributes(attributes));
  }

  #setAttributes({ path, modified, mode }: FolderAttributes): MaybePromise<Init<TreeOutcome>> {
    const folder = path === "" ? this.#request.path : below(this.#request.path, path);
    const report = this.#reporter("makeDirectory", folder, 0);
    const set = (entry: StoreEntry): Init<TreeOutcome> => ({
      ...report(),
      modifiedNotSet: !hasTime(entry, modified),
    });
    try {
      checkFacts({ mode, modified });
      const made = this.#exchange.store.makeDirectory(folder, true, "none", { modified, mode });
      if (!(made instanceof Promise)) return set(made);
      return made.then(set, (thrown: unknown) => report(LeatError.from(thrown)));
    } catch (thrown) {
      return report(LeatError.from(thrown));
    }
  }

  /** @returns makes the outcome of an item, and its line in the log */
  #reporter(
    operation: "put" | "makeDirectory",
    path: string,
    bytes: number,
  ): (error?: LeatError, stored?: StoredWhole) => Init<TreeOutcome> {
    const { durability, logItem } = this.#exchange;
    const began = logItem && performance.now();
    return (error, stored) => {
      const skipped = stored?.skipped === true;
      logItem?.({ operation, path, bytes, began: began!, skipped, error });
      if (error?.code === "INTERNAL") this.#exchange.warn(error);
      if (error !== undefined) return { failure: failureOf(error) };
      return stored === undefined ? {} : outcomeOf(stored, durability);
    };
  }

  #fail(thrown: unknown): void {
    if (this.#over) return;
    this.#over = this.#outcomes.isOver = true;
    this.#exchange.fail(LeatError.from(thrown, `upload of ${quote(this.#request.path)} failed`));
  }

  /** The stream is over: so is this, when nothing runs any more. */
  #settle(): void {
    if (this.#over && this.#outcomes.running === 0 && !this.#waits) this.#idle?.resolve();
  }
}

function outcomeOf(
  { entry, skipped }: StoredWhole,
  durability: DurabilityLevel,
): Init<TreeOutcome> {
  const { size, version, notDone } = entry;
  const isOnDisk = durability === "fsync" && notDone?.sync !== true && !skipped;
  return { size, version, skipped, ...storedAs(isOnDisk ? "fsync" : "none", notDone) };
}

/** Files at once that are stored the ordinary way, where a file needs no sync. */
const UNUSUAL_COMMITS = 15;
