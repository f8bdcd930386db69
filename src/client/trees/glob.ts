/** The entries of a library whose paths match a pattern. Only lists are asked for, and a walk where it has `**`. */
import { LeatError } from "../../errors.ts";
import { below } from "../../store/names.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import type { ListSummary } from "../calls/options.ts";
import { GlobPattern } from "./glob-pattern.ts";
import { walkEntries, type WalkedEntry, type WalkOptions } from "./walk-entries.ts";

/** How to look for what matches a pattern. Paths are those in the library. */
export type GlobOptions = Omit<WalkOptions, "hidden">;

export async function* globEntries(
  calls: Calls,
  pattern: string,
  options: GlobOptions,
): AsyncGenerator<WalkedEntry, ListSummary> {
  const glob = new Globbing(calls, options);
  const alternatives = GlobPattern.all(pattern);
  // Several of them may match the same name.
  const seen = alternatives.length > 1 ? new Set<string>() : undefined;
  for (const each of alternatives) {
    for await (const entry of glob.entries(each)) {
      if (seen?.has(entry.path) === true) continue;
      seen?.add(entry.path);
      yield entry;
    }
  }
  return { skippedNames: glob.skippedNames };
}

class Globbing {
  readonly #calls: Calls;
  readonly #options: GlobOptions;
  skippedNames = 0;

  constructor(calls: Calls, options: GlobOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  entries(pattern: GlobPattern): AsyncGenerator<WalkedEntry, void> {
    const { depth, folder } = pattern;
    return depth === undefined ? this.#walked(pattern) : this.#listed(pattern, folder, 0, depth);
  }

  async *#walked(pattern: GlobPattern): AsyncGenerator<WalkedEntry, void> {
    const { folder } = pattern;
    const { signal, onError } = this.#options;
    const onErrorBelow =
      onError && ((error: LeatError, path: string) => onError(error, below(folder, path)));
    const options = { hidden: true, signal, ...(onErrorBelow && { onError: onErrorBelow }) };
    const entries = walkEntries(this.#calls, folder, options);
    try {
      for (;;) {
        const next = await entries.next();
        if (next.done === true) {
          this.skippedNames += next.value.skippedNames;
          return;
        }
        const { path } = next.value;
        if (pattern.matches(path)) yield { ...next.value, path: below(folder, path) };
      }
    } catch (thrown) {
      this.#check(thrown, folder, folder);
    } finally {
      await entries.return({ skippedNames: 0 });
    }
  }

  async *#listed(
    pattern: GlobPattern,
    folder: string,
    at: number,
    depth: number,
  ): AsyncGenerator<WalkedEntry, void> {
    for await (const entry of this.#list(folder, pattern.folder)) {
      if (!pattern.matchesAt(at, entry.name)) continue;
      const path = below(folder, entry.name);
      if (at + 1 === depth) yield { ...entry, path };
      else if (entry.kind === "DIRECTORY") yield* this.#listed(pattern, path, at + 1, depth);
    }
  }

  async *#list(folder: string, root: string): AsyncGenerator<Entry, void> {
    const { signal } = this.#options;
    try {
      for await (const page of this.#calls.pages(folder, { hidden: true, signal })) {
        this.skippedNames += page.skippedNames;
        yield* page.entries;
      }
    } catch (thrown) {
      this.#check(thrown, folder, root);
    }
  }

  /** What is no folder has nothing that matches. @throws all other errors, those of folders below without `onError` */
  #check(thrown: unknown, folder: string, root: string): void {
    const error = LeatError.from(thrown);
    if (error.code === "NOT_FOUND" || error.code === "NOT_A_DIRECTORY") return;
    const { onError } = this.#options;
    if (folder === root || onError === undefined || this.#calls.link.isLostBy(error)) throw error;
    if (error.code === "CANCELLED") throw error;
    onError(error, folder);
  }
}
