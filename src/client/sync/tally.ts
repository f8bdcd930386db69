/** Counts what a sync leaves as it is, and what it would remove. */
import type { Walked } from "../local/local-walk.ts";
import type { TreeRoot } from "../trees/tree.ts";
import type { Removals, SyncRest } from "./sync.ts";

export class Tally {
  #unchanged = 0;
  skipped = 0;
  kept = 0;
  #links = 0;
  #others = 0;
  #example: string | undefined;
  #files = 0;
  #folders = 0;
  #first: TreeRoot | undefined;

  readonly #onUnchanged: ((bytes: number) => void) | undefined;

  /** @param onUnchanged called with the bytes of each file that is the same on both sides */
  constructor(onUnchanged?: (bytes: number) => void) {
    this.#onUnchanged = onUnchanged;
  }

  unchanged({ size }: Pick<Walked, "size">): void {
    this.#unchanged += 1;
    this.#onUnchanged?.(size);
  }

  /** A link, or what is neither a file nor a folder. */
  leaveOut(path: string, isLink: boolean): void {
    if (isLink) this.#links += 1;
    else this.#others += 1;
    this.#example ??= path;
  }

  /** Counts what would be removed. */
  remove(item: TreeRoot, isFolder: boolean): void {
    if (isFolder) this.#folders += 1;
    else this.#files += 1;
    this.#first ??= item;
  }

  /** undefined where nothing would be. */
  get removals(): Removals | undefined {
    const [files, folders] = [this.#files, this.#folders];
    const example = this.#first;
    return example && { files, folders, example };
  }

  /** @param more links and others that transfers have left out */
  rest(more: Pick<SyncRest, "links" | "others" | "example">): Omit<SyncRest, "notRemoved"> {
    const { skipped, kept } = this;
    const unchanged = this.#unchanged;
    const links = this.#links + more.links;
    const others = this.#others + more.others;
    return { unchanged, skipped, kept, links, others, example: this.#example ?? more.example };
  }
}
