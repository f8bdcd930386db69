/**
 * One stream of a download. A file comes over as many of them as it takes: the next one begins where
 * the last one was verified. What comes before anybody takes it waits here, unacknowledged: the
 * stream's window bounds it.
 */
import { LeatError } from "../../errors.ts";
import type { StoreEntry } from "../../store/store.ts";
import { Pieces } from "../../transfer/pieces.ts";
import type { Finish } from "../../wire/gen/messages.ts";

/** What a server answered a get with. */
export interface LegHead {
  /** The whole file, as the server has it. */
  readonly entry: StoreEntry;
  /** First byte that is sent. */
  readonly offset: number;
  /** Bytes that are sent. */
  readonly length: number;
}

/** The stream behind it. */
export interface DownloadStream {
  /** Bytes were taken: the server may send as many more. @param kept they may still be looked at */
  consumed(bytes: number, kept: boolean): void;
  /** Gives the stream up. */
  cancel(): void;
}

/** Takes what arrives. */
export interface Taker {
  /** @throws what is wrong with it; then the leg is over */
  data(bytes: Uint8Array, blockCrc: number | undefined): void;
  finish(finish: Finish): void;
  failed(error: LeatError): void;
}

export class Leg {
  readonly head: LegHead;
  readonly #stream: DownloadStream;
  /** What came before anybody takes it; made when something does. */
  #early: Pieces | undefined;
  #finish: Finish | undefined;
  #taker: Taker | undefined;
  #error: LeatError | undefined;
  #over = false;

  constructor(head: LegHead, stream: DownloadStream) {
    this.head = head;
    this.#stream = stream;
  }

  consumed(bytes: number, kept: boolean): void {
    this.#stream.consumed(bytes, kept);
  }

  /** Tells what comes from now on, and what came before. Called once. */
  take(taker: Taker): void {
    this.#taker = taker;
    const lost = this.#error;
    const early = this.#early;
    this.#early = undefined;
    for (let next = early?.shift(); next !== undefined; next = early?.shift()) {
      if (!this.#data(next.bytes, next.crc32)) return;
    }
    if (lost !== undefined) taker.failed(lost);
    else if (this.#finish !== undefined) taker.finish(this.#finish);
  }

  /** Gives it up. Harmless when it is over. */
  cancel(error: LeatError): void {
    this.#early = undefined;
    this.#finish = undefined;
    if (this.#over) return;
    this.#stream.cancel();
    this.onFailed(error);
  }

  // ---- called by the client as frames arrive ----

  onData(bytes: Uint8Array, crc32: number | undefined): void {
    if (this.#over) return;
    if (this.#taker === undefined) this.#wait(bytes, crc32);
    else this.#data(bytes, crc32);
  }

  onFinish(finish: Finish): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#taker === undefined) this.#finish = finish;
    else this.#taker.finish(finish);
  }

  onFailed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#taker?.failed(error);
  }

  #wait(bytes: Uint8Array, crc32: number | undefined): void {
    this.#early ??= new Pieces(this.head.offset, this.head.offset + this.head.length);
    try {
      this.#early.push(bytes, crc32);
    } catch (thrown) {
      this.#stream.cancel();
      this.onFailed(LeatError.from(thrown));
    }
  }

  /** @returns whether the taker is content */
  #data(bytes: Uint8Array, crc32: number | undefined): boolean {
    try {
      this.#taker?.data(bytes, crc32);
      return true;
    } catch (thrown) {
      if (!this.#over) this.#stream.cancel();
      this.#over = true;
      this.#taker?.failed(LeatError.from(thrown));
      return false;
    }
  }
}
