/**
 * The items of a walk, made of the pages of each folder: on the server of those of its store, on the client of those that
 * a server lists that has no walk. A folder comes before what is in it; one page for each open folder is held.
 */
import { LeatError } from "../errors.ts";
import { ENTRY_ROOM, TREE_DEPTH } from "../limits.ts";
import { below } from "../store/names.ts";

/** Which page is asked for: behind a cursor, or behind a name, or from the start. */
export interface PagePlace {
  readonly cursor: string | undefined;
  readonly after: string | undefined;
  /** Bytes of the pages of the folders above, each entry counted as for `PageRequest.bytes`. */
  readonly held: number;
}

/** An entry of a store, or one that came from a peer; or a run of encoded ones, with what the last of them is. */
interface NamedEntry {
  readonly name: string;
  readonly kind: string;
  readonly link?: boolean;
  readonly target?: string | undefined;
  readonly encoded?: Uint8Array;
}

export type GetPage<E> = (
  folder: string,
  place: PagePlace,
) => Promise<{
  readonly entries: readonly E[];
  readonly cursor?: string | undefined;
  readonly skippedNames: number;
}>;

/** As TreeItem of the schema, before it is encoded. */
export interface MadeItem<E> {
  /** Folders that are left before it. */
  readonly leave: number;
  /** Path of the folder that is open. */
  readonly folder: string;
  readonly entry?: E | undefined;
  readonly failure?: LeatError | undefined;
  readonly skippedNames?: number | undefined;
}

interface Level<E> {
  readonly path: string;
  entries: readonly E[];
  next: number;
  /** Of the entries. */
  bytes: number;
  cursor: string | undefined;
  after: string | undefined;
  /** No page of it came yet, or more follow. */
  hasMore: boolean;
}

export class WalkItems<E extends NamedEntry> {
  readonly #page: GetPage<E>;
  readonly #levels: Level<E>[] = [];
  /** Folders that were left since the last item. */
  #left = 0;
  /** Items that come before that of the next entry. */
  readonly #reports: MadeItem<E>[] = [];

  /**
   * @param path of the folder
   * @param after the path of the last item that is known, relative to it, with a "/" behind a folder
   */
  constructor(page: GetPage<E>, path: string, after: string | undefined) {
    this.#page = page;
    // The last name is that of a file, or "" behind the "/" of a folder.
    const names = after?.split("/") ?? [""];
    for (const [depth, name] of names.entries()) {
      const folder = names.slice(0, depth).reduce(below, path);
      this.#levels.push(openLevel(folder, name === "" ? undefined : name));
    }
  }

  /** Whether all items were taken. */
  get done(): boolean {
    return this.#reports.length === 0 && this.#levels.every(isSpent);
  }

  /** @returns the next one; undefined where `load` has to come first, or none is left */
  next(): MadeItem<E> | undefined {
    const report = this.#reports.shift();
    if (report !== undefined) return report;
    for (let open = this.#levels.at(-1); open !== undefined; open = this.#levels.at(-1)) {
      const entry = open.entries[open.next];
      if (entry !== undefined) {
        open.next += 1;
        return this.#item(open.path, entry);
      }
      if (open.hasMore) return undefined;
      this.#levels.pop();
      this.#left += 1;
    }
    return undefined;
  }

  /** Gets the next page. Never rejects: where a folder cannot be listed, the next item has the reason. */
  async load(): Promise<void> {
    const open = this.#levels.at(-1);
    if (open === undefined) return;
    try {
      if (this.#levels.length > TREE_DEPTH) throw tooDeep();
      const { cursor, after } = open;
      const page = await this.#page(open.path, { cursor, after, held: this.#held });
      open.entries = page.entries;
      open.bytes = page.entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
      open.next = 0;
      open.after = undefined;
      open.cursor = page.cursor;
      open.hasMore = page.cursor !== undefined;
      if (page.skippedNames > 0) this.#report(open, { skippedNames: page.skippedNames });
    } catch (thrown) {
      open.hasMore = false;
      this.#report(open, { failure: LeatError.from(thrown, "the folder cannot be listed") });
    }
  }

  get #held(): number {
    return this.#levels.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #item(folder: string, entry: E): MadeItem<E> {
    const item = { leave: this.#left, folder, entry };
    this.#left = 0;
    if (isFolder(entry)) this.#levels.push(openLevel(below(folder, entry.name), undefined));
    return item;
  }

  #report({ path: folder }: Level<E>, facts: Partial<MadeItem<E>>): void {
    this.#reports.push({ leave: this.#left, folder, ...facts });
    this.#left = 0;
  }
}

function bytesOf({ name, target = "", encoded }: NamedEntry): number {
  return (encoded?.length ?? target.length) + name.length + ENTRY_ROOM;
}

/** Whether the items behind it are in it. */
export function isFolder({ kind, link }: NamedEntry): boolean {
  return kind === "DIRECTORY" && link !== true;
}

function isSpent({ entries, next, hasMore }: Level<unknown>): boolean {
  return next === entries.length && !hasMore;
}

function openLevel<E>(path: string, after: string | undefined): Level<E> {
  return { path, entries: [], next: 0, bytes: 0, cursor: undefined, after, hasMore: true };
}

function tooDeep(): LeatError {
  return new LeatError("INVALID_NAME", `a tree may be ${TREE_DEPTH} folders deep`);
}
