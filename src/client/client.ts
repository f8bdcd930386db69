/** The calls of a client. */
import type { Stall } from "../connection/stalls.ts";
import { CODES, LeatError } from "../errors.ts";
import type { ChecksumResponse, Entry, Response } from "../wire/gen/messages.ts";
import { type Call, unexpected } from "./connection/call.ts";
import { Download } from "./download/download.ts";
import { downloadTo } from "./download/download-to.ts";
import type { Leg } from "./download/leg.ts";
import { Lines, type LinesOptions } from "./connection/lines.ts";
import type { Link, RequestInit } from "./connection/link.ts";
import { openLeg } from "./download/open-leg.ts";
import type { CallOptions } from "./connection/options.ts";
import type { Downloaded, DownloadOptions, GetOptions } from "./download/options.ts";
import { IF_EXISTS, type PutOptions, type Receipt, durabilityOf } from "./upload/options.ts";
import type { ListOptions, ListPage, ListSummary, ServerStatus } from "./calls/options.ts";
import { PageOrder } from "./calls/page.ts";
import { NEVER } from "./connection/retry.ts";
import type {
  GetTreeOptions,
  LeftOut,
  PutTreeOptions,
  TreeOutcome,
  TreeSummary,
} from "./trees/tree.ts";
import { getTrees } from "./trees/tree-get.ts";
import { putTrees } from "./trees/tree-put.ts";
import { summarize } from "./trees/tree-summary.ts";
import { type UploadOrigin, type UploadSource, originOf } from "./upload/upload.ts";
import { uploadTries } from "./upload/upload-tries.ts";

type Results = { [R in NonNullable<Response["result"]> as R["case"]]: R["value"] };

/**
 * A connection to a leat server.
 *
 * ```ts
 * await using leat = await connect("127.0.0.1:8888");
 * for await (const entry of leat.list()) console.log(entry.name, entry.size);
 * await (await leat.get("foo.txt")).save("foo.txt");
 * await leat.put("bar.txt", Bun.file("bar.txt"));
 * ```
 *
 * Every method takes a `signal`, and throws a LeatError.
 */
export class Client implements AsyncDisposable {
  readonly #lines: Lines;

  /** @internal Use `connect`. */
  constructor(link: Link, options: LinesOptions = { dial: undefined, retry: NEVER }) {
    this.#lines = new Lines(link, options);
  }

  /** `HOST:PORT` or `unix:PATH` of the server. */
  get server(): string {
    return this.#lines.link.connection.peer;
  }

  /** The connection is lost, or the server is stopping: the next request needs another one. */
  get isOver(): boolean {
    return this.#lines.link.over !== undefined;
  }

  /** The connection was lost and could not be made again. */
  get gaveUp(): boolean {
    return this.#lines.gaveUp;
  }

  /** What the transfers under way wait for, when nothing has moved on any of them for 3 s. */
  get stall(): Stall | undefined {
    return this.#lines.stall;
  }

  /** Resolves when the connection that there is now is gone. */
  get closed(): Promise<void> {
    return this.#lines.link.closed;
  }

  /** @internal */
  get link(): Link {
    return this.#lines.link;
  }

  /** @internal Whether the server is known to be on this machine. */
  get isLocal(): boolean {
    return this.#lines.link.connection.isLocal;
  }

  /** Requests that the server answers at once. */
  get maxStreams(): number {
    return this.#lines.link.connection.session.maxStreams;
  }

  /** The entries of a folder, in the order of the UTF-8 bytes of their names. */
  async *list(path = "", options: ListOptions = {}): AsyncGenerator<Entry, ListSummary> {
    let skippedNames = 0;
    for await (const page of this.pages(path, options)) {
      yield* page.entries;
      skippedNames += page.skippedNames;
    }
    return { skippedNames };
  }

  /** As `list`, page by page; the next one is on its way while one is looked at. */
  async *pages(path = "", options: ListOptions = {}): AsyncGenerator<ListPage, void> {
    const order = new PageOrder(path);
    let next: Promise<Page> | undefined = this.#page(path, undefined, options);
    while (next !== undefined) {
      const page: Page = await next;
      order.check(page.entries, page.cursor === undefined);
      next = page.cursor === undefined ? undefined : this.#page(path, page.cursor, options);
      next?.catch(() => {}); // nobody may ask for it any more
      yield page;
    }
  }

  /** @throws NOT_FOUND */
  stat(path: string, options: CallOptions = {}): Promise<Entry> {
    return this.#unary({ operation: { case: "stat", value: { path } } }, "stat", options);
  }

  /**
   * Begins a download. Its bytes wait until it is saved or read; `await using` gives the rest up.
   * When the connection is lost it goes on over another one, as long as the file is the same.
   * @throws NOT_FOUND, IS_A_DIRECTORY, PRECONDITION_FAILED
   */
  async get(path: string, options: GetOptions = {}): Promise<Download> {
    const stop = new AbortController();
    const signals = options.signal === undefined ? [] : [options.signal];
    const first = await this.#leg(path, options, options.signal);
    const { entry, offset: start } = first.head;
    signals.push(stop.signal);
    const reopen = (offset: number, length: number): Promise<Leg> => {
      const rest = { ...options, offset, length, ifMatch: entry.version };
      return this.#leg(path, rest, AbortSignal.any(signals), offset - start);
    };
    const sha256 = options.sha256 === true;
    return new Download(first, { reopen, sha256, retry: this.#lines.retry(signals) }, stop);
  }

  /**
   * Fetches a file to a path of this machine. What an earlier try has left there is continued, if the
   * file is still the same; and what this one leaves when it fails, the next one continues.
   * @throws as `get` and `Download.save`
   */
  download(path: string, target: string, options: DownloadOptions = {}): Promise<Downloaded> {
    const { signal, allowGrowth = false } = options;
    const open = (range: GetOptions, report: (bytes: number) => void): Promise<Leg> =>
      this.#leg(path, { ...range, allowGrowth, onProgress: report }, signal);
    const retry = this.#lines.retry(signal === undefined ? [] : [signal]);
    return downloadTo(target, { ...options, open, retry });
  }

  /**
   * Uploads. Resolves with the server's receipt: the file is there, whole, under its name.
   * @throws ALREADY_EXISTS, NOT_FOUND (the folder), NO_SPACE, READ_ONLY, CHANGED (the source)
   */
  put(path: string, source: UploadSource, options: PutOptions = {}): Promise<Receipt> {
    return this.putFrom(path, originOf(source, options.sha256 === true), options);
  }

  /**
   * @internal As `put`, of what is opened by the caller's means.
   * @param lost the id of a try that was lost, and may have been done
   */
  putFrom(
    path: string,
    origin: UploadOrigin,
    options: PutOptions,
    lost?: Uint8Array,
  ): Promise<Receipt> {
    const sha256 = options.sha256 === true;
    return uploadTries(this.#lines, origin, {
      ...options,
      lost,
      request: ({ size, modified, mode }) => ({
        path,
        size,
        mode: options.mode ?? mode,
        modified: options.modified === undefined ? modified : time(options.modified),
        ifExists: IF_EXISTS[options.ifExists ?? "fail"],
        ifMatch: options.ifMatch,
        sha256,
      }),
    });
  }

  /**
   * Fetches a folder with everything in it, or one file: many files at once, times kept, links not
   * followed. A file that fails does not stop the others. Resolves when all of it is there.
   * @param to the folder, or the file, to be made; a folder that is there is filled
   * @throws TreeError when some of it is not there; what ends all of it: CONNECTION_LOST, CANCELLED
   */
  getTree(path: string, to: string, options: GetTreeOptions = {}): Promise<TreeSummary> {
    return summarize(this.getTreeOutcomes(path, to, options));
  }

  /**
   * As `getTree`, for who wants to hear of each file: begins when it is iterated over, and goes on as
   * long as it is. Yields what came of each file and folder, those that failed too.
   * @throws what ends all of it: CONNECTION_LOST, CANCELLED
   */
  getTreeOutcomes(
    path: string,
    to: string,
    options: GetTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    return getTrees(this, [{ path, local: to }], options);
  }

  /**
   * Uploads a folder with everything in it, or one file, as `getTree` fetches it.
   * @param to the folder, or the file, in the library; a folder that is there is filled
   * @throws as `getTree`
   */
  putTree(from: string, to: string, options: PutTreeOptions = {}): Promise<TreeSummary> {
    return summarize(this.putTreeOutcomes(from, to, options));
  }

  /** As `putTree`, for who wants to hear of each file: as `getTreeOutcomes`. */
  putTreeOutcomes(
    from: string,
    to: string,
    options: PutTreeOptions = {},
  ): AsyncGenerator<TreeOutcome, LeftOut> {
    return putTrees(this, [{ path: to, local: from }], options);
  }

  /** Removes a file or an empty folder. @throws NOT_FOUND, DIRECTORY_NOT_EMPTY */
  async remove(path: string, options: CallOptions & { ifMatch?: string } = {}): Promise<void> {
    const value = { path, ifMatch: options.ifMatch };
    await this.#unary({ operation: { case: "remove", value } }, "remove", options, true);
  }

  /** @returns the entry under its new name @throws ALREADY_EXISTS unless `replace` */
  rename(
    from: string,
    to: string,
    options: CallOptions & { replace?: boolean } = {},
  ): Promise<Entry> {
    const ifExists = options.replace === true ? "REPLACE" : "FAIL";
    const value = { from, to, ifExists } as const;
    return this.#unary({ operation: { case: "rename", value } }, "rename", options, true);
  }

  /** @throws ALREADY_EXISTS unless `parents`, which also makes missing folders above */
  makeDirectory(path: string, options: CallOptions & { parents?: boolean } = {}): Promise<Entry> {
    const value = { path, parents: options.parents === true };
    const request: RequestInit = { operation: { case: "makeDirectory", value } };
    return this.#unary(request, "makeDirectory", options, true);
  }

  /** A digest of a whole file, made by the server. */
  checksum(
    path: string,
    algorithm: "SHA256" | "CRC32" = "SHA256",
    options: CallOptions = {},
  ): Promise<ChecksumResponse> {
    const value = { path, algorithm };
    return this.#unary({ operation: { case: "checksum", value } }, "checksum", options);
  }

  /** How the server is: its load, its memory, its free space. */
  async status(options: CallOptions = {}): Promise<ServerStatus> {
    const request: RequestInit = { operation: { case: "status", value: {} } };
    const answer = await this.#unary(request, "status", options);
    return { ...answer, durability: durabilityOf(answer.durability) };
  }

  /** @returns the round trip to the server, in milliseconds */
  ping({ signal }: CallOptions = {}): Promise<number> {
    return this.#lines.trying((link) => link.ping(signal), signal);
  }

  /** Ends the connection: what is on its way out still leaves. */
  close(): Promise<void> {
    return this.#lines.close();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One stream of a download. @param before bytes that count as arrived already */
  #leg(
    path: string,
    options: GetOptions,
    signal: AbortSignal | undefined,
    before = 0,
  ): Promise<Leg> {
    const { offset = 0, length, ifMatch, onProgress } = options;
    const { sha256 = false, allowGrowth: mayGrow = false } = options;
    const range = { path, offset, length, ifMatch, sha256, mayGrow };
    return this.#lines.trying((link) => openLeg(link, range, signal, onProgress, before), signal);
  }

  /** @param change the request changes something: without an answer, nobody knows whether it did */
  #unary<Case extends keyof Results>(
    request: RequestInit,
    name: Case,
    { signal }: CallOptions,
    change = false,
  ): Promise<Results[Case]> {
    const attempt = (link: Link): Promise<Results[Case]> =>
      new Promise((resolve, reject) => {
        const call: Call = {
          response: (result) => {
            if (result?.case !== name) throw unexpected(name);
            resolve(result.value as Results[Case]);
          },
          failed: (error, lost) => reject(change && lost ? unknownOutcome(name, error) : error),
        };
        link.ask(request, call, signal);
      });
    return this.#lines.trying(attempt, signal);
  }

  #page(path: string, cursor: string | undefined, options: ListOptions): Promise<Page> {
    const { signal } = options;
    const hidden = options.hidden === true;
    const request: RequestInit = { operation: { case: "list", value: { path, cursor, hidden } } };
    const attempt = (link: Link): Promise<Page> =>
      new Promise((resolve, reject) => {
        let entries: Entry[] = [];
        const call: Call = {
          response: (result) => {
            if (result?.case !== "list") throw unexpected("list");
            entries = result.value.entries;
          },
          finish: (finish) => resolve({ ...finish, entries }),
          failed: reject,
        };
        link.ask(request, call, signal);
      });
    return this.#lines.trying(attempt, signal);
  }
}

interface Page extends ListPage {
  readonly cursor?: string | undefined;
}

function time(date: Date): { seconds: number; nanoseconds: number } {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

function unknownOutcome(name: string, cause: LeatError): LeatError {
  return new LeatError(
    "OUTCOME_UNKNOWN",
    `the connection was lost before the answer to ${name} came: look whether it was done`,
    { cause, retryable: CODES.OUTCOME_UNKNOWN.retryable },
  );
}
