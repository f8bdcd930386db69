/** A local folder as the target of a sync. Each folder is held open, so that nothing outside is written or removed. */
import { LeatError } from "../../errors.ts";
import type { Attributes } from "../../store/store.ts";
import { OWN_FOLDER, quote } from "../../store/names.ts";
import { kept } from "../local/kept.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { isPartialName } from "../local/partial-names.ts";
import type { Walked } from "../local/local-walk.ts";
import type { Settled } from "../trees/selection.ts";
import type { Calls } from "../calls/calls.ts";
import type { GetTreeOptions, LeftOut, Roots, TreeOutcome, TreeRoot } from "../trees/tree.ts";
import { type PlacedRoot, TreeGet } from "../trees/tree-get.ts";
import { isCopiedTime } from "../local/same-time.ts";
import { LocalBackups } from "../local/local-backups.ts";
import { placeIn } from "./backups.ts";
import type { SyncOptions } from "./sync.ts";
import type { Side } from "./side.ts";

type BackupOptions = Pick<SyncOptions, "backupDir">;

export class DownSide implements Side<LocalFolder> {
  readonly #calls: Calls;
  readonly #options: Settled<GetTreeOptions>;
  readonly #backups: LocalBackups | undefined;
  /** The path of the source in the library. */
  readonly #base: string;
  readonly keep: Side<LocalFolder>["keep"];

  constructor(calls: Calls, base: string, options: Settled<GetTreeOptions> & BackupOptions) {
    const { backupDir } = options;
    this.#calls = calls;
    this.#base = base;
    this.#options = options;
    this.#backups = backupDir === undefined ? undefined : new LocalBackups(backupDir);
    if (this.#backups !== undefined) {
      this.keep = (root, isCopy) => this.#keep(root as PlacedRoot, isCopy);
    }
  }

  #keep({ folder, name, path }: PlacedRoot, isCopy: boolean): boolean {
    this.#backups?.keep(folder, name, placeIn(this.#base, path), isCopy);
    return true;
  }

  isPartial(name: string): boolean {
    return isPartialName(name);
  }

  removePartial(parent: LocalFolder, name: string): boolean {
    return parent.removePartial(name);
  }

  open(parent: LocalFolder, item: TreeRoot, name: string, source: Walked | undefined): LocalFolder {
    const attributes = source && kept(source, this.#options);
    const folder = parent.child(name, item.local, attributes);
    if (source !== undefined || folder.kindOf(OWN_FOLDER) !== "DIRECTORY") return folder;
    folder[Symbol.dispose]();
    const message = `${quote(item.local)} is the library of a leat server and is not removed`;
    throw new LeatError("PERMISSION_DENIED", message);
  }

  hasTime(target: Walked, source: Walked): boolean {
    return this.#options.times === false || isCopiedTime(source.modified, target.modified);
  }

  make(parent: LocalFolder, _item: TreeRoot, name: string, source: Walked): LocalFolder {
    const { durability = "fsync" } = this.#options;
    return parent.make(name, kept(source, this.#options), durability);
  }

  close(folder: LocalFolder): void {
    folder[Symbol.dispose]();
  }

  root(folder: LocalFolder, item: TreeRoot, name: string, source: Walked): PlacedRoot {
    folder.hold();
    const { size } = source;
    const attributes = kept(source, this.#options);
    const kind = source.kind === "DIRECTORY" ? "DIRECTORY" : "FILE";
    return { ...item, folder, name, kind, size, attributes, above: source.depth + 1 };
  }

  async link(parent: LocalFolder, _item: TreeRoot, name: string, target: string): Promise<boolean> {
    parent.link(name, target, "replace");
    parent.hold();
    using held = parent;
    if (this.#options.durability !== "none") await held.syncNames();
    return true;
  }

  setAttributes(
    parent: LocalFolder,
    _item: TreeRoot,
    name: string,
    attributes: Attributes,
  ): Attributes {
    return parent.setAttributes(name, attributes);
  }

  remove(parent: LocalFolder, { path }: TreeRoot, name: string, kind: Walked["kind"]): void {
    if (kind !== "DIRECTORY" && this.#backups !== undefined) {
      return this.#backups.move(parent, name, placeIn(this.#base, path));
    }
    parent.remove(name, kind === "DIRECTORY");
  }

  transfer(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    return new TreeGet(this.#calls, this.#options).outcomes(roots);
  }
}
