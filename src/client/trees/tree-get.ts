/**
 * Downloads trees over one connection: folders are listed while files are on their way, as many as the
 * server allows streams. The names come from the server and are not trusted: each must be one segment,
 * and its file is made in a folder that is held open, no link followed.
 */
import { LeatError } from "../../errors.ts";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, SMALL_FILE } from "../../limits.ts";
import { LocalFolder, TreeSyncs } from "../local/local-folder.ts";
import { isSegment, quote } from "../../store/names.ts";
import type { Collision, DurabilityLevel, MaybePromise, StoreEntry } from "../../store/store.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import type { Saved } from "../download/options.ts";
import { isSkipped, localOptions, savedAs } from "../download/saving.ts";
import { checkGet } from "./into-itself.ts";
import { SmallGet } from "../download/small-get.ts";
import {
  type GetTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type LeftOut,
  below,
  checkDepth,
  outcomeOf,
} from "./tree.ts";
import { type EndTransfer, TreeRun } from "./tree-run.ts";

/** Downloads several trees or files. One that fails does not stop the others. */
export class TreeGet {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #collision: Collision;
  readonly #durability: DurabilityLevel;
  readonly #options: GetTreeOptions;
  readonly #syncs = new TreeSyncs();

  constructor(calls: Calls, options: GetTreeOptions) {
    this.#calls = calls;
    this.#run = new TreeRun(calls.link, options);
    this.#collision = options.ifExists ?? "replace";
    this.#durability = options.durability ?? "fsync";
    this.#options = options;
  }

  async *outcomes(roots: readonly TreeRoot[]): AsyncGenerator<TreeOutcome, LeftOut> {
    using _syncs = this.#syncs;
    return yield* this.#run.outcomes(roots, (root) => this.#root(root));
  }

  async #root(root: TreeRoot): Promise<void> {
    const { path, local } = root;
    const entry = await this.#calls.unary({ case: "stat", value: { path } }, this.#run);
    if (entry.kind === "DIRECTORY") {
      await checkGet(this.#calls, root, this.#run);
      return this.#folder(root, () => LocalFolder.make(local, entry.modified, this.#durability), 0);
    }
    const { folder, name } = LocalFolder.place(local);
    using held = folder;
    await this.#begin(held, root, name, entry.size);
  }

  /** @param make makes the local folder, after the first page has come, which might list it otherwise */
  async #folder(root: TreeRoot, make: () => LocalFolder, depth: number): Promise<void> {
    using disposables = new DisposableStack();
    checkDepth(root.path, depth);
    const pages = this.#calls.pages(root.path, { hidden: true, signal: this.#run.signal });
    let folder: LocalFolder | undefined;
    for await (const page of pages) {
      const held = (folder ??= disposables.use(make()));
      const folders: Entry[] = [];
      for (const entry of page.entries) {
        if (entry.kind === "DIRECTORY" && !entry.link) folders.push(entry);
        else {
          const waits = this.#entry(root, held, entry);
          if (waits !== undefined) await waits;
        }
      }
      for (const entry of folders) await this.#subfolder(root, held, entry, depth);
      if (page.skippedNames > 0) {
        const error = notUtf8(page.skippedNames, root.path);
        this.#run.report(outcomeOf(root, { kind: "DIRECTORY", error }));
      }
    }
    await folder?.onDisk();
    this.#run.report(outcomeOf(root, { kind: "DIRECTORY" }));
  }

  async #subfolder(root: TreeRoot, folder: LocalFolder, entry: Entry, depth: number) {
    const { name, modified } = entry;
    const item = { path: below(root.path, name), local: below(folder.path, name) };
    await this.#run.attempt(item, "DIRECTORY", async () => {
      checkName(name);
      await this.#folder(item, () => folder.make(name, modified, this.#durability), depth + 1);
    });
  }

  #entry(root: TreeRoot, folder: LocalFolder, entry: Entry): MaybePromise<void> {
    const { name, size, kind, link } = entry;
    const item = { path: below(root.path, name), local: below(folder.path, name) };
    if (link || kind !== "FILE") return this.#run.leaveOut(item.path, link);
    try {
      checkName(name);
      return this.#begin(folder, item, name, size);
    } catch (thrown) {
      this.#run.report(this.#run.failed(item, "FILE", thrown));
    }
  }

  /** Begins a download, when there is room for it. @throws ALREADY_EXISTS */
  #begin(folder: LocalFolder, item: TreeRoot, name: string, size: number): MaybePromise<void> {
    if (this.#collision === "fail") folder.mustBeFree(name);
    if (this.#collision === "skip" && folder.kindOf(name) !== undefined) {
      return this.#run.report(outcomeOf(item, { skipped: true }));
    }
    const bytes = Math.min(size, DOWNLOAD_WINDOW);
    const start = (): void => {
      const end = this.#run.begin(item, bytes, folder);
      if (size <= SMALL_FILE) this.#fetchSmall(folder, item, name, end);
      else if (size <= BLOCK_SIZE) end(this.#fetch(folder, item, name));
      else end(this.#fetchLarge(folder, item, name));
    };
    return this.#run.hasRoom(bytes) ? start() : this.#run.room(bytes).then(start);
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
        this.#run.moved(bytes.length);
        const isWritten =
          this.#durability === "none" && folder.writeSmall(name, bytes, entry.modified, entry.mode);
        if (isWritten) end(fetched(item, entry, { skipped: false, durability: "none" }));
        else end(this.#save(folder, item, name, entry, bytes));
      },
      failed: () => {
        small.delete(get);
        end(this.#fetch(folder, item, name));
      },
    });
    small.add(get);
    get.send();
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
      const local = localOptions(entry, bytes.length, options);
      const sink = folder.create(name, { ...local, syncs: this.#syncs });
      if ("skipped" in sink) return outcomeOf(item, { skipped: true });
      await using held = sink;
      await held.write(bytes, 0);
      const stored = await held.commit();
      return fetched(item, entry, await savedIn(folder, savedAs(stored, this.#options)));
    } catch (thrown) {
      if (isSkipped(thrown, this.#collision)) return outcomeOf(item, { skipped: true });
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
    if (saved.skipped) return outcomeOf(item, { skipped: true });
    return fetched(item, entry, await savedIn(folder, saved));
  }
}

/** A file is on disk only when the folders that were made for it are, too. */
async function savedIn(folder: LocalFolder, saved: Saved): Promise<Saved> {
  if (saved.skipped || (await folder.onDisk()) !== false) return saved;
  return { ...saved, durability: "none", notDone: { ...saved.notDone, sync: true } };
}

function fetched(item: TreeRoot, { size, version }: StoreEntry, saved: Saved): TreeOutcome {
  return outcomeOf(item, { size, version, ...saved });
}

/** A server cannot make the client write outside of the target. @throws INVALID_NAME */
function checkName(name: string): void {
  if (isSegment(name)) return;
  throw new LeatError("INVALID_NAME", `the server lists ${quote(name)}, which is not a name`);
}

function notUtf8(names: number, path: string): LeatError {
  const where = path === "" ? "the library" : quote(path);
  return new LeatError(
    "INVALID_NAME",
    `${names} names in ${where} are not UTF-8: they are left out`,
  );
}
