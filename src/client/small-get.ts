/**
 * A small file on its way to us, gathered in memory: no promise and no partial file until all of it
 * is there and matched. Whoever asked for it goes the ordinary way when this one gives up.
 */
import { LeatError } from "../errors.ts";
import { BLOCK_SIZE } from "../limits.ts";
import type { StoreEntry } from "../store/store.ts";
import type { Result } from "../session/event.ts";
import { Digest, checkBlock, checkFinish } from "../transfer/digest.ts";
import type { Finish } from "../wire/gen/messages.ts";
import { type Call, unexpected } from "./call.ts";
import type { Link, Ticket } from "./link.ts";
import { storeEntry } from "./open-leg.ts";

export interface SmallGetOptions {
  readonly link: Link;
  readonly path: string;
  /** Bytes at most; a file that has more by now is given up. */
  readonly most: number;
  /** All of it, verified. */
  readonly done: (entry: StoreEntry, bytes: Uint8Array) => void;
  /** It did not come; nothing of it is left. */
  readonly failed: (error: LeatError) => void;
}

export class SmallGet implements Call {
  readonly #options: SmallGetOptions;
  readonly #digest = new Digest(false);
  #ticket: Ticket | undefined;
  #entry: StoreEntry | undefined;
  #bytes = new Uint8Array(0);
  /** Behind the last byte whose block was compared. */
  #verified = 0;
  #over = false;

  constructor(options: SmallGetOptions) {
    this.#options = options;
  }

  /** `done` or `failed` was told. */
  get over(): boolean {
    return this.#over;
  }

  ask(): void {
    const { link, path } = this.#options;
    const value = { path, offset: 0, sha256: false };
    this.#ticket = link.ask({ operation: { case: "get", value } }, this);
  }

  /** Gives it up; `failed` is told. */
  cancel(error: LeatError): void {
    if (this.#ticket !== undefined) this.#options.link.cancel(this.#ticket);
    this.failed(error);
  }

  response(result: Result | undefined): void {
    if (result?.case !== "get" || result.value.entry === undefined) throw unexpected("get");
    const { entry, length } = result.value;
    if (length > this.#options.most) throw tooLarge(length);
    this.#entry = storeEntry(entry);
    this.#bytes = new Uint8Array(length);
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    const at = this.#digest.bytes;
    if (at + bytes.length > this.#bytes.length) throw tooLarge(at + bytes.length);
    this.#bytes.set(bytes, at);
    this.#digest.update(bytes);
    this.#options.link.connection.consumed(this.#ticket?.stream ?? 0, bytes.length);
    if (blockCrc !== undefined) {
      checkBlock(at + bytes.length, blockCrc, this.#digest.endBlock());
      this.#verified = at + bytes.length;
    } else if ((at + bytes.length) % BLOCK_SIZE === 0) {
      throw new LeatError("PROTOCOL_ERROR", "a block came without its CRC");
    }
  }

  finish(finish: Finish): void {
    if (this.#entry === undefined || this.#digest.bytes !== this.#bytes.length) {
      const { bytes } = this.#digest;
      const message = `${bytes} bytes arrived where ${this.#bytes.length} were declared`;
      throw new LeatError("SIZE_MISMATCH", message);
    }
    if (this.#verified !== this.#bytes.length) {
      throw new LeatError("PROTOCOL_ERROR", "the last Data came without its CRC");
    }
    checkFinish(finish, this.#bytes.length, this.#digest);
    this.#over = true;
    this.#options.done(this.#entry, this.#bytes);
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.failed(error);
  }
}

function tooLarge(bytes: number): LeatError {
  return new LeatError("SIZE_MISMATCH", `${bytes} bytes are more than were listed`);
}
