/**
 * Downloads trees over one connection: small files come with the walk of the tree, larger ones on streams of their own, as
 * many as the server allows. The names come from the server and are not trusted: each must be one segment,
 * and its file is made in a folder that is held open, no link followed.
 */
import { dirname, resolve } from "node:path";
import { kept } from "../local/kept.ts";
import { LeatError } from "../../errors.ts";
import { SMALL_FILE } from "../../limits.ts";
import { makeFolders } from "../local/make-folders.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { below, leadsWithin } from "../../store/names.ts";
import type {
  Collision,
  DurabilityLevel,
  FolderAttributes,
  MaybePromise,
} from "../../store/store.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { GetFiles } from "./get-files.ts";
import { OpenFolders } from "./get-folders.ts";
import { makeLink } from "./get-outcomes.ts";
import { checkGet } from "./into-itself.ts";
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
import { ListedFiles } from "./listed-files.ts";
import { RootsAhead } from "./roots-ahead.ts";
import type { Selection, Settled } from "./selection.ts";
import { TreeRun } from "./tree-run.ts";
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
  readonly #files: GetFiles;
  #ahead: RootsAhead | undefined;
  /** Asks for files in the place of `#ahead`, where the server knows how. */
  #listed: ListedFiles<TreeRoot | PlacedRoot> | undefined;
  /** Roots that turned out to be folders: moved when all files are. */
  readonly #folders: [TreeRoot, Entry][] = [];
  /** The folder above a root that was made last. */
  #above = "";

  constructor(calls: Calls, options: Settled<GetTreeOptions>, selection: Selection = {}) {
    this.#selection = selection;
    this.#calls = calls;
    this.#run = new TreeRun(calls.link, options);
    this.#collision = options.ifExists ?? "replace";
    this.#durability = options.durability ?? "fsync";
    this.#options = options;
    this.#files = new GetFiles(calls, this.#run, options, selection);
  }

  async *outcomes(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    using _files = this.#files;
    const isList = !("fail" in roots);
    if ((!isList || roots.length > 1) && ListedFiles.isKnownBy(this.#calls.link)) {
      this.#listed = this.#listFiles();
    } else if (isList) this.#ahead = new RootsAhead(roots, (root) => this.#factsOf(root));
    const walk = (root: TreeRoot | PlacedRoot): Promise<void> => this.#root(root);
    return yield* this.#run.outcomes(roots, walk, () => this.#end());
  }

  #listFiles(): ListedFiles<TreeRoot | PlacedRoot> {
    return new ListedFiles({
      link: this.#calls.link,
      contentsUpTo: this.#files.contentsUpTo,
      signal: this.#run.signal,
      take: (root, came, contents) =>
        this.#run.attempt(root, "FILE", () => this.#came(root, came, contents)),
      failed: (root, error) => {
        if ("folder" in root) root.folder[Symbol.dispose]();
        this.#run.report(this.#run.failed(root, "FILE", error));
      },
    });
  }

  async #end(): Promise<void> {
    await this.#listed?.finish();
    for (const [root, entry] of this.#folders) {
      await this.#run.attempt(root, "DIRECTORY", () => this.#rootFolder(root, entry));
    }
  }

  async #root(root: TreeRoot | PlacedRoot): Promise<void> {
    if ("folder" in root && (root.kind === "DIRECTORY" || root.size > SMALL_FILE))
      return await this.#placed(root);
    if (this.#listed !== undefined) return await this.#listed.add(root);
    return await this.#came(root, undefined);
  }

  /** @param came the facts of a root, or why there are none; undefined where it is asked about by itself */
  async #came(
    root: TreeRoot | PlacedRoot,
    came: Entry | LeatError | undefined,
    contents?: Uint8Array,
  ): Promise<void> {
    if ("folder" in root) return await this.#placed(root, came, contents);
    if (came instanceof LeatError) throw came;
    // The bytes may be others by the time that the folder above is there.
    const bytes = contents?.slice();
    const entry = came ?? (await (this.#ahead?.factsOf(root) ?? this.#factsOf(root)));
    const { local, place } = root;
    const isTree = entry.kind === "DIRECTORY";
    if (place !== undefined && this.#selection.filter?.excludes(place, isTree) === true) return;
    if (this.#options.parents === true) await this.#makeAbove(local);
    if (isTree) return void this.#folders.push([root, entry]);
    const { folder, name } = LocalFolder.place(local);
    using held = folder;
    await this.#files.begin(held, root, name, entry, bytes && { entry, contents: bytes });
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

  async #placed(root: PlacedRoot, came?: Entry | LeatError, contents?: Uint8Array): Promise<void> {
    using parent = root.folder;
    if (came instanceof LeatError) throw came;
    const { name, kind, size, attributes, above } = root;
    if (kind === "DIRECTORY") {
      return await this.#tree(root, () => parent.make(name, attributes, this.#durability), above);
    }
    const entry = came ?? { size };
    await this.#files.begin(
      parent,
      root,
      name,
      entry,
      came && contents && { entry: came, contents },
    );
  }

  /**
   * @param make makes the local folder
   * @param above folders of a larger tree that the root is in
   */
  async #tree(root: TreeRoot, make: () => LocalFolder, above = 0): Promise<void> {
    const { signal } = this.#run;
    const { contentsUpTo } = this.#files;
    const { links = "copy" } = this.#options;
    const walk = await walkTree(this.#calls, root.path, {
      contentsUpTo,
      links,
      filter: this.#selection.filter,
      signal,
    });
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
    if (failure !== undefined && entry === undefined) {
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
    if (failure !== undefined) return this.#run.report(this.#run.failed(item, "FILE", failure));
    if (isFolder(entry)) return this.#subfolder(open, item, itemPlace, entry);
    const { name, kind, link = false } = entry;
    const isCopied = link && this.#isCopied(entry.target, open);
    if (!isCopied && (link || kind !== "FILE")) return this.#run.leaveOut(item.path, link);
    try {
      checkName(name);
      if (isCopied) return this.#link(folder, item, name, entry.target);
      return this.#files.begin(folder, item, name, entry, contents && { entry, contents });
    } catch (thrown) {
      this.#run.report(this.#run.failed(item, "FILE", thrown));
    }
  }

  /** Whether it leads to something in the tree. A server cannot make the client write links that lead out of it. */
  #isCopied(target: string, { depth }: OpenFolders): boolean {
    const { links = "copy" } = this.#options;
    return links === "copy" && leadsWithin(target, depth - 1);
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
}
