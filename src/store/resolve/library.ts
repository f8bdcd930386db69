/** The folder that is served, and the places in it where a name is made, replaced or removed. */

import { closeSync, constants, mkdirSync, openSync, realpathSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Folder } from "./folder.ts";
import type { Resolver } from "./resolver.ts";
import { type Facts, identityOf, sameThing } from "../system/facts.ts";
import { KernelResolver } from "./kernel-resolver.ts";
import { kernelResolves, O_PATH } from "../system/kernel.ts";
import { checkPath, isOwnFolder, OWN_FOLDER, quote, USERS_FOLDER } from "../names.ts";
import { mayBeOwnFolder, namesOwnFolder } from "./own-folder.ts";
import { tolerate } from "../system/system-error.ts";
import { notFound } from "../system/refusals.ts";
import type { Usage } from "../usage.ts";
import { hasProc } from "./walk-folder.ts";
import { WalkResolver } from "./walk-resolver.ts";

/** "kernel": openat2. "walk": by descriptors, no links. "walk-paths": the same by paths, where /proc is missing. */
export type Resolution = "kernel" | "walk" | "walk-paths";

/** The folder of a path, and its last segment. */
export interface OpenPlace {
  readonly folder: Folder;
  readonly name: string;
}

export interface Place extends OpenPlace, Disposable {}

/** A folder of a library, served by itself. */
export interface Part {
  /** Its path. */
  readonly path: string;
  /** Whether links that stay inside it are followed. */
  readonly followsLinks: boolean;
  /** One segment: where the own folder of the library has what the store of this part needs. */
  readonly home: string;
}

export class Library implements Disposable {
  readonly resolver: Resolver;
  readonly facts: Facts;
  /** Where there is a quota: what its files take. */
  usage: Usage | undefined;
  /** The library of which this one is a part, and which. */
  readonly #whole: { readonly library: Library; readonly part: Part } | undefined;
  /** The folder of the last `placeNow` or `folderNow`, and its path; closed when this turn of the event loop ends. */
  #recent: { readonly path: string; readonly folder: Folder } | undefined;

  private constructor(resolver: Resolver, whole?: { library: Library; part: Part }) {
    this.resolver = resolver;
    this.#whole = whole;
    try {
      using root = resolver.folder([]);
      this.facts = root.facts;
    } catch (error) {
      resolver[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * @param resolution for tests; else the best this system has
   * @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED
   */
  static open(folder: string, resolution?: Resolution): Library {
    try {
      return new Library(openResolver(checkLibrary(folder), resolution));
    } catch (error) {
      throw LeatError.from(error, `cannot serve the folder ${quote(folder)}`);
    }
  }

  /**
   * Opens a part of a library. Nothing leads out of it; what its store needs is kept in the library.
   * @throws as `open`
   */
  static openPart(folder: string, part: Part, resolution?: Resolution): Library {
    const library = Library.open(folder, resolution);
    try {
      using opened = library.resolver.folder(checkPath(part.path));
      const resolver = openResolver(`${opened.path}/.`, resolution, part.followsLinks);
      return new Library(resolver, { library, part });
    } catch (error) {
      library[Symbol.dispose]();
      throw LeatError.from(error, `cannot serve ${quote(part.path)} of the library`);
    }
  }

  /** It is not a part of another one. */
  get isWhole(): boolean {
    return this.#whole === undefined;
  }

  /** Of the whole library, where this is a part of one. */
  get rootFacts(): Facts {
    return this.#whole?.library.facts ?? this.facts;
  }

  /** Identifies the store of this library. */
  get identity(): string {
    const own = identityOf(this.facts);
    return this.#whole === undefined ? own : `${own}\0${this.#whole.part.home}`;
  }

  /** Whether a part is still where it was when it was opened. */
  get isInPlace(): boolean {
    if (this.#whole === undefined) return true;
    const { library, part } = this.#whole;
    using folder = library.resolver.folder(checkPath(part.path));
    return sameThing(folder.facts, this.facts);
  }

  /** The folder of the own folder of the library, and the names of folders from there to what its store needs. */
  get home(): { readonly root: Folder; readonly names: readonly string[] } {
    if (this.#whole === undefined) return { root: this.resolver.folder([]), names: [OWN_FOLDER] };
    const { library, part } = this.#whole;
    return { root: library.resolver.folder([]), names: [OWN_FOLDER, USERS_FOLDER, part.home] };
  }

  /**
   * The place of a path that is to be made, replaced, renamed or removed: its last segment is not
   * resolved.
   * @param root makes the error for the library itself
   */
  place(path: string, root: (path: string) => LeatError): Place {
    const segments = checkPath(path);
    const name = segments.pop();
    if (name === undefined) throw root(path);
    const folder = this.resolver.folder(segments);
    try {
      // A link may lead back to the root, where the name is that checkPath refuses.
      if (mayBeOwnFolder(name) && this.isRoot(folder)) mustNotBeOwn(folder, name, path);
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
    return { folder, name, [Symbol.dispose]: () => folder[Symbol.dispose]() };
  }

  /**
   * As `place`, for use in this turn of the event loop only; it is not disposed. Small files come by
   * the dozen, mostly into one folder, and that is opened once.
   */
  placeNow(path: string, root: (path: string) => LeatError): OpenPlace {
    const cut = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(cut, 0));
    if (this.#recent?.path === parent) {
      const name = checkPath(path).at(-1);
      if (name !== undefined && !mayBeOwnFolder(name)) return { folder: this.#recent.folder, name };
    }
    const { folder, name } = this.place(path, root);
    this.#keepNow(parent, folder);
    return { folder, name };
  }

  /** The folder of a path, for use in this turn of the event loop only; it is not disposed. @throws as `Resolver.folder` */
  folderNow(path: string): Folder {
    if (this.#recent?.path === path) return this.#recent.folder;
    const folder = this.resolver.folder(checkPath(path));
    this.#keepNow(path, folder);
    return folder;
  }

  #keepNow(path: string, folder: Folder): void {
    if (this.#recent === undefined) setImmediate(this.forgetRecent);
    this.#recent?.folder[Symbol.dispose]();
    this.#recent = { path, folder };
  }

  /** Folders may have been renamed: the next `placeNow` opens the folder anew. */
  readonly forgetRecent = (): void => {
    this.#recent?.folder[Symbol.dispose]();
    this.#recent = undefined;
  };

  isRoot(folder: Folder): boolean {
    return sameThing(folder.facts, this.facts);
  }

  [Symbol.dispose](): void {
    this.forgetRecent();
    this.resolver[Symbol.dispose]();
    this.#whole?.library[Symbol.dispose]();
  }
}

/**
 * The own folder is made to compare with it: else this name could become it.
 * @throws NOT_FOUND
 */
function mustNotBeOwn(root: Folder, name: string, path: string): void {
  if (isOwnFolder(name)) throw notFound(path);
  try {
    tolerate("EEXIST", () => mkdirSync(root.pathOf(OWN_FOLDER), { mode: 0o700 }));
  } catch (error) {
    throw LeatError.from(error, `cannot make ${OWN_FOLDER}`);
  }
  if (namesOwnFolder(name, (other) => root.stat(other))) throw notFound(path);
}

/** @returns the real path: the library itself may be reached by a link, which its operator chose */
function checkLibrary(folder: string): string {
  const path = realpathSync(folder);
  // Opened through ".", so that it must be readable and searchable.
  closeSync(openSync(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY));
  return path;
}

function openResolver(
  path: string,
  resolution: Resolution | undefined,
  followsLinks = true,
): Resolver {
  if (resolution !== undefined && resolution !== "kernel") {
    return new WalkResolver(path, resolution === "walk");
  }
  if (process.platform === "linux") {
    const root = openSync(path, O_PATH | constants.O_DIRECTORY);
    if (kernelResolves(root)) return new KernelResolver(root, followsLinks);
    closeSync(root);
  }
  return new WalkResolver(path, hasProc);
}
