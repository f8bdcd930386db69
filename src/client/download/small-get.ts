/**
 * Downloads a small file into memory: no promise and no partial file until all of it has arrived and
 * is verified. When this fails, its caller downloads the file the ordinary way.
 */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { StoreEntry } from "../../store/store.ts";
import { Incoming, type Intake } from "../../transfer/incoming.ts";
import type { Finish } from "../../wire/gen/messages.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import type { StreamHandler } from "../connection/stream-handler.ts";
import { type RangeHead, checkAnswer } from "./download-stream.ts";

export interface SmallGetOptions {
  readonly link: Link;
  readonly path: string;
  /** In bytes; a file that is larger by now fails. */
  readonly maxSize: number;
  readonly mayGrow: boolean;
  /** Called with the whole file, verified. */
  readonly done: (entry: StoreEntry, bytes: Uint8Array) => void;
  /** Called when it did not come; nothing of it is left. */
  readonly failed: (error: LeatError) => void;
}

export class SmallGet implements StreamHandler, Intake {
  readonly #options: SmallGetOptions;
  #request: PendingRequest | undefined;
  #head: RangeHead | undefined;
  #incoming: Incoming | undefined;
  #bytes = NOTHING;
  #isOver = false;

  constructor(options: SmallGetOptions) {
    this.#options = options;
  }

  send(): void {
    const { link, path, mayGrow } = this.#options;
    this.#request = link.request({ operation: { case: "get", value: { path, mayGrow } } }, this);
  }

  /** Gives it up; `failed` is called. */
  cancel(error: LeatError): void {
    if (this.#request !== undefined) this.#options.link.cancel(this.#request);
    this.failed(error);
  }

  response(result: Result | undefined): void {
    const { path, maxSize } = this.#options;
    const head = checkAnswer(result, { path });
    const { offset, length } = head;
    if (length > maxSize) {
      throw new LeatError("SIZE_MISMATCH", `${length} bytes are more than were listed`);
    }
    this.#head = head;
    this.#bytes = new Uint8Array(length);
    this.#incoming = new Incoming({ offset, length, sha256: false }, this);
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    this.#incoming?.data(bytes, blockCrc);
  }

  hole(length: number, crc32: number): void {
    this.#incoming?.hole(length, crc32);
  }

  finish(finish: Finish): void {
    if (this.#head === undefined) return;
    // Never a promise: the bytes are in memory.
    void this.#incoming?.finish(finish, this.#bytes.length);
    this.#isOver = true;
    this.#options.done(this.#head.entry, this.#bytes);
  }

  failed(error: LeatError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.failed(error);
  }

  // ---- Intake ----

  write(bytes: Uint8Array, position: number): void {
    this.#bytes.set(bytes, position);
  }

  writeHole(): void {} // the bytes are zeros as they are

  onConsumed(bytes: number): void {
    this.#options.link.connection.consumed(this.#request?.stream ?? 0, bytes);
  }

  onVerified(): void {}

  onError(error: LeatError): void {
    this.cancel(error);
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
