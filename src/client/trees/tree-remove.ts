/**
 * Removes a tree of the library while it walks through it: many files at once, each folder after what was in it. A link
 * is removed itself, and never followed. What cannot be removed does not stop the rest.
 */
import { LeatError } from "../../errors.ts";
import { REMOVES_AT_ONCE } from "../../limits.ts";
import { below, quote } from "../../store/names.ts";
import { isFolder } from "../../transfer/walk-items.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";
import { type LeftOut, type TreeOutcome, outcomeOf } from "./tree.ts";
import { summarize } from "./tree-summary.ts";
import { type WalkItem, walkTree } from "./tree-walk.ts";

/** One file or folder that was removed, or was not. Links, and what is neither file nor folder, count as files. */
export type RemoveOutcome = Pick<TreeOutcome, "path" | "kind" | "size" | "error">;

interface Named {
  readonly path: string;
  readonly kind: RemoveOutcome["kind"];
  /** Bytes of a file. */
  readonly size: number;
}

/** A folder that was entered. It is removed when it was left and nothing in it is under way. */
interface Entered extends Named {
  readonly parent: Entered | undefined;
  /** Removals in it that are under way, and one for the walk until that leaves it. */
  pending: number;
  /** Something in it stays, which was reported: so it stays, too. */
  stays: boolean;
}

export class TreeRemove {
  readonly #calls: Calls;
  readonly #signal: AbortSignal | undefined;
  /** Aborted when the run ends. */
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #outcomes: RemoveOutcome[] = [];
  /** The innermost folder that the walk is in. */
  #open: Entered | undefined;
  /** The reason that ended the run. */
  #error: LeatError | undefined;

  constructor(calls: Calls, { signal }: CallOptions) {
    this.#calls = calls;
    this.#signal =
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
  }

  /** @throws NOT_FOUND and other refusals of the whole; what ended the run */
  async *outcomes(path: string): AsyncGenerator<RemoveOutcome, void> {
    const facts = await this.#factsOf(path);
    try {
      // A link to a folder is removed here: only a folder itself is not empty.
      await this.#calls.removeSurely(path, { signal: this.#signal });
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "DIRECTORY_NOT_EMPTY") throw thrown;
      return yield* this.#folder(path);
    }
    yield { ...facts, error: undefined };
  }

  async #factsOf(path: string): Promise<Named> {
    const value = { path };
    try {
      const { kind, size } = await this.#calls.unary(
        { case: "stat", value },
        { signal: this.#signal },
      );
      return { path, kind: kind === "DIRECTORY" ? kind : "FILE", size };
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "NOT_FOUND") throw thrown;
      return { path, kind: "FILE", size: 0 }; // a link to nothing can be removed
    }
  }

  async *#folder(path: string): AsyncGenerator<RemoveOutcome, void> {
    const walk = await walkTree(this.#calls, path, { contentsUpTo: 0, signal: this.#signal });
    this.#enter(path);
    try {
      do {
        for (let item = walk.next(); item !== undefined; item = walk.next()) {
          this.#item(item);
          while (this.#running.size >= REMOVES_AT_ONCE) await Promise.race(this.#running);
          if (this.#outcomes.length > 0) yield* this.#taken();
        }
      } while (await walk.more());
      while (this.#open !== undefined) this.#leave();
      while (this.#running.size > 0) {
        await Promise.race(this.#running);
        yield* this.#taken();
      }
      yield* this.#taken();
    } finally {
      walk.cancel();
      this.#stop.abort();
      await Promise.allSettled(this.#running);
    }
  }

  *#taken(): Generator<RemoveOutcome, void> {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    yield* outcomes;
    if (this.#error !== undefined) throw this.#error;
  }

  #item({ leave, entry, failure, skippedNames = 0 }: WalkItem): void {
    for (let count = 0; count < leave; count += 1) this.#leave();
    const folder = this.#open!;
    if (failure !== undefined) this.#stays(folder, failure);
    if (skippedNames > 0) this.#stays(folder, notUtf8(skippedNames, folder.path));
    if (entry === undefined) return;
    const path = below(folder.path, entry.name);
    folder.pending += 1;
    if (isFolder(entry)) this.#enter(path);
    else this.#remove({ path, kind: "FILE", size: entry.link ? 0 : entry.size }, folder);
  }

  #enter(path: string): void {
    const parent = this.#open;
    this.#open = { path, kind: "DIRECTORY", size: 0, parent, pending: 1, stays: false };
  }

  #leave(): void {
    const left = this.#open!;
    this.#open = left.parent;
    this.#settle(left);
  }

  /** One thing less is under way in a folder. */
  #settle(folder: Entered): void {
    folder.pending -= 1;
    if (folder.pending > 0) return;
    const { parent } = folder;
    if (!folder.stays) return this.#remove(folder, parent);
    if (parent === undefined) return;
    parent.stays = true;
    this.#settle(parent);
  }

  /** The folder is not empty at the end: it is not tried. */
  #stays(folder: Entered, error: LeatError): void {
    folder.stays = true;
    this.#outcomes.push({ ...factsOf(folder), error });
  }

  #remove(named: Named, parent: Entered | undefined): void {
    const removal = this.#removeOne(named).then((error) => {
      this.#running.delete(removal);
      if (error === undefined || error.code !== "CANCELLED") {
        this.#outcomes.push({ ...factsOf(named), error });
      }
      if (parent === undefined) return;
      if (error !== undefined) parent.stays = true;
      this.#settle(parent);
    });
    this.#running.add(removal);
  }

  /** @returns why it is still there */
  async #removeOne({ path }: Named): Promise<LeatError | undefined> {
    try {
      await this.#calls.removeSurely(path, { signal: this.#signal });
      return undefined;
    } catch (thrown) {
      const error = LeatError.from(thrown);
      if (error.code === "NOT_FOUND") return undefined; // somebody else has removed it
      if (error.code === "CANCELLED" || this.#calls.link.isLostBy(error)) this.#error ??= error;
      return error;
    }
  }
}

const factsOf = ({ path, kind, size }: Named) => ({ path, kind, size });

function notUtf8(names: number, path: string): LeatError {
  const message = `${names} names in ${quote(path)} are not UTF-8: they cannot be removed from here`;
  return new LeatError("INVALID_NAME", message);
}

/** How much of a tree was removed. */
export interface RemoveSummary {
  /** Also links, and what is neither file nor folder. */
  readonly files: number;
  readonly folders: number;
  /** The size of those files together. */
  readonly bytes: number;
}

/** Resolves when nothing is left. @throws TreeError; the error that ended the run */
export async function summarizeRemoval(
  outcomes: AsyncGenerator<RemoveOutcome, void>,
): Promise<RemoveSummary> {
  const { files, folders, bytes } = await summarize(asTree(outcomes));
  return { files, folders, bytes };
}

async function* asTree(
  outcomes: AsyncGenerator<RemoveOutcome, void>,
): AsyncGenerator<TreeOutcome, LeftOut> {
  for await (const outcome of outcomes) yield outcomeOf({ path: outcome.path, local: "" }, outcome);
  return { links: 0, others: 0, example: undefined };
}
