/** The folders between the root of a sync and the pair that comes. */
import type { MaybePromise } from "../../store/store.ts";
import type { TreeRoot } from "../trees/tree.ts";

interface AnyFolder {
  readonly item: TreeRoot;
  /** Relative to the root of the sync: "" for the root. */
  readonly place: string;
}

/** Nothing is done with what is in it; or it is counted as something that would be removed. */
export interface ClosedFolder extends AnyFolder {
  readonly purpose: "ignore" | "count";
}

/** It is made as the source has it; or everything in it is removed. */
export interface OpenFolder<Folder> extends AnyFolder {
  readonly purpose: "sync" | "remove";
  readonly folder: Folder;
  /** It was made in this pass: what is in it is copied. */
  readonly isNew: boolean;
  /** The source cannot be listed from here on: what seems to be missing there may be there. */
  isProtected: boolean;
  /** How much in it stays, as far as is known: it is removed when nothing does. */
  kept: number;
  /** Called when all in it was begun. */
  readonly left?: (() => MaybePromise<void>) | undefined;
}

export type AnyOpen<Folder> = ClosedFolder | OpenFolder<Folder>;

export function openFolder<Folder>(
  item: TreeRoot,
  place: string,
  folder: Folder,
  facts: Partial<OpenFolder<Folder>> = {},
): OpenFolder<Folder> {
  return {
    item,
    place,
    purpose: "sync",
    folder,
    isNew: false,
    isProtected: false,
    kept: 0,
    ...facts,
  };
}
