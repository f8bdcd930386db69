/** Downloads the files of a tree: each came along with a list, or is asked for by itself. */
import { BLOCK_SIZE, DOWNLOAD_WINDOW, SMALL_FILE } from "../../limits.ts";
import type { Collision, DurabilityLevel, MaybePromise, StoreEntry } from "../../store/store.ts";
import { WALK_LEAVE_OUT } from "../../wire/features.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { storeEntry } from "../download/download-stream.ts";
import { isSkipped, localOptions, savedAs } from "../download/saving.ts";
import { SmallGet } from "../download/small-get.ts";
import { kept } from "../local/kept.ts";
import { type LocalFolder, TreeSyncs } from "../local/local-folder.ts";
import { fetched, savedIn } from "./get-outcomes.ts";
import type { Selection, Settled, Version } from "./selection.ts";
import { type GetTreeOptions, type TreeOutcome, type TreeRoot, outcomeOf } from "./tree.ts";
import type { EndTransfer, TreeRun } from "./tree-run.ts";

/** A small file that came along with a walk. */
export interface Came {
  readonly entry: Omit<Entry, "link" | "target">;
  readonly contents: Uint8Array;
}

export class GetFiles implements Disposable {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #options: Settled<GetTreeOptions>;
  readonly #selection: Selection;
  readonly #collision: Collision;
  readonly #durability: DurabilityLevel;
  readonly #syncs = new TreeSyncs();

  constructor(calls: Calls, run: TreeRun, options: Settled<GetTreeOptions>, selection: Selection) {
    this.#calls = calls;
    this.#run = run;
    this.#options = options;
    this.#selection = selection;
    this.#collision = options.ifExists ?? "replace";
    this.#durability = options.durability ?? "fsync";
  }

  /**
   * Files of at most so many bytes are sent along with a list. Where only some files are wanted, these are asked for: most of
   * the others are there, or left out.
   */
  get contentsUpTo(): number {
    const { filter, keeps } = this.#selection;
    const isAll = filter === undefined || (filter.isLeftOut && this.#leavesOut);
    return isAll && this.#collision !== "skip" && keeps === undefined ? SMALL_FILE : 0;
  }

  /** Whether the server sends nothing of what a filter leaves out. */
  get #leavesOut(): boolean {
    if (this.#options.links === "follow") return false;
    return this.#calls.link.current.connection.session.has(WALK_LEAVE_OUT);
  }

  [Symbol.dispose](): void {
    this.#syncs[Symbol.dispose]();
  }

  /** Begins a download, when there is room for it. @throws ALREADY_EXISTS */
  begin(
    folder: LocalFolder,
    item: TreeRoot,
    name: string,
    version: Version,
    came?: Came,
  ): MaybePromise<void> {
    const { size } = version;
    if (this.#collision === "fail") folder.mustBeFree(name);
    if (this.#isKept(folder, name, version)) {
      return this.#run.report(outcomeOf(item, { size, skipped: true }));
    }
    const bytes = Math.min(size, DOWNLOAD_WINDOW);
    const start = (held = came): void => {
      const end = this.#run.begin(item, bytes, folder);
      if (held !== undefined) this.#saveSmall(folder, item, name, held, end);
      else if (size <= SMALL_FILE) this.#fetchSmall(folder, item, name, end);
      else if (size <= BLOCK_SIZE) end(this.#fetch(folder, item, name));
      else end(this.#fetchLarge(folder, item, name));
    };
    if (this.#run.hasRoom(bytes)) return start();
    const kept = came && { ...came, contents: came.contents.slice() };
    return this.#run.room(bytes).then(() => start(kept));
  }

  /** Whether what has this name stays. */
  #isKept(folder: LocalFolder, name: string, version: Version): boolean {
    if (this.#collision === "skip") return folder.kindOf(name) !== undefined;
    const { keeps } = this.#selection;
    const found = keeps && folder.versionOf(name);
    return found !== undefined && keeps?.(version, found) === true;
  }

  /** Through memory, if all goes well; else the ordinary way, which tries again, or reports the error. */
  #fetchSmall(folder: LocalFolder, item: TreeRoot, name: string, end: EndTransfer): void {
    const { small } = this.#run;
    const get = new SmallGet({
      link: this.#calls.link.current,
      path: item.path,
      maxSize: SMALL_FILE,
      mayGrow: this.#options.allowGrowth === true,
      done: (entry, bytes) => {
        small.delete(get);
        this.#saveSmall(folder, item, name, { entry, contents: bytes }, end);
      },
      failed: () => {
        small.delete(get);
        end(this.#fetch(folder, item, name));
      },
    });
    small.add(get);
    get.send();
  }

  /** Saves a file that came whole. Its bytes may be others when this returns. */
  #saveSmall(
    folder: LocalFolder,
    item: TreeRoot,
    name: string,
    came: Came,
    end: EndTransfer,
  ): void {
    const entry = storeEntry(came.entry);
    const { contents } = came;
    this.#run.moved(contents.length, item);
    const isWritten =
      this.#durability === "none" &&
      folder.writeSmall(name, contents, kept(entry, this.#options), this.#collision);
    if (isWritten) end(fetched(item, entry, { skipped: false, durability: "none" }));
    else end(this.#save(folder, item, name, entry, contents.slice()));
  }

  async #save(
    folder: LocalFolder,
    item: TreeRoot,
    name: string,
    entry: StoreEntry,
    bytes: Uint8Array,
  ): Promise<TreeOutcome> {
    try {
      const options = { ...this.#options, shown: item.local };
      const local = localOptions({ entry, allocated: undefined }, bytes.length, options);
      const sink = folder.create(name, { ...local, syncs: this.#syncs });
      if ("skipped" in sink) return outcomeOf(item, { size: bytes.length, skipped: true });
      await using held = sink;
      await held.write(bytes, 0);
      const stored = await held.commit();
      return fetched(item, entry, await savedIn(folder, savedAs(stored, this.#options)));
    } catch (thrown) {
      if (isSkipped(thrown, this.#collision))
        return outcomeOf(item, { size: bytes.length, skipped: true });
      throw thrown;
    }
  }

  async #fetch(folder: LocalFolder, item: TreeRoot, name: string): Promise<TreeOutcome> {
    const options = { ...this.#options, ...this.#run.hooks(item), shown: item.local };
    const download = await this.#calls.get(item.path, options);
    const saved = await download.save(folder.pathOf(name), options);
    return fetched(item, download.entry, await savedIn(folder, saved));
  }

  /** Continues the part that an interrupted run has left. */
  async #fetchLarge(folder: LocalFolder, item: TreeRoot, name: string): Promise<TreeOutcome> {
    const options = { ...this.#options, ...this.#run.hooks(item), shown: item.local };
    const download = this.#calls.download(item.path, folder.pathOf(name), options);
    const { entry, ...saved } = await download;
    if (saved.skipped) return outcomeOf(item, { size: entry.size, skipped: true });
    return fetched(item, entry, await savedIn(folder, saved));
  }
}
