/**
 * One stream of a download. A file may come over several of them: the next one begins where the last
 * one was verified. Bytes that arrive before there is a receiver wait here, without new credit: the
 * stream's window bounds them.
 */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { StoreEntry } from "../../store/store.ts";
import { checkHole } from "../../transfer/digest.ts";
import { type PieceTaker, Pieces } from "../../transfer/pieces.ts";
import type { Entry, Finish, Get } from "../../wire/gen/messages.ts";
import { callBack } from "../connection/callbacks.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";

/** A range of a file, as it is requested. */
export type Range = Pick<Get, "path"> & Partial<Get>;

/** The answer to a get. */
export interface RangeHead {
  /** The whole file, as the server has it. */
  readonly entry: StoreEntry;
  /** The first byte that is sent. */
  readonly offset: number;
  /** Bytes that are sent. */
  readonly length: number;
  /** Bytes that the whole file takes on the server's disk, where it has holes. */
  readonly allocated: number | undefined;
}

/** Gets the bytes of a stream. What `data` and `hole` throw is wrong with them: the stream is cancelled, and `failed` called. */
export interface Receiver extends PieceTaker {
  finish(finish: Finish): void;
  failed(error: LeatError): void;
}

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive, with their sum so far and `before`. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Bytes of the range that an earlier stream has brought. */
  readonly before?: number;
}

export class DownloadStream implements StreamHandler {
  readonly #link: Link;
  readonly #range: Range;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  readonly #answered = Promise.withResolvers<DownloadStream>();
  #request: PendingRequest | undefined;
  #head: RangeHead | undefined;
  #arrived: number;
  #receiver: Receiver | undefined;
  /** Bytes that arrived before there is a receiver; made when some do. */
  #waiting: Pieces | undefined;
  #finish: Finish | undefined;
  #error: LeatError | undefined;
  #isOver = false;

  private constructor(link: Link, range: Range, { onProgress, before = 0 }: OpenOptions) {
    this.#link = link;
    this.#range = range;
    this.#onProgress = onProgress;
    this.#arrived = before;
  }

  /**
   * Requests a range of a file. Resolves when the server has answered that it sends it.
   * @throws PRECONDITION_FAILED, PROTOCOL_ERROR for another range or version than the requested one
   */
  static open(link: Link, range: Range, options: OpenOptions = {}): Promise<DownloadStream> {
    const stream = new DownloadStream(link, range, options);
    const request = { operation: { case: "get", value: range } } as const;
    stream.#request = link.request(request, stream, options.signal);
    return stream.#answered.promise;
  }

  /** As the server answered. */
  get head(): RangeHead {
    return this.#head!;
  }

  /** Bytes were used: the server may send as many more. @param kept their memory is still in use */
  consumed(bytes: number, kept: boolean): void {
    this.#link.connection.consumed(this.#request?.stream ?? 0, bytes, kept);
  }

  /** Passes on all that arrived already, and from now on what arrives. Called once. */
  deliverTo(receiver: Receiver): void {
    this.#receiver = receiver;
    const [waiting, lost] = [this.#waiting, this.#error];
    this.#waiting = undefined;
    try {
      waiting?.handTo(receiver);
    } catch (thrown) {
      const error = LeatError.from(thrown);
      return this.#isOver ? receiver.failed(error) : this.cancel(error);
    }
    if (lost !== undefined) receiver.failed(lost);
    else if (this.#finish !== undefined) receiver.finish(this.#finish);
  }

  /** Gives the rest up. Harmless when it is over. */
  cancel(error: LeatError): void {
    this.#waiting = undefined;
    this.#finish = undefined;
    if (this.#isOver) return;
    if (this.#request !== undefined) this.#link.cancel(this.#request);
    this.failed(error);
  }

  // ---- StreamHandler ----

  response(result: Result | undefined): void {
    this.#head = checkAnswer(result, this.#range);
    this.#answered.resolve(this);
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    this.#onArrived(bytes.length);
    if (this.#isOver) return; // a callback has cancelled it
    if (this.#receiver !== undefined) return this.#receiver.data(bytes, blockCrc);
    this.#pieces.push(bytes, blockCrc);
  }

  hole(length: number, crc32: number): void {
    this.#onArrived(length);
    if (this.#isOver) return;
    if (this.#receiver !== undefined) return this.#receiver.hole(length, crc32);
    checkHole(length, crc32);
    this.#pieces.pushHole(length);
  }

  #onArrived(bytes: number): void {
    this.#arrived += bytes;
    if (this.#onProgress !== undefined) callBack("onProgress", this.#onProgress, this.#arrived);
  }

  get #pieces(): Pieces {
    const { offset, length } = this.head;
    return (this.#waiting ??= new Pieces(offset, offset + length));
  }

  finish(finish: Finish): void {
    this.#isOver = true;
    if (this.#receiver === undefined) this.#finish = finish;
    else this.#receiver.finish(finish);
  }

  failed(error: LeatError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#answered.reject(error);
    this.#receiver?.failed(error);
  }
}

/** The answer to a get, compared with the request. */
export function checkAnswer(result: Result | undefined, range: Range): RangeHead {
  if (result?.case !== "get" || result.value.entry === undefined) throw unexpected("get");
  const { entry, offset, length, allocated } = result.value;
  const { path, offset: first = 0, length: most = entry.size, ifMatch } = range;
  // Without a version it cannot be known that it is still the same file.
  if (ifMatch !== undefined && (entry.version !== ifMatch || ifMatch === "")) {
    const message = `${path} is another version than the one asked for`;
    throw new LeatError("PRECONDITION_FAILED", message);
  }
  if (offset !== first || length !== Math.min(most, entry.size - first)) {
    const message = `the server sends ${length} bytes from ${offset} of ${path} and its ${entry.size}: it was asked for others`;
    throw new LeatError("PROTOCOL_ERROR", message);
  }
  return { entry: storeEntry(entry), offset, length, allocated };
}

/** An entry of the wire as a store has it. */
export function storeEntry(entry: Omit<Entry, "link" | "target">): StoreEntry {
  const { name, size, version, mode } = entry;
  const kind = entry.kind === "KIND_UNSPECIFIED" ? "OTHER" : entry.kind;
  const modified = entry.modified ?? { seconds: 0, nanoseconds: 0 };
  return { name, kind, size, modified, mode, version };
}
