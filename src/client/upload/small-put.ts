/**
 * Uploads a small file from memory: no promise, no open file. When this fails, its caller uploads the
 * file the ordinary way, with the same id, so that it is not done twice.
 */
import { LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import type { Result } from "../../session/event.ts";
import type { FolderAttributes } from "../../store/store.ts";
import type { SmallFile } from "../local/small-file.ts";
import { OutgoingBytes } from "../../transfer/outgoing-bytes.ts";
import type { IfExists, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";
import type { Receipt } from "./options.ts";
import { checkReceipt } from "./receipt.ts";

export interface SmallPutOptions {
  readonly link: Link;
  readonly path: string;
  readonly file: Pick<SmallFile, "bytes"> & FolderAttributes;
  readonly ifExists: IfExists;
  /** Called as bytes leave, with how many. */
  readonly onTaken: (bytes: number) => void;
  readonly done: (receipt: Receipt) => void;
  /** @param uploadId of this upload, which the server may have done all the same */
  readonly failed: (error: LeatError, uploadId: Uint8Array) => void;
}

export class SmallPut implements StreamHandler {
  readonly #options: SmallPutOptions;
  readonly #uploadId = randomBytes(16);
  #request: PendingRequest | undefined;
  #outgoing: OutgoingBytes | undefined;
  #isOver = false;

  constructor(options: SmallPutOptions) {
    this.#options = options;
  }

  send(): void {
    const { link, path, file, ifExists } = this.#options;
    const { bytes, modified, mode } = file;
    const value = { path, uploadId: this.#uploadId, size: bytes.length, modified, mode, ifExists };
    this.#request = link.request({ operation: { case: "put", value } }, this);
  }

  /** Gives it up; `failed` is called. */
  cancel(error: LeatError): void {
    if (this.#request !== undefined) this.#options.link.cancel(this.#request);
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
    if (this.#isOver) return;
    const { path, ifExists } = this.#options;
    const request = { path, ifExists, sha256: false, uploadIds: [this.#uploadId] };
    const checked = checkReceipt(receipt, request, this.#outgoing?.finished);
    this.#isOver = true;
    this.#options.done(checked);
  }

  failed(error: LeatError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.failed(error, this.#uploadId);
  }
}
