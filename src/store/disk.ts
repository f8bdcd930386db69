/** The store on disk: the folder that is served. */

import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { LeatError } from "../errors.ts";
import { checkVersion, mayTake } from "./collision.ts";
import { DiskSink, type SinkTarget, type Skipped } from "./disk-sink.ts";
import { DiskSource } from "./disk-source.ts";
import { identityOf, Versions, versionedEntry } from "./entry.ts";
import type { Facts } from "./facts.ts";
import { checkFree, freeBytes } from "./free-space.ts";
import { Library, type Place, type Resolution } from "./library.ts";
import { checkPath, quote } from "./names.ts";
import { renameNoReplace } from "./no-replace.ts";
import { Pages } from "./pages.ts";
import { onSameMount, Partials } from "./partials.ts";
import { alreadyExists, isDirectory, notADirectory, notFound } from "./refusals.ts";
import type { CreateOptions, Page, PageRequest, Sink, Source, Store, StoreEntry } from "./store.ts";

export interface DiskOptions {
  /** No change to the library, not even the folder of partial files. */
  readonly readOnly?: boolean | undefined;
  /** How names are resolved; by itself the best this system has. For tests. */
  readonly resolution?: Resolution | undefined;
}

const UPLOAD_ID_BYTES = 16;

/**
 * Opens a library.
 * @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED, each naming the folder
 */
export function openDiskStore(folder: string, options: DiskOptions = {}): DiskStore {
  return new DiskStore(Library.open(folder, options.resolution), options.readOnly ?? false);
}

export class DiskStore implements Store {
  readonly readOnly: boolean;
  readonly #library: Library;
  readonly #versions: Versions;
  readonly #pages: Pages;
  #partials: Partials | undefined;

  constructor(library: Library, readOnly: boolean) {
    this.readOnly = readOnly;
    this.#library = library;
    this.#versions = new Versions(identityOf(library.facts));
    this.#pages = new Pages(library);
    if (readOnly) return;
    this.#partials = Partials.find(library);
    this.#partials?.sweep(Date.now());
  }

  page(folder: string, request: PageRequest): Promise<Page> {
    return this.#pages.page(folder, request);
  }

  stat(path: string): StoreEntry {
    const segments = checkPath(path);
    return this.#entry(segments.at(-1) ?? "", this.#library.beneath.stat(segments));
  }

  open(path: string): Source {
    const segments = checkPath(path);
    const file = this.#library.beneath.openFile(segments);
    return new DiskSource(segments.at(-1) ?? "", file, this.#versions);
  }

  create(path: string, options: CreateOptions): Sink | Skipped {
    checkPath(path);
    this.#mustBeWritable(path);
    using place = this.#library.place(path, isDirectory);
    const existing = place.folder.look(place.name);
    if (!mayTake(existing, options, path, this.#versions)) return { skipped: this.stat(path) };
    this.#partials ??= Partials.make(this.#library);
    const partials = this.#partials;
    if (!onSameMount(place.folder, partials.folder)) {
      throw new LeatError(
        "CROSS_DEVICE",
        `${quote(path)} is on another file system than the library`,
      );
    }
    if (options.size !== undefined) checkFree(partials.folder, options.size, path);
    const partial = partials.create(partialName(options.uploadId, path), path);
    return new DiskSink(partial, this.#target(path), options);
  }

  remove(path: string, ifMatch?: string): void {
    checkPath(path);
    this.#mustBeWritable(path);
    using place = this.#library.place(path, rootStays);
    const existing = place.folder.look(place.name);
    if (existing === undefined) throw notFound(path);
    if (ifMatch !== undefined) checkVersion(existing, ifMatch, path, this.#versions);
    const remove = existing.kind === "DIRECTORY" ? rmdirSync : unlinkSync;
    run(`cannot remove ${quote(path)}`, () => remove(place.folder.at(place.name)));
  }

  makeDirectory(path: string, parents: boolean): StoreEntry {
    const segments = checkPath(path);
    this.#mustBeWritable(path);
    if (segments.length === 0) {
      if (!parents) throw alreadyExists(path);
      return this.stat(path);
    }
    if (parents) {
      for (let i = 1; i < segments.length; i++) this.#makeOne(segments.slice(0, i).join("/"), true);
    }
    this.#makeOne(path, parents);
    return this.stat(path);
  }

  rename(from: string, to: string, replace: boolean): StoreEntry {
    checkPath(from);
    checkPath(to);
    this.#mustBeWritable(from);
    using source = this.#library.place(from, rootStays);
    using target = this.#library.place(to, rootStays);
    if (source.folder.look(source.name) === undefined) throw notFound(from);
    run(`cannot rename ${quote(from)} to ${quote(to)}`, () => {
      if (replace) renameSync(source.folder.at(source.name), target.folder.at(target.name));
      else renameNoReplace(source.folder, source.name, target.folder, target.name);
    });
    return this.#lookAgain(target, to);
  }

  freeBytes(): number {
    using root = this.#library.beneath.folder([]);
    return freeBytes(root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#partials?.[Symbol.dispose]();
    this.#library[Symbol.dispose]();
  }

  #makeOne(path: string, mayExist: boolean): void {
    using place = this.#library.place(path, isDirectory);
    try {
      mkdirSync(place.folder.at(place.name));
    } catch (error) {
      const existing = place.folder.look(place.name);
      if (existing === undefined) throw LeatError.from(error, `cannot make ${quote(path)}`);
      if (!mayExist) throw alreadyExists(path);
      if (this.#library.beneath.stat(checkPath(path)).kind !== "DIRECTORY") {
        throw notADirectory(path);
      }
    }
  }

  #target(path: string): SinkTarget {
    return {
      path,
      versions: this.#versions,
      place: () => this.#library.place(path, isDirectory),
      [Symbol.dispose]() {},
    };
  }

  #lookAgain(place: Place, path: string): StoreEntry {
    const facts = place.folder.look(place.name);
    if (facts === undefined) throw notFound(path);
    return this.#entry(place.name, facts);
  }

  #entry(name: string, facts: Facts): StoreEntry {
    return versionedEntry(name, facts, this.#versions);
  }

  #mustBeWritable(path: string): void {
    if (!this.readOnly) return;
    throw new LeatError("READ_ONLY", `${quote(path)} cannot be changed: the library is read-only`);
  }
}

function rootStays(): LeatError {
  return new LeatError("INVALID_ARGUMENT", "the library itself can be neither removed nor renamed");
}

/** Partials are found again by target and upload id. */
function partialName(uploadId: Uint8Array, path: string): string {
  if (uploadId.length !== UPLOAD_ID_BYTES) {
    throw new LeatError(
      "INVALID_ARGUMENT",
      `an upload id has ${UPLOAD_ID_BYTES} bytes, not ${uploadId.length}`,
    );
  }
  return createHash("sha256").update(uploadId).update(path).digest("hex").slice(0, 32);
}

function run(doing: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw LeatError.from(error, doing);
  }
}
