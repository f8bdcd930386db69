/** The folders that are open while the items of a tree come. Their names come from a peer. */
import { LeatError } from "../errors.ts";
import { TREE_DEPTH } from "../limits.ts";
import { below, isSegment, quote } from "../store/names.ts";

export interface OpenFolder {
  readonly path: string;
  /** It could not be made, nor can what is in it. */
  hasFailed: boolean;
}

export class OpenFolders {
  /** The first is never left. */
  readonly #open: OpenFolder[];

  /** @param path of the folder that is open at first */
  constructor(path: string) {
    this.#open = [{ path, hasFailed: false }];
  }

  get #top(): OpenFolder {
    return this.#open.at(-1)!;
  }

  /** The path of the folder that is open. */
  get path(): string {
    return this.#top.path;
  }

  /** @throws PROTOCOL_ERROR where so many are not open */
  leave(count: number): void {
    if (count >= this.#open.length) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `an item of a tree leaves ${count} folders; so many are not open`,
      );
    }
    this.#open.length -= count;
  }

  /** @returns the path of a name in the folder that is open @throws INVALID_NAME; NOT_FOUND, the folder */
  pathOf(name: string): string {
    const { path, hasFailed } = this.#top;
    if (hasFailed)
      throw new LeatError("NOT_FOUND", `the folder of ${quote(name)} could not be made`);
    if (isSegment(name)) return below(path, name);
    throw new LeatError("INVALID_NAME", `${quote(name)} is not the name of one file or folder`);
  }

  /** Opens a folder, which may be made or not. @throws PROTOCOL_ERROR where it is too deep */
  enter(name: string): OpenFolder {
    if (this.#open.length > TREE_DEPTH) {
      throw new LeatError("PROTOCOL_ERROR", `a tree may be ${TREE_DEPTH} folders deep`);
    }
    const { path, hasFailed } = this.#top;
    // One that has failed is never reached, so that its name does no harm.
    const folder = { path: isSegment(name) ? below(path, name) : path, hasFailed };
    this.#open.push(folder);
    return folder;
  }
}
