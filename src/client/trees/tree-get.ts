/**
 * Downloads trees over one connection: small files come with the walk of the tree, larger ones on streams of their own, as
 * many as the server allows. The names come from the server and are not trusted: each must be one segment,
 * and its file is made in a folder that is held open, no link followed.
 */
import { dirname, resolve } from "node:path";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, SMALL_FILE } from "../../limits.ts";
import { kept } from "../local/kept.ts";
import { makeFolders } from "../local/make-folders.ts";
import { LocalFolder, TreeSyncs } from "../local/local-folder.ts";
import { below, leadsWithin } from "../../store/names.ts";
import type {
  Collision,
  DurabilityLevel,
  FolderAttributes,
  MaybePromise,
  StoreEntry,
} from "../../store/store.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { storeEntry } from "../download/download-stream.ts";
import { isSkipped, localOptions, savedAs } from "../download/saving.ts";
import { OpenFolders } from "./get-folders.ts";
import { fetched, makeLink, savedIn } from "./get-outcomes.ts";
import { checkGet } from "./into-itself.ts";
import { SmallGet } from "../download/small-get.ts";
import {
  type GetTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type LeftOut,
  type Roots,
  checkDepth,
  isAFolder,
  outcomeOf,
} from "./tree.ts";
import { checkName, notUtf8 } from "./listed-names.ts";
import { RootsAhead } from "./roots-ahead.ts";
import type { Selection, Settled, Version } from "./selection.ts";
import { type EndTransfer, TreeRun } from "./tree-run.ts";
import { type WalkItem, walkTree } from "./tree-walk.ts";
import { isFolder } from "../../transfer/walk-items.ts";

/** A root that the caller knows from a walk. */
export interface PlacedRoot extends TreeRoot {
  /** The local folder that it goes to, held for it once. */
  readonly folder: LocalFolder;
  /** In that folder. */
  readonly name: string;
  readonly kind: "FILE" | "DIRECTORY";
  /** Bytes of a file. */
  readonly size: number;
  /** Of a folder. */
  readonly attributes: FolderAttributes;
  /** Of a folder: how many of the tree that is moved are above it. */
  readonly above: number;
}

/** Downloads several trees or files. One that fails does not stop the others. */
export class TreeGet {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #collision: Collision;
  readonly #selection: Selection;
  readonly #durability: DurabilityLevel;
  readonly #options: Settled<GetTreeOptions>;
  readonly #syncs = new TreeSyncs();
  #ahead: RootsAhead | undefined;
  /** The folder above a root that was made last. */
  #above = "";

  constructor(calls: Calls, options: Settled<GetTreeOptions>, selection: Selection = {}) {
    this.#selection = selection;
    this.#calls = calls;
    this.#run = new TreeRun(calls.link, options);
    this.#collision = options.ifExists ?? "replace";
    this.#durability = options.durability ?? "fsync";
    this.#options = options;
  }

  async *outcomes(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    using _syncs = this.#syncs;
    if (!("fail" in roots)) this.#ahead = new RootsAhead(roots, (root) => this.#factsOf(root));
    return yield* this.#run.outcomes(roots, (root) => this.#root(root));
  }

  async #root(root: TreeRoot | PlacedRoot): Promise<void> {
    if ("folder" in root) return this.#placed(root);
    const { local, place } = root;
    const entry = await (this.#ahead?.factsOf(root) ?? this.#factsOf(root));
    const isTree = entry.kind === "DIRECTORY";
    if (place !== undefined && this.#selection.filter?.excludes(place, isTree) === true) return;
    if (this.#options.parents === true) await this.#makeAbove(local);
    if (isTree) return this.#rootFolder(root, entry);
    const { folder, name } = LocalFolder.place(local);
    using held = folder;
    await this.#begin(held, root, name, entry);
  }

  #factsOf({ path }: TreeRoot): Promise<Entry> {
    return this.#calls.unary({ case: "stat", value: { path } }, this.#run);
  }

  async #makeAbove(local: string): Promise<void> {
    const above = dirname(resolve(local));
    if (above !== this.#above) await makeFolders(above, this.#durability);
    this.#above = above;
  }

  async #rootFolder(root: TreeRoot, entry: Entry): Promise<void> {
    const { folders = "contents" } = this.#options;
    if (folders === "refuse") throw isAFolder(root.path);
    const attributes = kept(entry, this.#options);
    const make = (): LocalFolder => LocalFolder.make(root.local, attributes, this.#durability);
    if (folders === "empty") {
      using made = make();
      await made.onDisk();
      return this.#run.report(outcomeOf(root, { kind: "DIRECTORY" }));
    }
    await checkGet(this.#calls, root, this.#run);
    return this.#tree(root, make);
  }

  async #placed(root: PlacedRoot): Promise<void> {
    using parent = root.folder;
    const { name, kind, size, attributes, above } = root;
    if (kind === "FILE") return await this.#begin(parent, root, name, { size });
    await this.#tree(root, () => parent.make(name, attributes, this.#durability), above);
  }

  /**
   * @param make makes the local folder
   * @param above folders of a larger tree that the root is in
   */
  async #tree(root: TreeRoot, make: () => LocalFolder, above = 0): Promise<void> {
    const { signal } = this.#run;
    // Where only some files are wanted, these are asked for: most of the others are there, or left out.
    const { filter, keeps } = this.#selection;
    const isAll = this.#collision !== "skip" && filter === undefined && keeps === undefined;
    const contentsUpTo = isAll ? SMALL_FILE : 0;
    const linkTargets = this.#options.links !== "skip";
    const walk = await walkTree(this.#calls, root.path, { contentsUpTo, linkTargets, signal });
    using open = new OpenFolders(above);
    try {
      open.push(root, "", make);
      do {
        for (let item = walk.next(); item !== undefined; item = walk.next()) {
          const waits = this.#item(open, item);
          if (waits !== undefined) await waits;
          if (!this.#run.hasReportRoom) await this.#run.reportRoom();
        }
      } while (await walk.more());
      await this.#leave(open, open.size);
    } finally {
      walk.cancel();
    }
  }

  #item(open: OpenFolders, item: WalkItem): MaybePromise<void> {
    if (item.leave > 0) {
      const { contents } = item;
      // The bytes may be others by the time that the folders are on disk.
      const kept = contents === undefined ? item : { ...item, contents: contents.slice() };
      return this.#leave(open, item.leave).then(() => this.#entry(open, kept));
    }
    return this.#entry(open, item);
  }

  /** All of these folders was begun: they are closed, or will be by the last transfer in them. */
  async #leave(open: OpenFolders, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      using left = open.pop();
      if (left.hasFailed || left.folder === undefined) continue;
      await this.#run.attempt(left.root, "DIRECTORY", async () => {
        await left.folder?.onDisk();
        left.folder?.whenClosed((notDone) =>
          this.#run.report(outcomeOf(left.root, { kind: "DIRECTORY", notDone })),
        );
      });
    }
  }

  #entry(
    open: OpenFolders,
    { entry, contents, failure, skippedNames = 0 }: WalkItem,
  ): MaybePromise<void> {
    const { root, folder, place } = open.top;
    if (folder === undefined) {
      // It could not be made, which was reported, or is left out.
      if (entry !== undefined && isFolder(entry)) open.push(root, place, () => undefined);
      return;
    }
    if (failure !== undefined) {
      open.top.hasFailed = true;
      this.#run.report(this.#run.failed(root, "DIRECTORY", failure));
    }
    if (skippedNames > 0) {
      const error = notUtf8(skippedNames, root.path);
      this.#run.report(outcomeOf(root, { kind: "DIRECTORY", error }));
    }
    if (entry === undefined) return;
    const item = { path: below(root.path, entry.name), local: below(root.local, entry.name) };
    const itemPlace = below(place, entry.name);
    if (this.#selection.filter?.excludes(itemPlace, isFolder(entry)) === true) {
      if (isFolder(entry)) open.push(item, itemPlace, () => undefined);
      return;
    }
    if (isFolder(entry)) return this.#subfolder(open, item, itemPlace, entry);
    const { name, kind, link = false } = entry;
    const isCopied = link && this.#isCopied(entry.target, open);
    if (!isCopied && (link || kind !== "FILE")) return this.#run.leaveOut(item.path, link);
    try {
      checkName(name);
      if (isCopied) return this.#link(folder, item, name, entry.target);
      return this.#begin(folder, item, name, entry, contents && { entry, contents });
    } catch (thrown) {
      this.#run.report(this.#run.failed(item, "FILE", thrown));
    }
  }

  /** Whether it leads to something in the tree. A server cannot make the client write links that lead out of it. */
  #isCopied(target: string, { depth }: OpenFolders): boolean {
    return this.#options.links !== "skip" && leadsWithin(target, depth - 1);
  }

  /** Makes a link, when there is room for it. */
  #link(folder: LocalFolder, item: TreeRoot, name: string, target: string): MaybePromise<void> {
    if (!this.#run.hasRoom(0)) {
      return this.#run.room(0).then(() => this.#link(folder, item, name, target));
    }
    this.#run.begin(
      item,
      0,
      folder,
    )(makeLink(folder, item, { name, target }, this.#collision, this.#durability));
  }

  #subfolder(open: OpenFolders, item: TreeRoot, place: string, entry: Entry): void {
    const { name } = entry;
    const parent = open.top.folder;
    try {
      checkName(name);
      checkDepth(item.path, open.depth);
      const attributes = kept(entry, this.#options);
      open.push(item, place, () => parent?.make(name, attributes, this.#durability));
    } catch (thrown) {
      open.push(item, place, () => undefined);
      this.#run.report(this.#run.failed(item, "DIRECTORY", thrown));
    }
  }

  /** Begins a download, when there is room for it. @throws ALREADY_EXISTS */
  #begin(
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
      this.#durability === "none" && folder.writeSmall(name, contents, kept(entry, this.#options));
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
      const local = localOptions(entry, bytes.length, options);
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

/** A small file that came along with a walk. */
interface Came {
  readonly entry: Omit<Entry, "link" | "target">;
  readonly contents: Uint8Array;
}
