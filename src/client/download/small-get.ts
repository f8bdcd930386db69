/**
 * A small file on its way to us, gathered in memory: no promise and no partial file until all of it
 * is there and matched. Its caller goes the ordinary way when this one gives up.
 */
import { LeatError } from "../../errors.ts";
import type { StoreEntry } from "../../store/store.ts";
import type { Result } from "../../session/event.ts";
import { Incoming, type Intake } from "../../transfer/incoming.ts";
import type { Finish } from "../../wire/gen/messages.ts";
import type { Call } from "../connection/call.ts";
import type { LegHead } from "./leg.ts";
import type { Link, Ticket } from "../connection/link.ts";
import { headOf } from "./open-leg.ts";

export interface SmallGetOptions {
  readonly link: Link;
  readonly path: string;
  /** Bytes at most; a file that has more by now is given up. */
  readonly most: number;
  readonly mayGrow: boolean;
  /** All of it, verified. */
  readonly done: (entry: StoreEntry, bytes: Uint8Array) => void;
  /** It did not come; nothing of it is left. */
  readonly failed: (error: LeatError) => void;
}

export class SmallGet implements Call, Intake {
  readonly #options: SmallGetOptions;
  #ticket: Ticket | undefined;
  #head: LegHead | undefined;
  #incoming: Incoming | undefined;
  #bytes = NOTHING;
  #over = false;

  constructor(options: SmallGetOptions) {
    this.#options = options;
  }

  /** `done` or `failed` was told. */
  get over(): boolean {
    return this.#over;
  }

  ask(): void {
    const { link, path, mayGrow } = this.#options;
    this.#ticket = link.ask({ operation: { case: "get", value: { path, mayGrow } } }, this);
  }

  /** Gives it up; `failed` is told. */
  cancel(error: LeatError): void {
    if (this.#ticket !== undefined) this.#options.link.cancel(this.#ticket);
    this.failed(error);
  }

  response(result: Result | undefined): void {
    const { path, most } = this.#options;
    const head = headOf(result, { path });
    const { offset, length } = head;
    if (length > most) {
      throw new LeatError("SIZE_MISMATCH", `${length} bytes are more than were listed`);
    }
    this.#head = head;
    this.#bytes = new Uint8Array(length);
    this.#incoming = new Incoming({ offset, length, sha256: false }, this);
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    this.#incoming?.data(bytes, blockCrc);
  }

  finish(finish: Finish): void {
    if (this.#head === undefined) return;
    // It has nothing to wait for: its bytes are in memory.
    void this.#incoming?.finish(finish, this.#bytes.length);
    this.#over = true;
    this.#options.done(this.#head.entry, this.#bytes);
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.failed(error);
  }

  // ---- Intake ----

  write(bytes: Uint8Array, position: number): void {
    this.#bytes.set(bytes, position);
  }

  onConsumed(bytes: number): void {
    this.#options.link.connection.consumed(this.#ticket?.stream ?? 0, bytes);
  }

  onVerified(): void {}

  onError(error: LeatError): void {
    this.cancel(error);
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
