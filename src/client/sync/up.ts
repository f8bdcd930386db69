/**
 * A folder of the library as the target of a sync. The folders of the source are held open, so that nothing outside is
 * sent where a link takes the place of one.
 */
import { LeatError } from "../../errors.ts";
import { SYNC_AT_ONCE, SYNC_FAILURES } from "../../limits.ts";
import type { Attributes, FolderAttributes, MaybePromise, Time } from "../../store/store.ts";
import { kept } from "../local/kept.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import type { Walked } from "../local/local-walk.ts";
import type { Calls } from "../calls/calls.ts";
import {
  type LeftOut,
  type PutTreeOptions,
  type Roots,
  type TreeOutcome,
  type TreeRoot,
  outcomeOf,
} from "../trees/tree.ts";
import { putLink } from "../trees/put-link.ts";
import { putAttributes } from "../trees/put-attributes.ts";
import type { UploadLoops } from "../trees/into-itself.ts";
import { type HeldRoot, TreePut } from "../trees/tree-put.ts";
import type { Settled } from "../trees/selection.ts";
import { isSameTime } from "../../store/same-time.ts";
import { isCopiedTime } from "../local/same-time.ts";
import { placeIn, RemoteBackups } from "./backups.ts";
import type { SyncOptions } from "./sync.ts";
import type { Side, SideOutcome } from "./side.ts";

/** What tells whether a folder of the source is the library that it goes to. */
export interface Loops {
  readonly loops: UploadLoops;
  /** Of the target in the library. */
  readonly path: string;
  /** Of the target, when the sync began. */
  readonly modified: Time | undefined;
}

export class UpSide implements Side<LocalFolder | undefined> {
  readonly #calls: Calls;
  readonly #options: Settled<PutTreeOptions>;

  readonly #loops: Loops;
  /** Sends what is to be copied. */
  #tree: TreePut | undefined;
  /** Folders that are to get their attributes, and are not closed yet. */
  #watched = 0;
  #wakeClosed: (() => void) | undefined;
  /** Folders that get their attributes. */
  readonly #ending = new Set<Promise<void>>();
  /** Those that did not get them. */
  readonly #lacking: TreeOutcome[] = [];

  readonly #backups: RemoteBackups | undefined;
  readonly keep: Side<LocalFolder | undefined>["keep"];

  constructor(
    calls: Calls,
    options: Settled<PutTreeOptions> & Pick<SyncOptions, "backupDir">,
    loops: Loops,
  ) {
    const { backupDir } = options;
    const backups =
      backupDir === undefined ? undefined : new RemoteBackups(calls, backupDir, options);
    this.#backups = backups;
    if (backups !== undefined) {
      this.keep = async ({ path }) => {
        await backups.move(path, placeIn(loops.path, path));
        return false;
      };
    }
    this.#calls = calls;
    this.#options = { ...options, ifExists: "replace" };
    this.#loops = loops;
  }

  /** Asks the server only about a folder that may be its library: one of the same time, if it is the target. */
  check({ local }: TreeRoot, source: Walked): Promise<void> | undefined {
    const { loops, path, modified } = this.#loops;
    if (path === "")
      loops.received = modified === undefined || !isSameTime(source.modified, modified);
    return loops.checkFolder(local, path);
  }

  /** @returns the folder of the source; undefined where only the target has it */
  open(
    parent: LocalFolder | undefined,
    { path, local }: TreeRoot,
    name: string,
    source: Walked | undefined,
  ): LocalFolder | undefined {
    const folder = source && parent?.child(name, local);
    return folder && this.watch(folder, path);
  }

  /** It is made where it is transferred: what is in it need not wait for that. */
  make(
    parent: LocalFolder | undefined,
    { path, local }: TreeRoot,
    name: string,
  ): LocalFolder | undefined {
    const folder = parent?.child(name, local);
    return folder && this.watch(folder, path);
  }

  bare(parent: LocalFolder | undefined, item: TreeRoot, name: string): TreeRoot | HeldRoot {
    return { ...this.root(parent, item, name), isBare: true };
  }

  /** Makes the folder of the library that a local one is copied to. @param folder closed when this fails */
  async makeFor(folder: LocalFolder, path: string): Promise<LocalFolder> {
    const mode = this.#options.modes === false ? undefined : folder.fillingMode;
    const value = { path, parents: true, mode };
    try {
      await this.#calls.unary({ case: "makeDirectory", value }, this.#options);
    } catch (thrown) {
      folder[Symbol.dispose]();
      throw thrown;
    }
    return this.watch(folder, path);
  }

  /** Gives the folder of the library its attributes when all transfers in it have ended. */
  watch(folder: LocalFolder, path: string): LocalFolder {
    const attributes = kept(folder.attributes, this.#options);
    this.#watched += 1;
    folder.whenClosed(() => {
      const ending = this.#complete({ path, local: folder.path }, attributes);
      this.#ending.add(ending);
      void ending.then(() => this.#ending.delete(ending));
      this.#watched -= 1;
      if (this.#watched === 0) this.#wakeClosed?.();
    });
    return folder;
  }

  async #complete(root: TreeRoot, attributes: FolderAttributes): Promise<void> {
    let facts: Partial<TreeOutcome>;
    try {
      const upload = this.#tree?.upload;
      const notDone = await putAttributes(
        this.#calls,
        root.path,
        attributes,
        this.#options,
        upload,
      );
      if (notDone === undefined) return;
      facts = { notDone };
    } catch (thrown) {
      facts = { error: LeatError.from(thrown) };
    }
    if (this.#lacking.length >= SYNC_FAILURES) return;
    this.#lacking.push(outcomeOf(root, { kind: "DIRECTORY", ...facts }));
  }

  hasTime(target: Walked, source: Walked): boolean {
    return this.#options.times === false || isCopiedTime(source.modified, target.modified);
  }

  close(folder: LocalFolder | undefined): MaybePromise<void> {
    folder?.[Symbol.dispose]();
    return this.#ending.size < SYNC_AT_ONCE ? undefined : Promise.race(this.#ending);
  }

  root(parent: LocalFolder | undefined, item: TreeRoot, name: string): TreeRoot | HeldRoot {
    if (parent === undefined) return item;
    parent.hold();
    return { ...item, folder: parent, name };
  }

  async link(
    parent: LocalFolder | undefined,
    { path }: TreeRoot,
    _name: string,
    target: string,
  ): Promise<boolean> {
    parent?.hold(); // its time is set after this
    using _held = parent;
    const link = { target, ifExists: "REPLACE" } as const;
    return (await putLink(this.#calls, path, link, this.#options)) !== undefined;
  }

  async setAttributes(
    _parent: LocalFolder | undefined,
    { path }: TreeRoot,
    _name: string,
    { modified, mode }: Attributes,
  ): Promise<Attributes> {
    const value = { path, modified, mode };
    return await this.#calls.unary({ case: "setAttributes", value }, this.#options);
  }

  async remove(
    parent: LocalFolder | undefined,
    { path }: TreeRoot,
    _name: string,
    kind: Walked["kind"],
  ): Promise<void> {
    parent?.hold(); // its time is set after this
    using _held = parent;
    if (kind !== "DIRECTORY" && this.#backups !== undefined) {
      return await this.#backups.move(path, placeIn(this.#loops.path, path));
    }
    await this.#calls.removeSurely(path, this.#options);
  }

  async *transfer(roots: Roots): AsyncGenerator<SideOutcome, LeftOut> {
    this.#tree = new TreePut(this.#calls, this.#options, this.#loops.path);
    const leftOut = yield* this.#tree.outcomes(roots, () => this.#allClosed());
    // All folders are closed by now.
    while (this.#ending.size > 0) await Promise.all(this.#ending);
    for (const outcome of this.#lacking.splice(0)) yield { ...outcome, action: "attributes" };
    return leftOut;
  }

  /** Resolves when all transfers in folders have ended: their attributes were sent then. */
  async #allClosed(): Promise<void> {
    if (this.#watched > 0) await new Promise<void>((wake) => (this.#wakeClosed = wake));
  }
}
