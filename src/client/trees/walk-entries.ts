/** The entries of a folder and of everything below it, for users of the client. */
import type { LeatError } from "../../errors.ts";
import { below } from "../../store/names.ts";
import { isFolder } from "../../transfer/walk-items.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import type { ListOptions, ListSummary } from "../calls/options.ts";
import { type TreeWalk, type WalkItem, walkTree } from "./tree-walk.ts";

/** Which entries of a tree to list. */
export interface WalkOptions extends ListOptions {
  /**
   * Takes the error of a folder below that cannot be listed, or not to its end; the others are listed all the same.
   * Without it, the walk ends with this error. `path` is relative to the folder of the walk.
   */
  readonly onError?: (error: LeatError, path: string) => void;
}

/** An entry of a tree, or one that matches a pattern. */
export interface WalkedEntry extends Entry {
  /** Relative to the folder of the walk; of a pattern, to the library. */
  readonly path: string;
}

/** @throws NOT_FOUND, NOT_A_DIRECTORY, and what a folder below fails with */
export async function* walkEntries(
  calls: Calls,
  path: string,
  options: WalkOptions,
): AsyncGenerator<WalkedEntry, ListSummary> {
  const walk = await walkTree(calls, path, { contentsUpTo: 0, signal: options.signal });
  const entries = new Entries(options);
  try {
    do yield* entries.available(walk);
    while (await walk.more());
  } finally {
    walk.cancel();
  }
  return { skippedNames: entries.skippedNames };
}

class Entries {
  readonly #options: WalkOptions;
  /** Paths of the open folders. */
  readonly #folders = [""];
  /** The depth of a folder that is left out with all that is in it. */
  #hidden = Number.POSITIVE_INFINITY;
  skippedNames = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** Those that have come. */
  *available(walk: TreeWalk): Generator<WalkedEntry, void> {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      const entry = this.#take(item);
      if (entry !== undefined) yield entry;
    }
  }

  #take({ leave, entry, failure, skippedNames = 0 }: WalkItem): WalkedEntry | undefined {
    const folders = this.#folders;
    folders.length -= leave;
    const depth = folders.length;
    if (depth < this.#hidden) this.#hidden = Number.POSITIVE_INFINITY;
    const folder = folders.at(-1)!;
    const isShown = this.#hidden === Number.POSITIVE_INFINITY;
    if (isShown && failure !== undefined) this.#fail(failure, folder);
    if (isShown) this.skippedNames += skippedNames;
    if (entry === undefined) return undefined;
    const path = below(folder, entry.name);
    if (isFolder(entry)) folders.push(path);
    if (!isShown) return undefined;
    if (this.#options.hidden === true || !entry.name.startsWith(".")) return { ...entry, path };
    if (isFolder(entry)) this.#hidden = depth + 1;
    return undefined;
  }

  /** Where the folder of the walk itself cannot be listed, nothing else comes. */
  #fail(failure: LeatError, folder: string): void {
    if (folder === "" || this.#options.onError === undefined) throw failure;
    this.#options.onError(failure, folder);
  }
}
