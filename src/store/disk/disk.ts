/** The store on disk: the folder that is served. */

import { LeatError } from "../../errors.ts";
import { makeFolder, removeName, renameName } from "./changes.ts";
import { DiskSource } from "../read/disk-source.ts";
import { readWhole } from "../read/whole-file.ts";
import { unseenFolder, versionedEntry } from "../system/entry.ts";
import { Versions } from "../system/versions.ts";
import type { Facts } from "../system/facts.ts";
import { fillingMode, hasAttributes, setAttributes } from "../write/folder-attributes.ts";
import { folderMode } from "../write/new-mode.ts";
import { setAttributesOf } from "./attributes.ts";
import { makeLinkAt } from "./links.ts";
import { freeBytes } from "../write/free-space.ts";
import type { KeptBounds } from "../uploads/kept-partials.ts";
import { Library, type Part, type Resolution } from "../resolve/library.ts";
import { checkPath, quote } from "../names.ts";
import { Pages } from "../listing/pages.ts";
import { isDirectory } from "../system/refusals.ts";
import { modeBits } from "../write/attributes.ts";
import type {
  Attributes,
  CreateOptions,
  DurabilityLevel,
  FolderAttributes,
  LinkOptions,
  MaybePromise,
  NewFile,
  Page,
  PageEntry,
  PageRequest,
  Source,
  Store,
  StoreEntry,
} from "../store.ts";
import { withItsSize } from "../read/sizeless-file.ts";
import { Quota, type QuotaOptions } from "../quota/quota.ts";
import { UsageRecord } from "../quota/usage-record.ts";
import { PARTIAL_FOLDER } from "../uploads/partials.ts";
import { Uploads } from "../uploads/uploads.ts";

/** Options of `openDiskStore`. */
export interface DiskOptions {
  /** Nothing in the library is changed; not even the folder of partial files is made. */
  readonly readOnly?: boolean | undefined;
  /** Permission bits of new files, whatever the caller says; those of new folders follow from them. */
  readonly fileMode?: number | undefined;
  /** Only this part of the library is served; nothing leads out of it. @internal */
  readonly part?: Part | undefined;
  /** How names are resolved; the best way of this system unless given. For tests. @internal */
  readonly resolution?: Resolution | undefined;
  /** Of a part: how much its files may take. @internal */
  readonly quota?: QuotaOptions | undefined;
  /** Milliseconds that an unfinished upload is kept after its last change; PARTIAL_RETENTION. */
  readonly partialRetention?: number | undefined;
  /** Milliseconds that a receipt is kept, of the time that the library is served. For tests. @internal */
  readonly receiptRetention?: number | undefined;
  /** How many unfinished uploads are kept; those of src/limits.ts unless given. For tests. @internal */
  readonly kept?: Partial<KeptBounds> | undefined;
  /** Milliseconds since 1970; for tests. @internal */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a library.
 * @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED, each naming the folder
 */
export function openDiskStore(folder: string, options: DiskOptions = {}): Store {
  return DiskStore.open(folder, options);
}

/** A store on disk, as `openDiskStore` opens it. @internal */
export class DiskStore implements Store {
  readonly takesHoles = true;
  readonly readOnly: boolean;
  readonly #library: Library;
  readonly #versions: Versions;
  readonly #pages: Pages;
  readonly #fileMode: number | undefined;
  /** Missing where the library is read-only. */
  readonly #uploads: Uploads | undefined;
  /** Missing where there is none. */
  readonly #quota: Quota | undefined;

  /** @throws as `openDiskStore` */
  static open(folder: string, options: DiskOptions = {}): DiskStore {
    const { part, resolution } = options;
    const library =
      part === undefined
        ? Library.open(folder, resolution)
        : Library.openPart(folder, part, resolution);
    return new DiskStore(library, options);
  }

  private constructor(library: Library, options: DiskOptions) {
    this.readOnly = options.readOnly ?? false;
    this.#fileMode = options.fileMode;
    this.#library = library;
    this.#versions = new Versions(library.identity);
    this.#pages = new Pages(library);
    if (this.readOnly) return;
    try {
      this.#quota = library.usage = openQuota(library, options);
    } catch (error) {
      library[Symbol.dispose]();
      throw error;
    }
    this.#uploads = new Uploads(library, this.#versions, options);
  }

  /** The library's folder, as it was when it was opened. */
  get root(): Facts {
    return this.#library.rootFacts;
  }

  /** Whether the part of the library that is served is still where it was. @throws NOT_FOUND, … */
  get isInPlace(): boolean {
    return this.#library.isInPlace;
  }

  page(folder: string, request: PageRequest): Promise<Page> {
    return this.#pages.page(folder, request);
  }

  stat(path: string): StoreEntry {
    const segments = checkPath(path);
    const facts = this.#library.resolver.stat(segments);
    return versionedEntry(segments.at(-1) ?? "", facts, this.#versions);
  }

  open(path: string): MaybePromise<Source> {
    const segments = checkPath(path);
    const file = this.#library.resolver.openFile(segments);
    return withItsSize(new DiskSource(segments.at(-1) ?? "", file, this.#versions));
  }

  readWhole(folder: string, entry: PageEntry, into: Uint8Array): string | undefined {
    const facts = readWhole(this.#library, folder, entry, into);
    return facts && this.#versions.of(facts);
  }

  writeWhole(
    folder: string,
    file: NewFile,
    bytes: Uint8Array,
    checkFirst: boolean,
  ): StoreEntry | undefined {
    if (this.#quota?.isCounted === false) return undefined; // `create` waits for it
    return this.#uploads?.writeWhole(folder, this.#withMode(file), bytes, checkFirst);
  }

  create(path: string, options: CreateOptions): ReturnType<Uploads["create"]> {
    checkPath(path);
    return this.#change(path, (uploads) => uploads.create(path, this.#withMode(options)));
  }

  #withMode<T extends { readonly mode?: number | undefined }>(file: T): T {
    return this.#fileMode === undefined ? file : { ...file, mode: this.#fileMode };
  }

  remove(path: string, ifMatch?: string): MaybePromise<void> {
    checkPath(path);
    return this.#change(path, () => {
      this.#library.forgetRecent();
      removeName(this.#library, path, ifMatch, this.#versions);
    });
  }

  makeDirectory(
    path: string,
    parents: boolean,
    durability: DurabilityLevel = "none",
    given: FolderAttributes = {},
  ): MaybePromise<StoreEntry> {
    checkPath(path);
    const attributes = path === "" ? {} : given; // those of the library itself are its operator's
    const own = this.#fileMode && folderMode(this.#fileMode);
    const mode = this.#countable(own ?? attributes.mode);
    const options = { parents, durability, mode, parentMode: own };
    const made = (): StoreEntry => this.#made(path, { ...attributes, mode });
    return this.#change(path, () => {
      const mayBeThere = parents && durability === "none";
      const there = mayBeThere ? this.#there(path, { ...attributes, mode }) : undefined;
      if (there !== undefined) return there;
      const coming = makeFolder(this.#library, path, options);
      return coming === undefined ? made() : coming.then(made);
    });
  }

  /** With a quota the server keeps the right to read a folder: what is in it has to be counted again one day. */
  #countable(mode: number | undefined): number | undefined {
    return this.#quota === undefined || mode === undefined ? mode : fillingMode(mode);
  }

  #made(path: string, attributes: FolderAttributes): StoreEntry {
    try {
      if (!hasAttributes(attributes)) return this.stat(path);
      const segments = checkPath(path);
      using folder = this.#library.resolver.folder(segments);
      return versionedEntry(segments.at(-1) ?? "", setAttributes(folder, attributes));
    } catch {
      // It was made, even if its facts cannot be read.
      return unseenFolder(checkPath(path).at(-1) ?? "");
    }
  }

  /** What makes a folder takes several times as long. @returns undefined where it is not there, or may not be */
  #there(path: string, attributes: FolderAttributes): StoreEntry | undefined {
    // One that gets a time was filled.
    if (attributes.modified !== undefined) return this.#withAttributes(path, attributes);
    if (hasAttributes(attributes)) return undefined;
    try {
      const { folder, name } = this.#library.placeNow(path, isDirectory);
      const facts = folder.stat(name);
      return facts?.kind === "DIRECTORY" ? versionedEntry(name, facts) : undefined;
    } catch {
      return undefined; // making it tells
    }
  }

  /** @returns undefined where there is no such folder */
  #withAttributes(path: string, attributes: FolderAttributes): StoreEntry | undefined {
    try {
      const folder = this.#library.folderNow(path);
      return versionedEntry(
        path.slice(path.lastIndexOf("/") + 1),
        setAttributes(folder, attributes),
      );
    } catch {
      return undefined; // making it tells why
    }
  }

  makeLink(path: string, target: string, options: LinkOptions): MaybePromise<StoreEntry> {
    checkPath(path);
    return this.#change(path, () => makeLinkAt(this.#library, path, target, options));
  }

  setAttributes(
    path: string,
    { modified, mode }: Attributes,
    ifMatch?: string,
  ): MaybePromise<StoreEntry> {
    checkPath(path);
    const wanted = this.#fileMode === undefined ? this.#countable(mode) : undefined;
    const attributes = { modified, mode: wanted };
    const versions = this.#versions;
    return this.#change(path, () =>
      setAttributesOf(this.#library, path, attributes, { ifMatch, versions }),
    );
  }

  get modeBits(): number {
    return this.#fileMode === undefined ? modeBits() : 0;
  }

  rename(
    from: string,
    to: string,
    replace: boolean,
    durability: DurabilityLevel = "none",
  ): MaybePromise<StoreEntry> {
    checkPath(from);
    checkPath(to);
    const versions = this.#versions;
    return this.#change(from, () => {
      this.#library.forgetRecent();
      return renameName(this.#library, from, to, { replace, versions, durability });
    });
  }

  /** Of the disk, or what the quota leaves, where that is less. */
  freeBytes(): number | undefined {
    const ofDisk = freeBytes(this.#library.resolver.path);
    const quota = this.#quota;
    if (quota?.isCounted !== true) return ofDisk;
    return Math.min(ofDisk ?? quota.left, quota.left);
  }

  /** Waits for everything that is under way, then closes the store. The caller begins nothing more. */
  async retire(): Promise<void> {
    await Promise.all([this.#pages.idle(), this.#uploads?.idle()]);
    await this[Symbol.asyncDispose]();
  }

  /** Waits for commits that are under way, and discards every other open Sink. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#uploads?.[Symbol.asyncDispose]();
    this.#pages[Symbol.dispose]();
    await this.#quota?.[Symbol.asyncDispose]();
    this.#library[Symbol.dispose]();
  }

  /** Changes something, once it is known what the quota leaves. @throws READ_ONLY */
  #change<Answer>(
    path: string,
    change: (uploads: Uploads) => MaybePromise<Answer>,
  ): MaybePromise<Answer> {
    const uploads = this.#uploads;
    const counting = this.#quota?.ready();
    if (uploads !== undefined) {
      return counting === undefined ? change(uploads) : counting.then(() => change(uploads));
    }
    throw new LeatError("READ_ONLY", `${quote(path)} cannot be changed: the library is read-only`);
  }
}

function openQuota(library: Library, { quota, part }: DiskOptions): Quota | undefined {
  if (quota !== undefined) return new Quota(library, quota, PARTIAL_FOLDER);
  if (part !== undefined) UsageRecord.forget(library);
  return undefined;
}
