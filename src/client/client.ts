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
import { randomBytes } from "node:crypto";
import { CODES, LeatError } from "../errors.ts";
import type { Collision, StoreEntry } from "../store/store.ts";
import type {
  ChecksumResponse,
  Entry,
  IfExists,
  Receipt,
  Response,
  StatusResponse,
} from "../wire/gen/messages.ts";
import { abortable } from "./abortable.ts";
import type { Call } from "./call.ts";
import { Download } from "./download.ts";
import type { Link, RequestInit, Ticket } from "./link.ts";
import type { CallOptions, GetOptions, ListOptions, ListSummary, PutOptions } from "./options.ts";
import { type UploadSource, openUpload } from "./upload.ts";
import { UploadCall } from "./upload-call.ts";

const IF_EXISTS: Readonly<Record<Collision, IfExists>> = {
  fail: "FAIL",
  replace: "REPLACE",
  skip: "SKIP",
};

type Results = { [R in NonNullable<Response["result"]> as R["case"]]: R["value"] };

export class Client implements AsyncDisposable {
  readonly #link: Link;

  /** @internal Use `connect`. */
  constructor(link: Link) {
    this.#link = link;
  }

  /** `HOST:PORT` or `unix:PATH` of the server. */
  get server(): string {
    return this.#link.connection.peer;
  }

  /** Nothing more can be asked: the connection is lost, or the server is stopping. */
  get isOver(): boolean {
    return this.#link.over !== undefined;
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#link.closed;
  }

  /** The entries of a folder, in the order of the UTF-8 bytes of their names. */
  async *list(path = "", options: ListOptions = {}): AsyncGenerator<Entry, ListSummary> {
    let cursor: string | undefined;
    let skippedNames = 0;
    do {
      const page = await this.#page(path, cursor, options);
      yield* page.entries;
      skippedNames += page.skippedNames;
      cursor = page.cursor;
    } while (cursor !== undefined);
    return { skippedNames };
  }

  /** @throws NOT_FOUND */
  stat(path: string, options: CallOptions = {}): Promise<Entry> {
    return this.#unary({ operation: { case: "stat", value: { path } } }, "stat", options);
  }

  /**
   * Begins a download. Its bytes wait until it is saved or read; `await using` gives the rest up.
   * @throws NOT_FOUND, IS_A_DIRECTORY, PRECONDITION_FAILED
   */
  get(path: string, options: GetOptions = {}): Promise<Download> {
    const { offset, length, ifMatch, signal, onProgress } = options;
    const sha256 = options.sha256 === true;
    const request: RequestInit = {
      operation: { case: "get", value: { path, offset: offset ?? 0, length, ifMatch, sha256 } },
    };
    return new Promise((resolve, reject) => {
      let download: Download | undefined;
      const fail = (error: LeatError): void => {
        download?.onFailed(error);
        reject(error);
      };
      const ticket = this.#ask(request, signal, {
        response: (result) => {
          if (result?.case !== "get" || result.value.entry === undefined) throw unexpected("get");
          const { entry } = result.value;
          download = new Download(
            { ...result.value, entry: storeEntry(entry) },
            {
              sha256,
              onProgress,
              stream: {
                consumed: (bytes, kept) =>
                  this.#link.connection.consumed(ticket.stream ?? 0, bytes, kept),
                cancel: () => this.#link.cancel(ticket),
              },
            },
          );
          resolve(download);
        },
        data: (bytes, crc32) => download?.onData(bytes, crc32),
        finish: (finish) => download?.onFinish(finish),
        failed: fail,
      });
    });
  }

  /**
   * Uploads. Resolves with the server's receipt: the file is there, whole, under its name.
   * @throws ALREADY_EXISTS, NOT_FOUND (the folder), NO_SPACE, READ_ONLY, CHANGED (the source)
   */
  async put(path: string, source: UploadSource, options: PutOptions = {}): Promise<Receipt> {
    const { ifMatch, signal, onProgress } = options;
    const sha256 = options.sha256 === true;
    const upload = await openUpload(source, sha256);
    const request: RequestInit = {
      operation: {
        case: "put",
        value: {
          path,
          uploadId: randomBytes(16),
          size: upload.size,
          modified: options.modified === undefined ? upload.modified : time(options.modified),
          ifExists: IF_EXISTS[options.ifExists ?? "fail"],
          ifMatch,
          sha256,
        },
      },
    };
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    const { connection } = this.#link;
    this.#ask(request, signal, new UploadCall({ upload, connection, onProgress, resolve, reject }));
    return promise;
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
    return this.#unary({ operation: { case: "makeDirectory", value } }, "makeDirectory", options);
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

  status(options: CallOptions = {}): Promise<StatusResponse> {
    return this.#unary({ operation: { case: "status", value: {} } }, "status", options);
  }

  /** @returns the round trip to the server, in milliseconds */
  ping(options: CallOptions = {}): Promise<number> {
    const answer = this.#link.ping();
    return options.signal === undefined ? answer : abortable(answer, options.signal);
  }

  /** Ends the connection: what is on its way out still leaves. */
  async close(): Promise<void> {
    this.#link.connection.close();
    await this.#link.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ask(request: RequestInit, signal: AbortSignal | undefined, call: Call): Ticket {
    const ticket = this.#link.ask(request, call);
    if (signal === undefined) return ticket;
    const give = (): void => {
      this.#link.cancel(ticket);
      call.failed(new LeatError("CANCELLED", "it was given up", { cause: signal.reason }));
    };
    if (signal.aborted) {
      give();
    } else if (!this.isOver) {
      signal.addEventListener("abort", give, { once: true });
      // One signal may serve thousands of requests: it forgets those that are over.
      ticket.ended = () => signal.removeEventListener("abort", give);
    }
    return ticket;
  }

  /** @param change the request changes something: without an answer, nobody knows whether it did */
  #unary<Case extends keyof Results>(
    request: RequestInit,
    name: Case,
    { signal }: CallOptions,
    change = false,
  ): Promise<Results[Case]> {
    return new Promise<Results[Case]>((resolve, reject) => {
      const ticket = this.#ask(request, signal, {
        response: (result) => {
          if (result?.case !== name) throw unexpected(name);
          resolve(result.value as Results[Case]);
        },
        failed: (error) => {
          const asked = change && ticket.stream !== undefined;
          reject(asked && error.code === "CONNECTION_LOST" ? unknownOutcome(name, error) : error);
        },
      });
    });
  }

  #page(path: string, cursor: string | undefined, options: ListOptions): Promise<Page> {
    const hidden = options.hidden === true;
    const request: RequestInit = { operation: { case: "list", value: { path, cursor, hidden } } };
    return new Promise((resolve, reject) => {
      let entries: Entry[] = [];
      this.#ask(request, options.signal, {
        response: (result) => {
          if (result?.case !== "list") throw unexpected("list");
          entries = result.value.entries;
        },
        finish: (finish) => resolve({ ...finish, entries }),
        failed: reject,
      });
    });
  }
}

interface Page {
  readonly entries: Entry[];
  readonly cursor?: string | undefined;
  readonly skippedNames: number;
}

function storeEntry(entry: Entry): StoreEntry {
  const kind = entry.kind === "KIND_UNSPECIFIED" ? "OTHER" : entry.kind;
  return { ...entry, kind, modified: entry.modified ?? { seconds: 0, nanoseconds: 0 } };
}

function time(date: Date): { seconds: number; nanoseconds: number } {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

function unexpected(name: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server answered ${name} with something else`);
}

function unknownOutcome(name: string, cause: LeatError): LeatError {
  return new LeatError(
    "OUTCOME_UNKNOWN",
    `the connection was lost before the answer to ${name} came: look whether it was done`,
    { cause, retryable: CODES.OUTCOME_UNKNOWN.retryable },
  );
}
