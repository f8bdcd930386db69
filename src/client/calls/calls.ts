/**
 * The calls that `Client` and the trees are made of: requests over the reconnecting link, with the
 * retries of the client. A change that the server may have made already is not repeated.
 */
import { CODES, LeatError } from "../../errors.ts";
import type { EntryPage, Response } from "../../wire/gen/messages.ts";
import { ReceivedPage } from "../../wire/received-page.ts";
import type { Link, RequestInit } from "../connection/link.ts";
import type { CallOptions } from "../connection/options.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";
import { type Download, createDownload } from "../download/download.ts";
import { DownloadStream } from "../download/download-stream.ts";
import { downloadTo } from "../download/download-to.ts";
import type { Downloaded, DownloadOptions, GetOptions } from "../download/options.ts";
import type { PutOptions, Receipt } from "../upload/options.ts";
import { UploadTries } from "../upload/upload-tries.ts";
import type { UploadOrigin } from "../upload/upload.ts";
import { FolderList } from "./folder-list.ts";
import type { CamePage } from "./list-stream.ts";
import type { ListOptions } from "./options.ts";
import { getRequest } from "./requests.ts";
import { checkPageSize, PageOrder, type RowsPage } from "./page.ts";

type Operation = NonNullable<RequestInit["operation"]>;
type Results = { [R in NonNullable<Response["result"]> as R["case"]]: R["value"] };

/** Whether the outcome is unknown after a lost connection: done twice, it may end otherwise. */
function isOnce(operation: Operation): boolean {
  if (operation.case === "makeDirectory") return operation.value.parents !== true;
  if (operation.case === "makeLink") return operation.value.again !== true;
  if (operation.case === "setAttributes") return operation.value.ifMatch !== undefined;
  return operation.case === "remove" || operation.case === "rename";
}

export class Calls {
  readonly link: ReconnectingLink;

  constructor(link: ReconnectingLink) {
    this.link = link;
  }

  /** An operation with one answer. @throws the server's refusal; OUTCOME_UNKNOWN for a change */
  unary<O extends Operation>(
    operation: O,
    { signal }: CallOptions,
  ): Promise<Results[O["case"] & keyof Results]> {
    const name = operation.case;
    const attempt = (link: Link): Promise<Results[O["case"] & keyof Results]> =>
      new Promise((resolve, reject) => {
        const handler: StreamHandler = {
          response: (result) => {
            if (result?.case !== name) throw unexpected(name);
            resolve(result.value as Results[O["case"] & keyof Results]);
          },
          failed: (error, lost) =>
            reject(lost && isOnce(operation) ? unknownOutcome(name, error) : error),
        };
        link.request({ operation }, handler, signal);
      });
    return this.link.withRetries(attempt, signal);
  }

  /** Removes a file, a link or an empty folder. A removal whose answer was lost is asked for again. */
  async removeSurely(path: string, options: CallOptions): Promise<void> {
    const remove = () => this.unary({ case: "remove", value: { path } }, options);
    try {
      await remove();
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "OUTCOME_UNKNOWN") throw thrown;
      await remove().catch((again: unknown) => {
        if (LeatError.from(again).code !== "NOT_FOUND") throw again;
      });
    }
  }

  /** The pages of a folder; the next ones come while one is in use. */
  async *pages(path: string, options: ListOptions): AsyncGenerator<RowsPage, void> {
    const order = new PageOrder(path);
    using folder = new FolderList(this.link, path, options);
    for (let isLast = false; !isLast;) {
      const { list, skippedNames, cursor } = await folder.next();
      isLast = cursor === undefined;
      const rows = list instanceof ReceivedPage ? order.rows(list.bytes, isLast) : undefined;
      if (rows === undefined) order.check(list.entries, isLast);
      yield {
        get entries() {
          return list.entries;
        },
        skippedNames,
        rows,
      };
    }
  }

  /** One page of a folder. @param cursor of the page before it */
  page(path: string, cursor: string | undefined, options: ListOptions): Promise<CamePage> {
    const { signal, hidden = false } = options;
    const request: RequestInit = { operation: { case: "list", value: { path, cursor, hidden } } };
    const attempt = (link: Link): Promise<CamePage> =>
      new Promise((resolve, reject) => {
        let list: EntryPage = { entries: [], skippedNames: 0 };
        const handler: StreamHandler = {
          response: (result) => {
            if (result?.case !== "list") throw unexpected("list");
            list = result.value;
            checkPageSize(list);
          },
          finish: (finish) => resolve({ ...finish, list }),
          failed: reject,
        };
        link.request(request, handler, signal);
      });
    return this.link.withRetries(attempt, signal);
  }

  /** Begins a download; its later streams continue the same version. */
  async get(path: string, options: GetOptions): Promise<Download> {
    const stop = new AbortController();
    const first = await this.#openStream(path, options);
    const { entry, offset: start } = first.head;
    const signals = [options.signal, stop.signal].filter((signal) => signal !== undefined);
    const reopen = (offset: number, length: number): Promise<DownloadStream> => {
      const signal = AbortSignal.any(signals);
      const rest = { ...options, offset, length, ifMatch: entry.version, signal };
      return this.#openStream(path, rest, offset - start);
    };
    const sha256 = options.sha256 === true;
    return createDownload(first, { reopen, sha256, retry: this.link.retry(...signals) }, stop);
  }

  /** Downloads to a path, and continues what an earlier try has left there. */
  download(path: string, target: string, options: DownloadOptions): Promise<Downloaded> {
    const { signal, allowGrowth = false } = options;
    const open = (range: GetOptions, onProgress: (bytes: number) => void) =>
      this.#openStream(path, { ...range, allowGrowth, onProgress, signal });
    return downloadTo(target, { ...options, open, retry: this.link.retry(signal) });
  }

  /** @param lostId of an earlier try whose answer was lost: the server may have done it */
  put(
    path: string,
    origin: UploadOrigin,
    options: PutOptions,
    lostId?: Uint8Array,
  ): Promise<Receipt> {
    return new UploadTries(this.link, path, origin, options, lostId).run();
  }

  /** @param before bytes of the download that earlier streams have brought */
  #openStream(path: string, options: GetOptions, before = 0): Promise<DownloadStream> {
    const { onProgress, signal } = options;
    const range = getRequest(path, options).operation.value;
    const hooks = { signal, onProgress, before };
    return this.link.withRetries((link) => DownloadStream.open(link, range, hooks), signal);
  }
}

function unknownOutcome(name: string, cause: LeatError): LeatError {
  return new LeatError(
    "OUTCOME_UNKNOWN",
    `the connection was lost before the answer to ${name} came: check whether it was done`,
    { cause, retryable: CODES.OUTCOME_UNKNOWN.retryable },
  );
}
