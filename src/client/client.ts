/** The client, as its users see it. */
import type { Stall } from "../connection/stalls.ts";
import type { ChecksumResponse, Entry } from "../wire/gen/messages.ts";
import { Calls } from "./calls/calls.ts";
import { statRequest } from "./calls/requests.ts";
import type {
  ListOptions,
  ListPage,
  ListSummary,
  ServerStatus,
  SetAttributesOptions,
} from "./calls/options.ts";
import type { CallOptions } from "./connection/options.ts";
import type { ReconnectingLink } from "./connection/reconnecting-link.ts";
import type { Download } from "./download/download.ts";
import type { Downloaded, DownloadOptions, GetOptions } from "./download/options.ts";
import type {
  SyncDownOptions,
  SyncOutcome,
  SyncRest,
  SyncSummary,
  SyncUpOptions,
} from "./sync/sync.ts";
import { summarizeSync } from "./sync/sync-summary.ts";
import { select } from "./trees/selection.ts";
import type {
  GetTreeOptions,
  LeftOut,
  PutTreeOptions,
  TreeOutcome,
  TreeRoot,
  TreeSummary,
} from "./trees/tree.ts";
import type { GlobOptions } from "./trees/glob.ts";
import type { RemoveOutcome, RemoveSummary } from "./trees/tree-remove.ts";
import { summarize } from "./trees/tree-summary.ts";
import type { WalkedEntry, WalkOptions } from "./trees/walk-entries.ts";
import { type PutOptions, type Receipt, durabilityOf } from "./upload/options.ts";
import { type UploadSource, originOf } from "./upload/upload.ts";

let create: (link: ReconnectingLink) => Client;

/**
 * A connection to a leat server. Made by `connect`.
 *
 * ```ts
 * await using leat = await connect("127.0.0.1:8888");
 * for await (const entry of leat.list()) console.log(entry.name, entry.size);
 * await (await leat.get("foo.txt")).save("foo.txt");
 * await leat.put("bar.txt", Bun.file("bar.txt"));
 * ```
 *
 * Paths in the library have "/" between their segments, and none at the start; "" is the library itself.
 * Every method takes a `signal`, and throws a LeatError: besides the codes that are named at the method, CONNECTION_LOST and UNAVAILABLE when the server cannot be reached, INVALID_NAME for a path that
 * no library can have, PERMISSION_DENIED, and CANCELLED when its signal aborts.
 */
export class Client implements AsyncDisposable {
  readonly #calls: Calls;

  private constructor(link: ReconnectingLink) {
    this.#calls = new Calls(link);
  }

  static {
    create = (link) => new Client(link);
  }

  /** The address of the server: `HOST:PORT` or `unix:PATH`. */
  get server(): string {
    return this.#calls.link.current.connection.peer;
  }

  /** The connection is lost, or the server is stopping: the next request needs another connection. */
  get isOver(): boolean {
    return this.#calls.link.current.closeReason !== undefined;
  }

  /** The connection is lost, and all retries have failed: further requests are likely to fail, too. */
  get isLost(): boolean {
    return this.#calls.link.isLost;
  }

  /** The reason why the transfers under way are stuck, when none of them has moved for 3 seconds. */
  get stall(): Stall | undefined {
    return this.#calls.link.stall;
  }

  /** Resolves when the present connection is gone. */
  get closed(): Promise<void> {
    return this.#calls.link.current.closed;
  }

  /** How many requests the server serves at once; further ones wait in the client. */
  get maxStreams(): number {
    return this.#calls.link.current.connection.session.streams.max;
  }

  /**
   * The entries of a folder, in the order of the UTF-8 bytes of their names.
   * @throws NOT_FOUND, NOT_A_DIRECTORY
   */
  async *list(path = "", options: ListOptions = {}): AsyncGenerator<Entry, ListSummary> {
    let skippedNames = 0;
    for await (const page of this.pages(path, options)) {
      yield* page.entries;
      skippedNames += page.skippedNames;
    }
    return { skippedNames };
  }

  /** As `list`, page by page. The next page is requested while one is in use. */
  pages(path = "", options: ListOptions = {}): AsyncGenerator<ListPage, void> {
    return this.#calls.pages(path, options);
  }

  /**
   * The entries of a folder and of everything below it, each folder before what is in it; names within a folder in the
   * order of their UTF-8 bytes. Links are not followed. However large the tree is, that is one request, and little
   * memory. When the connection is lost, it continues behind the last entry.
   * @throws NOT_FOUND, NOT_A_DIRECTORY; without `onError` also what a folder below fails with
   */
  async *walk(path = "", options: WalkOptions = {}): AsyncGenerator<WalkedEntry, ListSummary> {
    const { walkEntries } = await import("./trees/walk-entries.ts");
    return yield* walkEntries(this.#calls, path, options);
  }

  /**
   * The files and folders whose paths match a pattern, such as `photos/*.jpg`: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for
   * any number of folders. A backslash takes the next character as it is. A name that begins with "." is matched only
   * by a "." in the pattern. `path` of each is that in the library. Where nothing matches, nothing is yielded.
   * @throws INVALID_ARGUMENT for a pattern that stands for more than 1,000; what a folder fails with
   */
  async *glob(
    pattern: string,
    options: GlobOptions = {},
  ): AsyncGenerator<WalkedEntry, ListSummary> {
    const { globEntries } = await import("./trees/glob.ts");
    return yield* globEntries(this.#calls, pattern, options);
  }

  /** The entry of one file or folder. @throws NOT_FOUND */
  stat(path: string, options: CallOptions = {}): Promise<Entry> {
    return this.#calls.unary(statRequest(path).operation, options);
  }

  /**
   * Begins a download. Its bytes wait until it is saved or read; `await using` cancels the rest. When the
   * connection is lost it continues over another one, as long as the file is the same.
   * @throws NOT_FOUND, IS_A_DIRECTORY, PRECONDITION_FAILED, INVALID_ARGUMENT (a range beyond the end)
   */
  get(path: string, options: GetOptions = {}): Promise<Download> {
    return this.#calls.get(path, options);
  }

  /**
   * Downloads a file to a path of this machine. The part that an earlier, interrupted download has left
   * there is continued, if the file is still the same; when this one fails, the next one continues it.
   * @throws as `get` and `Download.save`
   */
  download(path: string, target: string, options: DownloadOptions = {}): Promise<Downloaded> {
    return this.#calls.download(path, target, options);
  }

  /**
   * Uploads a file. Resolves with the server's receipt: the file is there, whole, under its name.
   * @throws ALREADY_EXISTS, NOT_FOUND (the folder), NO_SPACE, READ_ONLY, PRECONDITION_FAILED, CHANGED (the
   *   source changed meanwhile)
   */
  put(path: string, source: UploadSource, options: PutOptions = {}): Promise<Receipt> {
    return this.#calls.put(path, originOf(source, options.sha256 === true), options);
  }

  /**
   * Downloads a folder with everything in it, or one file: many files at once, times kept, and links to something
   * in the folder as links. A file that fails does not stop the others. Resolves when all of it is there.
   * @param to the folder, or the file, to be made; a folder that exists is filled
   * @throws TreeError when some of it failed; CONNECTION_LOST, UNAVAILABLE, CANCELLED when all of it ended
   */
  getTree(path: string, to: string, options: GetTreeOptions = {}): Promise<TreeSummary> {
    return summarize(this.getTreeOutcomes(path, to, options));
  }

  /**
   * As `getTree`, but yields the outcome of each file and folder, and the failures among them. It begins
   * when it is iterated over, and is cancelled when the iteration ends early.
   * @throws CONNECTION_LOST, UNAVAILABLE, CANCELLED when all of it ended
   */
  getTreeOutcomes(
    path: string,
    to: string,
    options: GetTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    return this.getTrees([{ path, local: to }], options);
  }

  /** As `getTreeOutcomes`, for several trees and files, one after another. */
  async *getTrees(
    roots: readonly TreeRoot[],
    options: GetTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    const { TreeGet } = await import("./trees/tree-get.ts");
    const [settled, selection] = await select(options);
    return yield* new TreeGet(this.#calls, settled, selection).outcomes(roots);
  }

  /**
   * Uploads a folder with everything in it, or one file, as `getTree` downloads it.
   * @param to the folder, or the file, in the library; a folder that exists is filled
   * @throws as `getTree`
   */
  putTree(from: string, to: string, options: PutTreeOptions = {}): Promise<TreeSummary> {
    return summarize(this.putTreeOutcomes(from, to, options));
  }

  /** As `putTree`, but yields the outcome of each file and folder, as `getTreeOutcomes`. */
  putTreeOutcomes(
    from: string,
    to: string,
    options: PutTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    return this.putTrees([{ path: to, local: from }], options);
  }

  /** As `putTreeOutcomes`, for several trees and files, one after another. */
  async *putTrees(
    roots: readonly TreeRoot[],
    options: PutTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    const { TreePut } = await import("./trees/tree-put.ts");
    const [settled, selection] = await select(options);
    return yield* new TreePut(this.#calls, settled, undefined, selection).outcomes(roots);
  }

  /**
   * Makes a local folder like one of the library: files whose size or modified time differs are fetched, and with
   * `delete` what is only in the local folder is removed. Files that are the same on both sides are not moved.
   * @param to the local folder, made unless it exists
   * @throws as `getTree`; NOT_FOUND, NOT_A_DIRECTORY (one of the folders)
   */
  syncDown(path: string, to: string, options: SyncDownOptions = {}): Promise<SyncSummary> {
    return summarizeSync(this.syncDownOutcomes(path, to, options));
  }

  /** As `syncDown`, but yields what was done with each file and folder that is not the same. */
  async *syncDownOutcomes(
    path: string,
    to: string,
    options: SyncDownOptions = {},
  ): AsyncGenerator<SyncOutcome, SyncRest> {
    const { syncDown } = await import("./sync/start.ts");
    return yield* syncDown(this.#calls, { path, local: to }, options);
  }

  /**
   * Makes a folder of the library like a local one, as `syncDown`.
   * @param to the folder in the library, made with those above it unless it exists
   */
  syncUp(from: string, to: string, options: SyncUpOptions = {}): Promise<SyncSummary> {
    return summarizeSync(this.syncUpOutcomes(from, to, options));
  }

  /** As `syncUp`, but yields what was done, as `syncDownOutcomes`. */
  async *syncUpOutcomes(
    from: string,
    to: string,
    options: SyncUpOptions = {},
  ): AsyncGenerator<SyncOutcome, SyncRest> {
    const { syncUp } = await import("./sync/start.ts");
    return yield* syncUp(this.#calls, { path: to, local: from }, options);
  }

  /**
   * Removes a file or an empty folder; `removeTree` also removes what is in a folder.
   * @param options `ifMatch`: only this version
   * @throws NOT_FOUND, DIRECTORY_NOT_EMPTY, READ_ONLY, PRECONDITION_FAILED; OUTCOME_UNKNOWN when the
   *   connection was lost before the answer
   */
  async remove(path: string, options: CallOptions & { ifMatch?: string } = {}): Promise<void> {
    const value = { path, ifMatch: options.ifMatch };
    await this.#calls.unary({ case: "remove", value }, options);
  }

  /**
   * Removes a folder with everything in it, or one file. A link is removed itself, and not what it leads to. What cannot
   * be removed does not stop the rest. Resolves when nothing of it is left.
   * @throws TreeError when some of it is left; NOT_FOUND, READ_ONLY
   */
  async removeTree(path: string, options: CallOptions = {}): Promise<RemoveSummary> {
    const { summarizeRemoval } = await import("./trees/tree-remove.ts");
    return summarizeRemoval(this.removeTreeOutcomes(path, options));
  }

  /**
   * As `removeTree`, but yields the outcome of each file and folder, and the failures among them: a folder comes behind
   * what was in it, and has no outcome where something in it is left.
   */
  async *removeTreeOutcomes(
    path: string,
    options: CallOptions = {},
  ): AsyncGenerator<RemoveOutcome, void> {
    const { TreeRemove } = await import("./trees/tree-remove.ts");
    yield* new TreeRemove(this.#calls, options).outcomes(path);
  }

  /**
   * Renames a file or folder, or moves it to another folder.
   * @param options `replace`: a file that has the new name is replaced
   * @returns the entry under its new name
   * @throws NOT_FOUND, ALREADY_EXISTS unless `replace`, READ_ONLY; OUTCOME_UNKNOWN as `remove`
   */
  rename(
    from: string,
    to: string,
    options: CallOptions & { replace?: boolean } = {},
  ): Promise<Entry> {
    const ifExists = options.replace === true ? "REPLACE" : "FAIL";
    return this.#calls.unary({ case: "rename", value: { from, to, ifExists } }, options);
  }

  /**
   * Makes a folder.
   * @param options `parents`: also makes missing folders above it, and accepts one that exists
   * @throws NOT_FOUND (the folder above), READ_ONLY; unless `parents`, ALREADY_EXISTS, and OUTCOME_UNKNOWN as `remove`
   */
  makeDirectory(path: string, options: CallOptions & { parents?: boolean } = {}): Promise<Entry> {
    const value = { path, parents: options.parents === true };
    return this.#calls.unary({ case: "makeDirectory", value }, options);
  }

  /**
   * Makes a symbolic link to something in the library.
   * @param target relative to the folder of the link; ".." only at its start, and no further up than to the library
   * @param options `replace`: another link that has the name is replaced
   * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_FOUND (the folder), INVALID_ARGUMENT (the target), READ_ONLY,
   *   UNIMPLEMENTED (the library has no links); OUTCOME_UNKNOWN as `remove`
   */
  makeLink(
    path: string,
    target: string,
    options: CallOptions & { replace?: boolean } = {},
  ): Promise<Entry> {
    const ifExists = options.replace === true ? "REPLACE" : "FAIL";
    return this.#calls.unary({ case: "makeLink", value: { path, target, ifExists } }, options);
  }

  /**
   * Changes the permission bits and the modified time of a file or folder, and not what is in it.
   * @param options what is to be set: `mode` less what the server takes from all files (a umask); `ifMatch`: only this
   *   version of a file
   * @returns what it has then: a file system may not keep what was asked for
   * @throws NOT_FOUND, PERMISSION_DENIED (a link), PRECONDITION_FAILED, READ_ONLY, UNIMPLEMENTED (an older server);
   *   OUTCOME_UNKNOWN as `remove` with `ifMatch`
   */
  setAttributes(path: string, options: CallOptions & SetAttributesOptions): Promise<Entry> {
    const { modified, mode, ifMatch } = options;
    const value = { path, modified, mode, ifMatch };
    return this.#calls.unary({ case: "setAttributes", value }, options);
  }

  /** The digest of a whole file, computed by the server. @throws NOT_FOUND, IS_A_DIRECTORY */
  checksum(
    path: string,
    algorithm: "SHA256" | "CRC32" = "SHA256",
    options: CallOptions = {},
  ): Promise<ChecksumResponse> {
    return this.#calls.unary({ case: "checksum", value: { path, algorithm } }, options);
  }

  /** The state of the server: its load, its memory, its free space. */
  async status(options: CallOptions = {}): Promise<ServerStatus> {
    const status = await this.#calls.unary({ case: "status", value: {} }, options);
    return { ...status, durability: durabilityOf(status.durability) };
  }

  /** @returns the round trip to the server, in milliseconds */
  ping({ signal }: CallOptions = {}): Promise<number> {
    return this.#calls.link.withRetries((link) => link.ping(signal), signal);
  }

  /** Closes the connection when the bytes that wait to be sent have left. Calls under way fail. */
  close(): Promise<void> {
    return this.#calls.link.close();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** For `connect` and leat/testing. @internal */
export const createClient = create;
