/** The target of a sync: the folders and files that are changed. One implementation for each direction. */
import type { Attributes, MaybePromise } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import type { LeftOut, Roots, TreeOutcome, TreeRoot } from "../trees/tree.ts";
import type { HeldRoot } from "../trees/tree-put.ts";

/** @typeParam Folder an open folder of the target */
export interface Target<Folder> {
  /** Whether a folder of the source may be read at all. @throws INVALID_ARGUMENT */
  check?(item: TreeRoot, source: Walked): Promise<void> | undefined;
  /** Whether a name may be that of a file that a transfer has left, to be continued: it does not count as removed. */
  isPartial?(name: string): boolean;
  /** Removes such a file, unless a running transfer has it. @returns whether it is gone */
  removePartial?(parent: Folder, name: string): boolean;
  /** A folder that exists. @throws NOT_FOUND, PERMISSION_DENIED, … */
  open(parent: Folder, item: TreeRoot, name: string, source: Walked | undefined): Folder;
  /** Whether a folder has the time of the source already; where that is missing, it keeps its own. */
  hasTime?(target: Walked, source: Walked): boolean;
  /** Makes a folder. */
  make(parent: Folder, item: TreeRoot, name: string, source: Walked): MaybePromise<Folder>;
  /** What `transfer` gets of a folder that it makes, and whose contents come by themselves. Missing: `make` makes it. */
  bare?(parent: Folder, item: TreeRoot, name: string): TreeRoot;
  /**
   * Called when all in the folder was begun: it may be closed when the last transfer in it has ended.
   * @returns a promise where too many are being closed
   */
  close(folder: Folder): MaybePromise<void>;
  /** What `transfer` gets of a file, or of a whole folder that the target does not have. */
  root(parent: Folder, item: TreeRoot, name: string, source: Walked): TreeRoot;
  /** Makes a link, or replaces one. @returns false where the target takes no links */
  link(parent: Folder, item: TreeRoot, name: string, target: string): MaybePromise<boolean>;
  /** Gives a file other attributes. @returns what it has then; undefined where nothing is changed */
  setAttributes?(
    parent: Folder,
    item: TreeRoot,
    name: string,
    attributes: Attributes,
  ): MaybePromise<Attributes | undefined>;
  /**
   * Keeps a file that is about to be replaced. Missing where nothing is kept.
   * @param isCopy whether the file gets another mode before that, which is not for the one that is kept
   * @returns whether it still has its name
   */
  readonly keep?: ((root: TreeRoot, isCopy: boolean) => MaybePromise<boolean>) | undefined;
  /** Removes a file, a link, or a folder in which nothing is left. */
  remove(parent: Folder, item: TreeRoot, name: string, kind: Walked["kind"]): MaybePromise<void>;
}

/** "attributes": a folder that exists could not get them. */
export type SideOutcome = TreeOutcome & { readonly action?: "attributes" };

/** One that is changed, and not only looked at. */
export interface Side<Folder> extends Target<Folder> {
  /** Moves files and folders while they come. */
  transfer(roots: Roots): AsyncGenerator<SideOutcome, LeftOut>;
}

/** Gives back what `Target.root` has given, where it is not transferred. */
export function releaseRoot(root: TreeRoot | HeldRoot): void {
  if ("folder" in root) root.folder[Symbol.dispose]();
}
