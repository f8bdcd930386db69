/**
 * Sends a folder with everything below it as TreeItem messages, the contents of small files behind theirs. Items are made
 * as the client takes them, straight into the send buffer.
 */
import { LeatError } from "../errors.ts";
import { DATA_PAYLOAD, WALK_BYTES, WALK_PAGE_BYTES, WALK_PAGE_LEAST } from "../limits.ts";
import { failureOf } from "../session/failure.ts";
import type { FinishInit, Outgoing } from "../session/outgoing.ts";
import { below } from "../store/names.ts";
import { takeEntries } from "../store/entry-objects.ts";
import type { EntryTaker, PageEntry, Store } from "../store/store.ts";
import { type ItemRun, ItemPageWriter, leaving } from "../wire/item-page.ts";
import type { TreeItem } from "../wire/gen/messages.ts";
import { encodeMessage, type Init } from "../wire/plain.ts";
import { Digest } from "./digest.ts";
import type { LeftOut } from "./left-out.ts";
import { PathItems } from "./path-items.ts";
import { type GetPage, isFolder, type MadeItem, WalkItems } from "./walk-items.ts";

export interface OutgoingWalkOptions {
  readonly store: Store;
  /** The folder. */
  readonly path: string;
  /** Continues behind this item, as `Walk.after`. */
  readonly after: string | undefined;
  /** If there are any: only these files, as `Walk.paths`. */
  readonly paths: readonly string[];
  /** What is not sent. */
  readonly leftOut: LeftOut | undefined;
  /** Files of at most so many bytes are sent along; 0: none, not even an empty one. */
  readonly contentsUpTo: number;
  /** Links are sent with their text. */
  readonly linkTargets: boolean;
  /** There is something to take after there was nothing, or all was taken. */
  readonly onReady: () => void;
  /** Called as bytes leave, with how many. */
  readonly onTaken: (bytes: number) => void;
  /** Called for each file whose contents left. @param began milliseconds */
  readonly onSent?: ((path: string, bytes: number, began: number) => void) | undefined;
  /** Whether the stream is over. */
  readonly isOver: () => boolean;
}

export class OutgoingWalk implements Outgoing {
  readonly #options: OutgoingWalkOptions;
  readonly #digest = new Digest(false);
  /** Without contents, many items are one run: they are encoded while they are found. */
  readonly #items: WalkItems<PageEntry> | WalkItems<ItemRun> | PathItems;
  #isLoading = false;
  /** What did not fit the last frame, from #restAt on. */
  #rest = NOTHING;
  #restAt = 0;
  /** Files of the last frame: they have left when the next one is asked for. */
  #leaving: Sent[] = [];
  released = false;
  finished: FinishInit | undefined;

  constructor(options: OutgoingWalkOptions) {
    this.#options = options;
    this.#items = itemsOf(options);
    this.#load();
  }

  get available(): number {
    return this.#isLoading || this.done ? 0 : DATA_PAYLOAD;
  }

  get done(): boolean {
    return this.#rest === NOTHING && this.#items.done;
  }

  /** Each frame has a CRC of its own. */
  ends(): boolean {
    return true;
  }

  make(into: Uint8Array, at: number, most: number): number {
    this.#log();
    const end = at + most;
    let position = this.#takeRest(into, at, end);
    while (position < end) {
      const item = this.#items.next();
      if (item === undefined) break;
      position = this.#write(item, into, position, end);
    }
    if (position < end && !this.#items.done) this.#load();
    this.#digest.update(into.subarray(at, position));
    this.#options.onTaken(position - at);
    return position - at;
  }

  take(): void {
    throw new LeatError("INTERNAL", "the bytes of a walk are made, not taken");
  }

  endBlock(): number {
    return this.#digest.endBlock();
  }

  finish(): FinishInit {
    this.#log();
    return (this.finished = this.#digest.finish());
  }

  release(): void {
    this.released = true;
    this.#rest = NOTHING;
  }

  #log(): void {
    if (this.#leaving.length === 0) return;
    for (const { path, bytes, began } of this.#leaving) this.#options.onSent?.(path, bytes, began);
    this.#leaving = [];
  }

  #load(): void {
    this.#isLoading = true;
    void this.#items.load().then(() => {
      this.#isLoading = false;
      if (!this.released) this.#options.onReady();
    });
  }

  /** Writes an item, and the contents behind it. What does not fit is kept for the next frame. */
  #write(made: Made, into: Uint8Array, at: number, end: number): number {
    if (isRun(made)) return this.#put(leaving(made.leave, made.entry!.encoded), into, at, end);
    const { entry } = made;
    if (entry === undefined || !this.#isSent(entry)) return this.#put(encode(made), into, at, end);
    const length = ITEM_ROOM + entry.size;
    if (at + length <= end) return at + this.#writeWhole(made, entry, into, at);
    const whole = new Uint8Array(length);
    const written = this.#writeWhole(made, entry, whole, 0);
    return this.#put(whole.subarray(0, written), into, at, end);
  }

  #isSent({ kind, link, size }: PageEntry): boolean {
    const { contentsUpTo, store } = this.#options;
    if (contentsUpTo === 0 || size > contentsUpTo) return false;
    return kind === "FILE" && link !== true && store.readWhole !== undefined;
  }

  /** @param into has room for ITEM_ROOM and the contents @returns bytes written */
  #writeWhole(made: MadeItem<PageEntry>, entry: PageEntry, into: Uint8Array, at: number): number {
    const contents = at + ITEM_ROOM;
    const end = contents + entry.size;
    const version = this.#options.store.readWhole!(
      made.folder,
      entry,
      into.subarray(contents, end),
    );
    const head = version === undefined ? NOTHING : encodeWhole(made.leave, entry, version);
    if (head === NOTHING || head.length > ITEM_ROOM) {
      // It is another file by now: the client fetches it by itself, and learns what is wrong.
      const bare = encode(made);
      into.set(bare, at);
      return bare.length;
    }
    if (this.#options.onSent !== undefined) {
      const { size: bytes, name } = entry;
      this.#leaving.push({ path: below(made.folder, name), bytes, began: performance.now() });
    }
    into.set(head, at);
    into.copyWithin(at + head.length, contents, end);
    return head.length + entry.size;
  }

  #put(bytes: Uint8Array, into: Uint8Array, at: number, end: number): number {
    this.#rest = bytes;
    this.#restAt = 0;
    return this.#takeRest(into, at, end);
  }

  #takeRest(into: Uint8Array, at: number, end: number): number {
    const rest = this.#rest;
    if (rest === NOTHING) return at;
    const length = Math.min(rest.length - this.#restAt, end - at);
    into.set(
      length === rest.length ? rest : rest.subarray(this.#restAt, this.#restAt + length),
      at,
    );
    this.#restAt += length;
    if (this.#restAt === rest.length) this.#rest = NOTHING;
    return at + length;
  }
}

type Made = MadeItem<PageEntry> | MadeItem<ItemRun>;

function isRun(made: Made): made is MadeItem<ItemRun> {
  return made.entry !== undefined && "encoded" in made.entry;
}

type Options = Pick<OutgoingWalkOptions, "store" | "path" | "leftOut" | "linkTargets" | "isOver">;

const wholePage = ({ linkTargets, isOver }: Options) =>
  ({ limit: Number.MAX_SAFE_INTEGER, hidden: true, linkTargets, isOver }) as const;

/** Entries as objects: the contents of some follow them. */
function entriesOf(options: Options): GetPage<PageEntry> {
  const page = wholePage(options);
  const { store, path, leftOut } = options;
  return async (folder, { held, ...place }) => {
    const all = await store.page(folder, { ...page, ...place, bytes: pageBytes(held) });
    if (leftOut === undefined) return all;
    const isSent = (entry: PageEntry): boolean =>
      !leftOut.has(entry.name, isFolder(entry), folder === path);
    return { ...all, entries: all.entries.filter(isSent) };
  };
}

function runsOf(options: Options): GetPage<ItemRun> {
  const page = wholePage(options);
  const writer = new ItemPageWriter();
  const { path, leftOut } = options;
  return async (folder, { held, ...place }) => {
    writer.begin();
    const taker = leftOut === undefined ? writer : takerWithout(leftOut, writer, folder === path);
    const request = { ...page, ...place, bytes: pageBytes(held), taker };
    const { entries, cursor, skippedNames } = await options.store.page(folder, request);
    takeEntries(entries, taker);
    return { entries: writer.finish(), cursor, skippedNames };
  };
}

/** @param isFirst whether the page is of the folder of the walk */
function takerWithout(leftOut: LeftOut, writer: ItemPageWriter, isFirst: boolean): EntryTaker {
  return {
    take(bytes, start, end, facts) {
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
      const isOne = isFolder({ name, ...facts });
      if (!leftOut.has(name, isOne, isFirst)) writer.take(bytes, start, end, facts);
    },
    get bytes() {
      return writer.bytes;
    },
  };
}

function itemsOf(
  options: OutgoingWalkOptions,
): WalkItems<PageEntry> | WalkItems<ItemRun> | PathItems {
  const { store, path, after, paths, contentsUpTo } = options;
  if (paths.length > 0) return new PathItems(store, path, paths);
  if (contentsUpTo === 0) return new WalkItems(runsOf(options), path, after);
  return new WalkItems(entriesOf(options), path, after);
}

interface Sent {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly began: number;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** Bytes for an item with contents, besides those: a name, a version, and fields of a few bytes. */
const ITEM_ROOM = 512;

function encode({ leave, entry, failure, skippedNames }: MadeItem<PageEntry>): Uint8Array {
  const item: Init<TreeItem> = { leave, entry, skippedNames };
  if (failure === undefined) return encodeMessage("TreeItem", item, true);
  return encodeMessage("TreeItem", { ...item, failure: failureOf(failure) }, true);
}

/** Field by field: to spread an object takes a microsecond. */
function encodeWhole(leave: number, entry: PageEntry, version: string): Uint8Array {
  const { name, kind, size, modified, mode } = entry;
  const item = { leave, entry: { name, kind, size, modified, mode, version }, contents: true };
  return encodeMessage("TreeItem", item, true);
}

/** The more is held of folders above, the smaller is a page, so that all of them take about WALK_BYTES. */
function pageBytes(held: number): number {
  const rest = Math.floor((WALK_BYTES - held) / 4);
  return Math.min(WALK_PAGE_BYTES, Math.max(WALK_PAGE_LEAST, rest));
}
