/**
 * Walks a folder of the server, over as many connections as that takes: behind a lost one it continues after the last
 * item that came. A server that has no walk, or none left, is asked for the list of each folder.
 */
import { LeatError } from "../../errors.ts";
import { TREE_DEPTH } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import { type GetPage, isFolder, type MadeItem, WalkItems } from "../../transfer/walk-items.ts";
import type { ReadEntry } from "../../wire/entry-reader.ts";
import type { Entry, TreeItem } from "../../wire/gen/messages.ts";
import { WALK_LEAVE_OUT } from "../../wire/features.ts";
import { failureError } from "../../session/failure.ts";
import type { Calls } from "../calls/calls.ts";
import { isBefore, PageOrder } from "../calls/page.ts";
import type { Link } from "../connection/link.ts";
import type { Retry } from "../connection/retry.ts";
import type { Filter } from "./filter.ts";
import { FollowingWalk } from "./following-walk.ts";
import { type LinksOption, unlessRefused } from "./tree.ts";
import { WalkStream } from "./walk-stream.ts";

/** As MadeItem, with what came along. */
export interface WalkItem extends Omit<MadeItem<Entry>, "folder"> {
  /** With `entry`: why this link cannot be followed. */
  readonly failure?: LeatError | undefined;
  /** The contents of a file, if they came along. Valid until `more` is called. */
  readonly contents?: Uint8Array | undefined;
}

export interface TreeWalk {
  /** The permission bits that the server can set: undefined where it sets none. */
  readonly modeBits?: number | undefined;
  /** @returns the next item; undefined where `more` is to be waited for */
  next(): WalkItem | undefined;
  /**
   * Takes files of the open folder as long as `take` wants them, which has to see to it that their names go up. Missing
   * where each of them is an object anyway.
   */
  takeFiles?(take: (file: ReadEntry) => boolean): void;
  /** Waits for more. @returns whether there is any @throws what ended the walk */
  more(): Promise<boolean>;
  /** Gives the rest up. Harmless when it is over. */
  cancel(): void;
}

export interface TreeWalkOptions {
  /** Files of at most so many bytes are sent along. */
  readonly contentsUpTo: number;
  /**
   * `copy`: links come with their text, where the server knows of that. `follow`: each comes as what it leads to, or with the
   * failure of that. Unless given, or with `skip`, they only come.
   */
  readonly links?: LinksOption["links"];
  /** What it says may be left out; not with `follow`. */
  readonly filter?: Filter | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws NOT_FOUND, NOT_A_DIRECTORY */
export async function walkTree(
  calls: Calls,
  path: string,
  options: TreeWalkOptions,
): Promise<TreeWalk> {
  const { contentsUpTo, links = "skip", signal } = options;
  if (links === "follow") {
    return FollowingWalk.begin(calls, path, { signal }, (folder) =>
      walkTree(calls, folder, { contentsUpTo, signal }),
    );
  }
  const linkTargets = links === "copy";
  const { leaveOut = [] } = options.filter ?? {};
  const open = (link: Link, after?: string): Promise<WalkStream> => {
    const request = { path, after, contentsUpTo, linkTargets };
    const isLeft = leaveOut.length > 0 && link.connection.session.has(WALK_LEAVE_OUT);
    return WalkStream.open(link, isLeft ? { ...request, leaveOut } : request, signal);
  };
  // In a list, links come without their text: where they are wanted, a server without room for a walk is asked again.
  const first = linkTargets
    ? await calls.link.withRetries(open, signal).catch(unlessRefused)
    : await calls.link.withRetries((link) => open(link).catch(unlessRefused), signal);
  if (first === undefined) return new ListedWalk(calls, path, signal);
  const reopen = (after?: string): Promise<WalkStream> =>
    calls.link.withRetries((link) => open(link, after), signal);
  return new StreamedWalk(first, reopen, calls.link.retry(signal));
}

class StreamedWalk implements TreeWalk {
  #stream: WalkStream;
  readonly #reopen: (after?: string) => Promise<WalkStream>;
  readonly #retry: Retry;
  /** The last name that came of each open folder: names go up, so that none comes twice or without end. */
  readonly #last: string[] = [""];
  #came = false;
  /** Whether items came since the last failure. */
  #hasMoved = false;

  constructor(stream: WalkStream, reopen: (after?: string) => Promise<WalkStream>, retry: Retry) {
    this.#stream = stream;
    this.#reopen = reopen;
    this.#retry = retry;
  }

  next(): WalkItem | undefined {
    const walked = this.#stream.next();
    if (walked === undefined) return undefined;
    const { message: item, contents } = walked;
    this.#follow(item);
    const { leave, entry, failure, skippedNames } = item;
    return { leave, entry, contents, skippedNames, failure: failure && failureError(failure) };
  }

  get modeBits(): number | undefined {
    return this.#stream.modeBits;
  }

  takeFiles(take: (file: ReadEntry) => boolean): void {
    const name = this.#stream.takeFiles(take);
    if (name === undefined) return;
    this.#came = true;
    this.#hasMoved = true;
    this.#last[this.#last.length - 1] = name;
  }

  /** @throws PROTOCOL_ERROR where the item cannot come behind the last one */
  #follow({ leave, entry }: TreeItem): void {
    this.#came = true;
    this.#hasMoved = true;
    const last = this.#last;
    if (leave >= last.length) throw wrong("leaves a folder that it did not enter");
    last.length -= leave;
    if (entry === undefined) return;
    if (entry.name === "" || entry.name.includes("/")) {
      throw wrong(`lists ${quote(entry.name)}, which is no name`);
    }
    const before = last.at(-1)!;
    if (before !== "" && !isBefore(before, entry.name)) {
      throw wrong(`lists ${quote(entry.name)} behind ${quote(before)}: names go up`);
    }
    last[last.length - 1] = entry.name;
    if (!isFolder(entry)) return;
    // The one behind the deepest is not listed, which an item says.
    if (last.length > TREE_DEPTH)
      throw wrong(`lists more than ${TREE_DEPTH} folders in each other`);
    last.push("");
  }

  async more(): Promise<boolean> {
    for (;;) {
      try {
        if (this.#hasMoved) this.#retry.progressed();
        this.#hasMoved = false;
        return await this.#stream.more();
      } catch (thrown) {
        const error = LeatError.from(thrown);
        if (!this.#retry.repairs(error)) await this.#retry.wait(error);
        this.#stream = await this.#reopen(this.#came ? this.#last.join("/") : undefined);
        return true; // items of it may have come already
      }
    }
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

class ListedWalk implements TreeWalk {
  readonly #items: WalkItems<Entry>;

  constructor(calls: Calls, path: string, signal: AbortSignal | undefined) {
    const orders = new Map<string, PageOrder>();
    const page: GetPage<Entry> = async (folder, { cursor }) => {
      const { list, ...next } = await calls.page(folder, cursor, { hidden: true, signal });
      const { entries } = list;
      const order = orders.get(folder) ?? new PageOrder(folder);
      order.check(entries, next.cursor === undefined);
      if (next.cursor === undefined) orders.delete(folder);
      else orders.set(folder, order);
      return { ...next, entries };
    };
    this.#items = new WalkItems(page, path, undefined);
  }

  next(): WalkItem | undefined {
    return this.#items.next();
  }

  async more(): Promise<boolean> {
    if (this.#items.done) return false;
    await this.#items.load();
    return true;
  }

  cancel(): void {}
}

function wrong(how: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server ${how}`);
}
