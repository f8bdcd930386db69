/** The local folders that a download of a tree fills now. */
import type { LocalFolder } from "../local/local-folder.ts";
import type { TreeRoot } from "./tree.ts";

/** The folders between the root of the tree and the item that comes, the root first. */
export class OpenFolders implements Disposable {
  readonly #folders: OpenFolder[] = [];
  readonly #above: number;

  /** @param above folders of a larger tree that the root is in */
  constructor(above: number) {
    this.#above = above;
  }

  get size(): number {
    return this.#folders.length;
  }

  /** How many folders deep what comes next is in the tree. */
  get depth(): number {
    return this.#above + this.#folders.length;
  }

  get top(): OpenFolder {
    return this.#folders.at(-1)!;
  }

  /** @param make makes the local folder; undefined where that failed, or the folder is left out */
  push(root: TreeRoot, place: string, make: () => LocalFolder | undefined): void {
    const folder = make();
    this.#folders.push({
      root,
      place,
      folder,
      hasFailed: false,
      [Symbol.dispose]: () => folder?.[Symbol.dispose](),
    });
  }

  pop(): OpenFolder {
    return this.#folders.pop()!;
  }

  [Symbol.dispose](): void {
    while (this.#folders.length > 0) this.pop()[Symbol.dispose]();
  }
}

interface OpenFolder extends Disposable {
  readonly root: TreeRoot;
  /** Relative to the root of the tree, for the patterns. */
  readonly place: string;
  /** undefined where it could not be made, or is left out: nothing in it is fetched. */
  readonly folder: LocalFolder | undefined;
  /** It could not be listed, which was reported. */
  hasFailed: boolean;
}
