/** The folders between the root of a sync and the pair that comes. */
import type { MaybePromise } from "../../store/store.ts";
import type { TreeRoot } from "../trees/tree.ts";

export interface AnyFolder {
  readonly item: TreeRoot;
  /** Relative to the root of the sync: "" for the root. */
  readonly place: string;
}

/** Nothing is done with what is in it; or it is counted as something that would be removed. */
export interface ClosedFolder extends AnyFolder {
  readonly purpose: "ignore" | "count";
}

/** It is made as the source has it; or everything in it is removed. */
export class OpenFolder<Folder> implements AnyFolder {
  readonly item: TreeRoot;
  readonly place: string;
  readonly purpose: "sync" | "remove";
  /** It was made in this pass: what is in it is copied. */
  readonly isNew: boolean;
  /** The source cannot be listed from here on: what seems to be missing there may be there. */
  isProtected = false;
  /** How much in it stays, as far as is known: it is removed when nothing does. */
  kept = 0;
  /** Called when all in it was begun. */
  readonly left: (() => MaybePromise<void>) | undefined;
  readonly #open: () => Folder;
  #folder: { readonly value: Folder } | undefined;

  /** @param open called when it is needed: in most folders nothing is to be done */
  constructor(
    { item, place }: AnyFolder,
    open: () => Folder,
    facts: Partial<Pick<OpenFolder<Folder>, "purpose" | "isNew" | "left">> = {},
  ) {
    this.item = item;
    this.place = place;
    this.purpose = facts.purpose ?? "sync";
    this.isNew = facts.isNew ?? false;
    this.left = facts.left;
    this.#open = open;
  }

  /** @throws the error of opening it */
  get folder(): Folder {
    return (this.#folder ??= { value: this.#open() }).value;
  }

  /** Opens it, if it is not. @throws the error of that */
  open(): this {
    this.#folder ??= { value: this.#open() };
    return this;
  }

  /** @param close called if it is open */
  close(close: (folder: Folder) => MaybePromise<void>): MaybePromise<void> {
    if (this.#folder !== undefined) return close(this.#folder.value);
  }
}

export type AnyOpen<Folder> = ClosedFolder | OpenFolder<Folder>;

export function isOpen<Folder>(folder: AnyOpen<Folder>): folder is OpenFolder<Folder> {
  return folder instanceof OpenFolder;
}
