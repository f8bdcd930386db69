/**
 * A small file on its way out, from memory: no promise, nothing open. Its caller goes the
 * ordinary way when this one is lost: with the same id, so that it is not done twice.
 */
import { LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import type { Result } from "../../session/event.ts";
import type { SmallFile } from "../local/small-file.ts";
import { OutgoingBytes } from "../../transfer/outgoing-bytes.ts";
import type { IfExists, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import { type Call, unexpected } from "../connection/call.ts";
import type { Link, Ticket } from "../connection/link.ts";
import type { Receipt } from "./options.ts";
import { checkReceipt } from "./receipt.ts";

export interface SmallPutOptions {
  readonly link: Link;
  readonly path: string;
  readonly file: SmallFile;
  readonly ifExists: IfExists;
  /** Called as bytes leave, with how many. */
  readonly onTaken: (bytes: number) => void;
  readonly done: (receipt: Receipt) => void;
  /** @param uploadId with which it may have been done */
  readonly failed: (error: LeatError, uploadId: Uint8Array) => void;
}

export class SmallPut implements Call {
  readonly #options: SmallPutOptions;
  readonly #uploadId = randomBytes(16);
  #ticket: Ticket | undefined;
  #outgoing: OutgoingBytes | undefined;
  #over = false;

  constructor(options: SmallPutOptions) {
    this.#options = options;
  }

  /** `done` or `failed` was told. */
  get over(): boolean {
    return this.#over;
  }

  ask(): void {
    const { link, path, file, ifExists } = this.#options;
    const { bytes, modified, mode } = file;
    const value = { path, uploadId: this.#uploadId, size: bytes.length, modified, mode, ifExists };
    this.#ticket = link.ask({ operation: { case: "put", value } }, this);
  }

  /** Gives it up; `failed` is told. */
  cancel(error: LeatError): void {
    if (this.#ticket !== undefined) this.#options.link.cancel(this.#ticket);
    this.failed(error);
  }

  opened(stream: number): void {
    const { link, file, onTaken } = this.#options;
    this.#outgoing = new OutgoingBytes({ bytes: file.bytes, sha256: false, onTaken });
    link.connection.attach(stream, this.#outgoing, 0);
  }

  response(result: Result | undefined): void {
    if (result?.case !== "put" || result.value.durableOffset !== 0) throw unexpected("put");
  }

  receipt(receipt: WireReceipt): void {
    if (this.#over) return;
    const { path, ifExists } = this.#options;
    const asked = { path, ifExists, sha256: false, uploadIds: [this.#uploadId] };
    const checked = checkReceipt(receipt, asked, this.#outgoing?.finished);
    this.#over = true;
    this.#options.done(checked);
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.failed(error, this.#uploadId);
  }
}
