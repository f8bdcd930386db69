/** One try of an upload: its stream. */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { FinishInit, Outgoing } from "../../session/outgoing.ts";
import type { Prefix } from "../../store/store.ts";
import type { Put, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import { callBackSafely } from "../connection/callbacks.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";
import type { Receipt } from "./options.ts";
import { checkReceipt } from "./receipt.ts";
import type { Upload } from "./upload.ts";

/** With `resume`, the server may have a part: nothing is sent before it answers where to continue. */
export type PutRequest = Partial<Put> & Pick<Put, "path" | "uploadId">;

export interface UploadStreamOptions {
  readonly upload: Upload;
  readonly link: Link;
  readonly request: PutRequest;
  /** The server has accepted, and continues the partial file of this upload at `offset`. */
  readonly onAccepted: (offset: number, uploadId: Uint8Array) => void;
  readonly onProgress: (bytes: number) => void;
  /** When its signal aborts, the server is asked to keep what has arrived. */
  readonly keepsPartial: boolean;
}

/** The part that the server kept is not the beginning of this file. */
export class OtherPrefix extends LeatError {
  constructor(length: number) {
    super("CHANGED", `the first ${length} bytes on the server are not those of the file any more`);
  }
}

/** Bytes of an upload's id. */
const ID_LENGTH = 16;

export class UploadStream implements StreamHandler {
  readonly #options: UploadStreamOptions;
  readonly #uploadIds: Uint8Array[];
  readonly #received = Promise.withResolvers<Receipt>();
  #pending: PendingRequest | undefined;
  #stream = 0;
  #answered = false;
  #outgoing: Outgoing | undefined;
  #isOver = false;

  constructor(options: UploadStreamOptions) {
    this.#options = options;
    this.#uploadIds = [options.request.uploadId];
  }

  get keepsPartial(): boolean {
    return this.#options.keepsPartial;
  }

  /** Sends the request, and what follows it. @returns the receipt, compared with what was sent */
  send(signal: AbortSignal | undefined): Promise<Receipt> {
    const { link, request } = this.#options;
    this.#pending = link.request({ operation: { case: "put", value: request } }, this, signal);
    if (this.#isOver) link.cancel(this.#pending); // its source failed at once
    return this.#received.promise;
  }

  get #resumes(): boolean {
    return this.#options.request.resume === true;
  }

  opened(stream: number): void {
    this.#stream = stream;
    // Bytes follow the request at once, as far as the stream's first credit reaches.
    if (!this.#resumes) this.#attach({ length: 0, crc32: 0 });
  }

  response(result: Result | undefined): void {
    if (result?.case !== "put") throw unexpected("put");
    this.#answered = true;
    const { durableOffset, prefixCrc32, uploadId } = result.value;
    const { upload, onAccepted, request } = this.#options;
    if (!this.#resumes) {
      if (durableOffset !== 0) throw unexpected("put");
      return onAccepted(0, request.uploadId);
    }
    // Of an upload without a size a server keeps nothing but the receipt.
    if (durableOffset > (upload.size ?? 0)) throw unexpected("put");
    if (durableOffset > 0 && uploadId.length !== ID_LENGTH) throw unexpected("put");
    const id = durableOffset > 0 ? uploadId : request.uploadId;
    this.#uploadIds.push(uploadId);
    const theirs: Prefix = { length: durableOffset, crc32: prefixCrc32 };
    this.#later(upload.prefix(durableOffset), (own) => {
      if (own !== prefixCrc32) throw new OtherPrefix(durableOffset);
      onAccepted(durableOffset, id);
      this.#attach(theirs);
    });
  }

  receipt(receipt: WireReceipt): void {
    if (this.#isOver) return;
    // The receipt of an earlier try: it is compared with the whole source, as nothing was sent now.
    const repeated = this.#resumes && !this.#answered && !receipt.skipped;
    if (!repeated) return this.#done(receipt, this.#outgoing?.finished);
    this.#later(this.#options.upload.whole(), (whole) => this.#done(receipt, whole));
  }

  failed(error: LeatError): void {
    if (this.#isOver) return;
    this.#end();
    this.#received.reject(error);
  }

  /** @throws PROTOCOL_ERROR */
  #done(receipt: WireReceipt, sent: FinishInit | undefined): void {
    const { path, ifExists, sha256 = false } = this.#options.request;
    const request = { path, ifExists, sha256, uploadIds: this.#uploadIds };
    const checked = checkReceipt(receipt, request, sent);
    this.#end();
    this.#received.resolve(checked);
  }

  #attach(from: Prefix): void {
    const { upload, link, onProgress } = this.#options;
    let sent = from.length;
    this.#outgoing = upload.start(from, {
      onTaken: (bytes) => {
        sent += bytes;
        callBackSafely((error) => this.#giveUp(error), "onProgress", onProgress, sent);
      },
      onReady: () => link.connection.offer(this.#stream),
      onError: (error) => this.#giveUp(error),
    });
    if (this.#isOver) return this.#outgoing.release();
    link.connection.attach(this.#stream, this.#outgoing, from.length);
  }

  /** Continues when a promise has its value, unless the stream is over by then. */
  #later<T>(promise: Promise<T>, step: (value: T) => void): void {
    promise
      .then((value) => {
        if (!this.#isOver) step(value);
      })
      .catch((thrown: unknown) => this.#giveUp(LeatError.from(thrown)));
  }

  #giveUp(error: LeatError): void {
    if (this.#pending !== undefined) this.#options.link.cancel(this.#pending);
    this.failed(error);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#outgoing === undefined) this.#options.upload.release();
  }
}
