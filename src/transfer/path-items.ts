/** The items of a walk that is about some files, in place of WalkItems: each is asked about when its turn comes. */
import { LeatError } from "../errors.ts";
import { WALK_PATHS_AHEAD } from "../limits.ts";
import { below } from "../store/names.ts";
import type { PageEntry, Store } from "../store/store.ts";
import type { MadeItem } from "./walk-items.ts";

export class PathItems {
  readonly #store: Store;
  readonly #base: string;
  readonly #paths: readonly string[];
  /** How many were asked about. */
  #asked = 0;
  #ready: MadeItem<PageEntry>[] = [];

  /** @param base the folder that the paths are relative to */
  constructor(store: Store, base: string, paths: readonly string[]) {
    this.#store = store;
    this.#base = base;
    this.#paths = paths;
  }

  /** Whether all items were taken. */
  get done(): boolean {
    return this.#ready.length === 0 && this.#asked === this.#paths.length;
  }

  /** @returns the next one; undefined where `load` has to come first, or none is left */
  next(): MadeItem<PageEntry> | undefined {
    return this.#ready.shift();
  }

  /** Asks about the next ones. Never rejects: where there is no such file, its item has the reason. */
  async load(): Promise<void> {
    const paths = this.#paths.slice(this.#asked, this.#asked + WALK_PATHS_AHEAD);
    const items: MadeItem<PageEntry>[] = [];
    for (const path of paths) items.push(await this.#item(below(this.#base, path)));
    this.#asked += paths.length;
    this.#ready = items;
  }

  async #item(path: string): Promise<MadeItem<PageEntry>> {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    try {
      const { name, kind, size, modified, mode } = await this.#store.stat(path);
      return { leave: 0, folder, entry: { name, kind, size, modified, mode, version: "" } };
    } catch (thrown) {
      return { leave: 0, folder, failure: LeatError.from(thrown, "the file cannot be found") };
    }
  }
}
