/** A folder of the library as the target of a sync. */
import { LeatError } from "../../errors.ts";
import type { Time } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import type { Calls } from "../calls/calls.ts";
import type { LeftOut, PutTreeOptions, Roots, TreeOutcome, TreeRoot } from "../trees/tree.ts";
import type { UploadLoops } from "../trees/into-itself.ts";
import { TreePut } from "../trees/tree-put.ts";
import { isSameTime } from "./decide.ts";
import type { Side } from "./side.ts";

/** What tells whether a folder of the source is the library that it goes to. */
export interface Loops {
  readonly loops: UploadLoops;
  /** Of the target in the library. */
  readonly path: string;
  /** Of the target, when the sync began. */
  readonly modified: Time | undefined;
}

export class UpSide implements Side<undefined> {
  readonly #calls: Calls;
  readonly #options: PutTreeOptions;

  readonly #loops: Loops;

  constructor(calls: Calls, options: PutTreeOptions, loops: Loops) {
    this.#calls = calls;
    this.#options = { ...options, ifExists: "replace" };
    this.#loops = loops;
  }

  /** Asks the server only about a folder that may be its library: one of the same time, if it is the target. */
  check({ local }: TreeRoot, source: Walked): Promise<void> {
    const { loops, path, modified } = this.#loops;
    if (path === "")
      loops.received = modified === undefined || !isSameTime(source.modified, modified);
    return loops.checkFolder(local, path);
  }

  open(): undefined {}

  async make(_parent: undefined, { path }: TreeRoot): Promise<undefined> {
    const value = { path, parents: true };
    await this.#calls.unary({ case: "makeDirectory", value }, this.#options);
  }

  close(): void {}

  root(_parent: undefined, item: TreeRoot): TreeRoot {
    return item;
  }

  release(): void {}

  /** A removal whose answer was lost is asked for again. */
  async remove(_parent: undefined, { path }: TreeRoot): Promise<void> {
    const remove = () => this.#calls.unary({ case: "remove", value: { path } }, this.#options);
    try {
      await remove();
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "OUTCOME_UNKNOWN") throw thrown;
      await remove().catch((again: unknown) => {
        if (LeatError.from(again).code !== "NOT_FOUND") throw again;
      });
    }
  }

  transfer(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    return new TreePut(this.#calls, this.#options).outcomes(roots);
  }
}
