/**
 * Resolution where the kernel cannot keep us inside: folder by folder, no link followed.
 *
 * With /proc each step begins at the descriptor of the step before, and no other process can put a link in
 * between. Without it (macOS) each step is a path: a local user who may change folders inside the library
 * can win a race against us. A peer cannot, for no request makes links.
 */

import type { Folder } from "./folder.ts";
import type { Resolver, OpenFile } from "./resolver.ts";
import type { Facts } from "../system/facts.ts";
import { namesOwnFolder } from "./own-folder.ts";
import { openRegular } from "./open-regular.ts";
import { isDirectory, linkRefused, notFound } from "../system/refusals.ts";
import { PathFolder, ProcFolder, type WalkFolder } from "./walk-folder.ts";

export class WalkResolver implements Resolver {
  readonly followsLinks = false;
  readonly #root: WalkFolder;
  readonly #proc: boolean;

  /** @param root real path of the library @param proc whether each step begins at a descriptor */
  constructor(root: string, proc: boolean) {
    this.#proc = proc;
    this.#root = proc ? ProcFolder.open(root) : new PathFolder(root);
  }

  get path(): string {
    return this.#root.path;
  }

  folder(segments: readonly string[]): Folder {
    this.#refuseOwn(segments);
    let folder = this.#root.duplicate();
    for (const [index, segment] of segments.entries()) {
      using before = folder;
      folder = before.child(segment, segments.slice(0, index + 1).join("/"));
    }
    return folder;
  }

  stat(segments: readonly string[]): Facts {
    const name = segments.at(-1);
    this.#refuseOwn(segments);
    using folder = this.folder(segments.slice(0, -1));
    const facts = name === undefined ? folder.facts : folder.stat(name);
    if (facts === undefined) throw notFound(segments.join("/"));
    if (facts.kind === "LINK") throw linkRefused(segments.join("/"));
    return facts;
  }

  openFile(segments: readonly string[]): OpenFile {
    const path = segments.join("/");
    const name = segments.at(-1);
    if (name === undefined) throw isDirectory(path);
    this.#refuseOwn(segments);
    using folder = this.folder(segments.slice(0, -1));
    return openRegular(folder.pathOf(name), path, { follow: false, proc: this.#proc });
  }

  /** @throws NOT_FOUND */
  #refuseOwn(segments: readonly string[]): void {
    const [first] = segments;
    if (first !== undefined && namesOwnFolder(first, (name) => this.#root.stat(name))) {
      throw notFound(segments.join("/"));
    }
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }
}
