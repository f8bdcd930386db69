/**
 * A walk of the library of which links are followed: each seems to be the file or folder that it leads to. The server follows
 * it, and only where that stays in the library. What is in a linked folder comes from a walk of its own.
 */
import { LeatError } from "../../errors.ts";
import { below, quote } from "../../store/names.ts";
import { isFolder } from "../../transfer/walk-items.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { leadsBack } from "../local/following-folder.ts";
import type { CallOptions } from "../connection/options.ts";
import type { TreeWalk, WalkItem } from "./tree-walk.ts";

interface Open {
  readonly path: string;
  /** What tells it from other folders, as far as a server says that. */
  readonly facts: Pick<Entry, "modified" | "mode">;
}

interface Level {
  readonly walk: TreeWalk;
  /** How many folders are open outside of it. */
  readonly base: number;
}

export class FollowingWalk implements TreeWalk {
  readonly #calls: Calls;
  readonly #options: CallOptions;
  readonly #walkOf: (path: string) => Promise<TreeWalk>;
  readonly #levels: Level[];
  /** The folder of the walk, and those that were entered since. */
  readonly #open: Open[];
  /** Folders that were left since the last item. */
  #left = 0;
  /** A link that has to be asked about. */
  #link: (WalkItem & { readonly entry: Entry }) | undefined;
  /** The same, afterwards. */
  #ready: WalkItem | undefined;

  private constructor(
    calls: Calls,
    options: CallOptions,
    walkOf: (path: string) => Promise<TreeWalk>,
    first: TreeWalk,
    root: Open,
  ) {
    this.#calls = calls;
    this.#options = options;
    this.#walkOf = walkOf;
    this.#levels = [{ walk: first, base: 0 }];
    this.#open = [root];
  }

  /** @param walkOf walks a folder without following links @throws NOT_FOUND, NOT_A_DIRECTORY */
  static async begin(
    calls: Calls,
    path: string,
    options: CallOptions,
    walkOf: (path: string) => Promise<TreeWalk>,
  ): Promise<FollowingWalk> {
    const facts = await calls.unary({ case: "stat", value: { path } }, options);
    return new FollowingWalk(calls, options, walkOf, await walkOf(path), { path, facts });
  }

  next(): WalkItem | undefined {
    const ready = this.#ready;
    if (ready !== undefined) {
      this.#ready = undefined;
      return ready;
    }
    const item = this.#link === undefined ? this.#levels.at(-1)!.walk.next() : undefined;
    if (item === undefined) return undefined;
    const { entry } = item;
    this.#open.length -= item.leave;
    const leave = item.leave + this.#left;
    this.#left = 0;
    if (entry?.link === true) return this.#followed({ ...item, leave, entry });
    if (entry !== undefined && isFolder(entry)) this.#enter(entry);
    return { ...item, leave };
  }

  async more(): Promise<boolean> {
    const link = this.#link;
    if (link !== undefined) {
      this.#ready = await this.#look(link);
      this.#link = undefined;
      return true;
    }
    const { walk, base } = this.#levels.at(-1)!;
    if (await walk.more()) return true;
    if (this.#levels.length === 1) return false;
    this.#levels.pop();
    this.#left += this.#open.length - base;
    this.#open.length = base;
    return true;
  }

  cancel(): void {
    for (const { walk } of this.#levels) walk.cancel();
  }

  #enter(entry: Entry): void {
    this.#open.push({ path: this.#pathOf(entry), facts: entry });
  }

  #pathOf({ name }: Entry): string {
    return below(this.#open.at(-1)!.path, name);
  }

  /** @returns undefined where `more` has to find out about it */
  #followed(item: WalkItem & { readonly entry: Entry }): WalkItem | undefined {
    if (item.entry.kind === "FILE") return { ...item, entry: unlinked(item.entry) };
    this.#link = item;
    return undefined;
  }

  /** @returns the item for a link to a folder; or one with the failure, where it cannot be followed */
  async #look(item: WalkItem & { readonly entry: Entry }): Promise<WalkItem> {
    const path = this.#pathOf(item.entry);
    try {
      const found = await this.#calls.unary({ case: "stat", value: { path } }, this.#options);
      const entry = unlinked({ ...found, name: item.entry.name });
      if (!isFolder(entry)) return { ...item, entry };
      await this.#mustBeNew(path, entry);
      const walk = await this.#walkOf(path);
      this.#levels.push({ walk, base: this.#open.length });
      this.#enter(entry);
      return { ...item, entry };
    } catch (thrown) {
      const error = LeatError.from(thrown);
      if (error.code !== "NOT_FOUND") return { ...item, failure: error };
      const message = `${quote(path)} is a link that leads to nothing`;
      return { ...item, failure: new LeatError("NOT_FOUND", message) };
    }
  }

  /** A server does not say which folder one is: the lists of two are compared if they have the same time. @throws INVALID_ARGUMENT */
  async #mustBeNew(path: string, { modified, mode }: Entry): Promise<void> {
    let list: string | undefined;
    for (const { path: above, facts } of this.#open) {
      const isOther =
        facts.mode !== mode ||
        facts.modified?.seconds !== modified?.seconds ||
        facts.modified?.nanoseconds !== modified?.nanoseconds;
      if (isOther) continue;
      list ??= await this.#firstNames(path);
      if (list === (await this.#firstNames(above))) throw leadsBack(path);
    }
  }

  async #firstNames(path: string): Promise<string> {
    const { signal } = this.#options;
    const { list } = await this.#calls.page(path, undefined, { hidden: true, signal });
    return JSON.stringify(list.entries);
  }
}

const unlinked = (entry: Entry): Entry => ({ ...entry, link: false, target: "" });
