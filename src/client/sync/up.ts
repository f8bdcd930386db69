/**
 * A folder of the library as the target of a sync. The folders of the source are held open, so that nothing outside is
 * sent where a link takes the place of one.
 */
import type { Time } from "../../store/store.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import type { Walked } from "../local/local-walk.ts";
import type { Calls } from "../calls/calls.ts";
import type { LeftOut, PutTreeOptions, Roots, TreeOutcome, TreeRoot } from "../trees/tree.ts";
import type { UploadLoops } from "../trees/into-itself.ts";
import { type HeldRoot, TreePut } from "../trees/tree-put.ts";
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

export class UpSide implements Side<LocalFolder | undefined> {
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

  /** @returns the folder of the source; undefined where only the target has it */
  open(
    parent: LocalFolder | undefined,
    { local }: TreeRoot,
    name: string,
    source: Walked | undefined,
  ): LocalFolder | undefined {
    return source && parent?.child(name, local);
  }

  /** It is made where it is transferred: what is in it need not wait for that. */
  make(
    parent: LocalFolder | undefined,
    { local }: TreeRoot,
    name: string,
  ): LocalFolder | undefined {
    return parent?.child(name, local);
  }

  bare(parent: LocalFolder | undefined, item: TreeRoot, name: string): TreeRoot | HeldRoot {
    return { ...this.root(parent, item, name), isBare: true };
  }

  close(folder: LocalFolder | undefined): void {
    folder?.[Symbol.dispose]();
  }

  root(parent: LocalFolder | undefined, item: TreeRoot, name: string): TreeRoot | HeldRoot {
    if (parent === undefined) return item;
    parent.hold();
    return { ...item, folder: parent, name };
  }

  remove(_parent: LocalFolder | undefined, { path }: TreeRoot): Promise<void> {
    return this.#calls.removeSurely(path, this.#options);
  }

  transfer(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    return new TreePut(this.#calls, this.#options, this.#loops.path).outcomes(roots);
  }
}
