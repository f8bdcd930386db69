/** Pages of a folder, in the order of the UTF-8 bytes of the names. */

import { ENTRY_ROOM, PAGE_SLICE } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { namelessEntry } from "../system/entry.ts";
import type { Facts } from "../system/facts.ts";
import { FolderCache } from "./folder-cache.ts";
import type { FolderNames } from "./folder-names.ts";
import type { Library } from "../resolve/library.ts";
import { readLinkWithin } from "../resolve/read-link.ts";
import { entryBehindLink } from "../resolve/link-entry.ts";
import { checkPath } from "../names.ts";
import { namesOwnFolder } from "../resolve/own-folder.ts";
import { pause } from "../../next-turn.ts";
import { EntryObjects } from "../entry-objects.ts";
import type { EntryTaker, NamelessEntry, Page, PageRequest } from "../store.ts";
import { isWireName } from "../resolve/raw-names.ts";

const DOT = 0x2e;

export class Pages implements Disposable {
  readonly #library: Library;
  readonly #cache = new FolderCache();
  readonly #making = new Set<Promise<Page>>();

  constructor(library: Library) {
    this.#library = library;
  }

  /** @throws NOT_FOUND, NOT_A_DIRECTORY, INVALID_ARGUMENT, PERMISSION_DENIED */
  page(path: string, request: PageRequest): Promise<Page> {
    const page = this.#page(path, request).finally(() => void this.#making.delete(page));
    this.#making.add(page);
    return page;
  }

  /** Resolves when no page is being made. */
  async idle(): Promise<void> {
    while (this.#making.size > 0) await Promise.allSettled(this.#making);
  }

  async #page(path: string, request: PageRequest): Promise<Page> {
    const segments = checkPath(path);
    let after: Uint8Array | undefined =
      request.after === undefined ? undefined : new TextEncoder().encode(request.after);
    if (request.cursor !== undefined) after = decodeCursor(request.cursor);
    using folder = this.#library.resolver.folder(segments);
    const builder = new PageBuilder(this.#library, segments, folder, request);
    for (;;) {
      const found = await this.#cache.names(folder, after, path);
      const isFull = await builder.take(found, after);
      if (isFull) return builder.page(true);
      if (found.complete) return builder.page(false);
      // The window ended before the page did.
      after = found.names.name(found.names.count - 1);
    }
  }

  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]();
  }
}

class PageBuilder {
  readonly #library: Library;
  readonly #segments: readonly string[];
  readonly #folder: Folder;
  readonly #request: PageRequest;
  readonly #isRoot: boolean;
  readonly #objects = new EntryObjects();
  readonly #taker: EntryTaker;
  /** Bytes that it has of earlier pages. */
  readonly #before: number;
  #count = 0;
  #skippedNames = 0;
  /** The last name that was taken or left out. */
  #last: Uint8Array | undefined;

  constructor(library: Library, segments: readonly string[], folder: Folder, request: PageRequest) {
    this.#library = library;
    this.#segments = segments;
    this.#folder = folder;
    this.#request = request;
    this.#taker = request.taker ?? this.#objects;
    this.#before = this.#taker.bytes;
    this.#isRoot = library.isRoot(folder);
  }

  /**
   * Takes names behind `after` until the page is full.
   * @returns whether it is
   */
  async take({ names }: FolderNames, after: Uint8Array | undefined): Promise<boolean> {
    let index = after === undefined ? 0 : names.firstAfter(after);
    let sincePause = 0;
    for (; index < names.count; index++) {
      const start = names.start(index);
      const end = names.end(index);
      if (this.#isHidden(names.bytes, start)) continue;
      if (!this.#hasRoom(end - start)) break;
      if (names.arePlain || isWireName(names.bytes, start, end)) this.#add(names.bytes, start, end);
      else this.#skippedNames++;
      if (++sincePause < PAGE_SLICE) continue;
      sincePause = 0;
      await pause();
      if (this.#request.isOver?.() === true) return true;
    }
    if (index > 0) this.#last = names.name(index - 1);
    return index < names.count;
  }

  page(more: boolean): Page {
    const cursor = more && this.#last !== undefined ? encodeCursor(this.#last) : undefined;
    return { entries: this.#objects.entries, cursor, skippedNames: this.#skippedNames };
  }

  #isHidden(bytes: Uint8Array, start: number): boolean {
    return bytes[start] === DOT && !this.#request.hidden;
  }

  /** The first entry always fits, so that each page brings a client further. */
  #hasRoom(length: number): boolean {
    const { limit, bytes } = this.#request;
    if (this.#count === 0) return true;
    const taken = this.#taker.bytes - this.#before;
    return this.#count < limit && taken + length + ENTRY_ROOM <= bytes;
  }

  #add(bytes: Buffer, start: number, end: number): void {
    if (this.#isRoot && this.#isOwnFolder(bytes.toString("utf8", start, end))) return;
    const entry = this.#entry(bytes, start, end);
    // It was removed since the names were read.
    if (entry === undefined) return;
    this.#taker.take(bytes, start, end, entry);
    this.#count++;
  }

  #isOwnFolder(name: string): boolean {
    return namesOwnFolder(name, (other) => this.#folder.stat(other));
  }

  #targetOf(path: readonly string[]): string | undefined {
    return readLinkWithin(this.#folder, path.at(-1)!, this.#segments.length);
  }

  #entry(bytes: Buffer, start: number, end: number): NamelessEntry | undefined {
    const quick = this.#folder.quickEntry?.(bytes, start, end);
    if (quick !== undefined) return quick;
    let facts: Facts | undefined;
    try {
      facts = this.#folder.statBytes(bytes, start, end);
    } catch {
      // A mount whose server is down, a damaged inode: the other entries are listed all the same.
      return { kind: "OTHER", size: 0, version: "" };
    }
    if (facts?.kind !== "LINK") return facts === undefined ? undefined : namelessEntry(facts);
    const path = [...this.#segments, bytes.toString("utf8", start, end)];
    const { kind, size, modified, mode, version } =
      entryBehindLink(this.#library, path) ?? namelessEntry(facts);
    const target = this.#request.linkTargets === true ? this.#targetOf(path) : undefined;
    return { kind, size, modified, mode, version, link: true, target };
  }
}
