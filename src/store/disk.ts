/** The store on disk: the folder that is served. */

import { createHash } from "node:crypto";
import { LeatError } from "../errors.ts";
import { makeFolder, removeName, renameName } from "./changes.ts";
import { mayTake } from "./collision.ts";
import { DiskSink, type SinkTarget, type Skipped } from "./disk-sink.ts";
import { DiskSource } from "./disk-source.ts";
import { entryBehindLink } from "./link-entry.ts";
import { identityOf, Versions, versionedEntry } from "./entry.ts";
import type { Facts } from "./facts.ts";
import { checkFree, freeBytes } from "./free-space.ts";
import { Library, type Place, type Resolution } from "./library.ts";
import { checkPath, quote } from "./names.ts";
import { Pages } from "./pages.ts";
import type { PartialFile } from "./partial.ts";
import { Partials, sweepPartials } from "./partials.ts";
import { isDirectory } from "./refusals.ts";
import type { CreateOptions, Page, PageRequest, Store, StoreEntry } from "./store.ts";

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
  /** Open ones; they use our descriptors. */
  readonly #sinks = new Set<DiskSink>();
  #partials: Partials | undefined;

  constructor(library: Library, readOnly: boolean) {
    this.readOnly = readOnly;
    this.#library = library;
    this.#versions = new Versions(identityOf(library.facts));
    this.#pages = new Pages(library);
    if (readOnly) return;
    this.#partials = sweepPartials(library);
  }

  page(folder: string, request: PageRequest): Promise<Page> {
    return this.#pages.page(folder, request);
  }

  stat(path: string): StoreEntry {
    const segments = checkPath(path);
    return this.#entry(segments.at(-1) ?? "", this.#library.beneath.stat(segments));
  }

  open(path: string): DiskSource {
    const segments = checkPath(path);
    const file = this.#library.beneath.openFile(segments);
    return new DiskSource(segments.at(-1) ?? "", file, this.#versions);
  }

  create(path: string, options: CreateOptions): DiskSink | Skipped {
    checkPath(path);
    this.#mustBeWritable(path);
    using place = this.#library.place(path, isDirectory);
    const existing = place.folder.look(place.name);
    if (!mayTake(existing, options, path, this.#versions)) return this.#skip(path, place);
    const partial = this.#createPartial(path, place, options);
    const sink = new DiskSink(
      partial,
      this.#target(path, () => this.#sinks.delete(sink)),
      options,
    );
    this.#sinks.add(sink);
    return sink;
  }

  remove(path: string, ifMatch?: string): void {
    checkPath(path);
    this.#mustBeWritable(path);
    removeName(this.#library, path, ifMatch, this.#versions);
  }

  makeDirectory(path: string, parents: boolean): StoreEntry {
    checkPath(path);
    this.#mustBeWritable(path);
    makeFolder(this.#library, path, parents);
    return this.stat(path);
  }

  rename(from: string, to: string, replace: boolean): StoreEntry {
    checkPath(from);
    const name = checkPath(to).at(-1) ?? "";
    this.#mustBeWritable(from);
    return this.#entry(name, renameName(this.#library, from, to, replace));
  }

  freeBytes(): number {
    using root = this.#library.beneath.folder([]);
    return freeBytes(root);
  }

  /** Waits for commits that are under way, and discards every other open Sink. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#sinks].map((sink) => sink.close()));
    this.#pages[Symbol.dispose]();
    this.#partials?.[Symbol.dispose]();
    this.#library[Symbol.dispose]();
  }

  /** What has the name: behind a link if that is to be seen, else the link. */
  #skip(path: string, place: Place): Skipped {
    const facts = place.folder.look(place.name);
    if (facts?.kind === "LINK") {
      const entry = entryBehindLink(this.#library, checkPath(path), this.#versions);
      return { skipped: entry ?? this.#entry(place.name, facts) };
    }
    return { skipped: this.stat(path) };
  }

  #createPartial(path: string, place: Place, { uploadId, size }: CreateOptions): PartialFile {
    const name = partialName(uploadId, path);
    this.#partials ??= Partials.make(this.#library);
    const partials = this.#partials;
    if (!partials.canPublishTo(place.folder)) {
      const message = `${quote(path)} is on another file system than the partial files`;
      throw new LeatError("CROSS_DEVICE", message);
    }
    try {
      if (size !== undefined) checkFree(partials.folder, size, path);
      return partials.create(name, path);
    } catch (error) {
      if (!partials.isGone) throw error;
    }
    // Somebody has cleared the folder away.
    partials[Symbol.dispose]();
    this.#partials = undefined; // to be made by the next upload, if it can't be made now
    this.#partials = Partials.make(this.#library);
    return this.#partials.create(name, path);
  }

  #target(path: string, ended: () => void): SinkTarget {
    return {
      path,
      versions: this.#versions,
      place: () => this.#library.place(path, isDirectory),
      [Symbol.dispose]: ended,
    };
  }

  #entry(name: string, facts: Facts): StoreEntry {
    return versionedEntry(name, facts, this.#versions);
  }

  #mustBeWritable(path: string): void {
    if (!this.readOnly) return;
    throw new LeatError("READ_ONLY", `${quote(path)} cannot be changed: the library is read-only`);
  }
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
