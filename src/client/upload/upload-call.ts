/** One try of an upload, on its stream. */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { FinishInit, Outgoing } from "../../session/outgoing.ts";
import type { Prefix } from "../../store/store.ts";
import type { Put, Receipt as WireReceipt } from "../../wire/gen/messages.ts";
import { threw } from "../connection/callbacks.ts";
import { type Call, unexpected } from "../connection/call.ts";
import type { Link, Ticket } from "../connection/link.ts";
import type { Receipt } from "./options.ts";
import { checkReceipt } from "./receipt.ts";
import type { Upload } from "./upload.ts";

export interface UploadCallOptions {
  readonly upload: Upload;
  readonly link: Link;
  /** With `resume`, the server may have some of it: nothing leaves before it said where to go on. */
  readonly request: Partial<Put> & Pick<Put, "path" | "uploadId">;
  /** The server has accepted, and goes on there with the partial of this upload. */
  readonly onAccepted: (offset: number, uploadId: Uint8Array) => void;
  readonly onProgress: ((bytes: number) => void) | undefined;
  /** When its signal gives it up, the server is to keep what it has. */
  readonly keeps: boolean;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: LeatError) => void;
}

/** What the server has is not how this file begins. */
export class OtherPrefix extends LeatError {
  constructor(length: number) {
    super("CHANGED", `the first ${length} bytes on the server are not those of the file any more`);
  }
}

/** Bytes of an upload's id. */
const ID_LENGTH = 16;

export class UploadCall implements Call {
  readonly #options: UploadCallOptions;
  readonly #uploadIds: Uint8Array[];
  #ticket: Ticket | undefined;
  #stream = 0;
  #answered = false;
  #outgoing: Outgoing | undefined;
  #over = false;

  constructor(options: UploadCallOptions) {
    this.#options = options;
    this.#uploadIds = [options.request.uploadId];
  }

  get keeps(): boolean {
    return this.#options.keeps;
  }

  ask(signal: AbortSignal | undefined): void {
    const { link, request } = this.#options;
    this.#ticket = link.ask({ operation: { case: "put", value: request } }, this, signal);
    if (this.#over) link.cancel(this.#ticket); // its source failed at once
  }

  get #resumes(): boolean {
    return this.#options.request.resume === true;
  }

  opened(stream: number): void {
    this.#stream = stream;
    // Bytes follow the request at once, as far as the stream's first credit reaches.
    if (!this.#resumes) this.#send({ length: 0, crc32: 0 });
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
    // Of what has no size, a server keeps nothing but the receipt.
    if (durableOffset > (upload.size ?? 0)) throw unexpected("put");
    if (durableOffset > 0 && uploadId.length !== ID_LENGTH) throw unexpected("put");
    const id = durableOffset > 0 ? uploadId : request.uploadId;
    this.#uploadIds.push(uploadId);
    const theirs: Prefix = { length: durableOffset, crc32: prefixCrc32 };
    this.#later(upload.prefix(durableOffset), (own) => {
      if (own !== prefixCrc32) throw new OtherPrefix(durableOffset);
      onAccepted(durableOffset, id);
      this.#send(theirs);
    });
  }

  receipt(receipt: WireReceipt): void {
    if (this.#over) return;
    // An earlier try was done, and what it sent is what there is to compare with.
    const repeated = this.#resumes && !this.#answered && !receipt.skipped;
    if (!repeated) return this.#done(receipt, this.#outgoing?.finished);
    this.#later(this.#options.upload.whole(), (whole) => this.#done(receipt, whole));
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#end();
    this.#options.reject(error);
  }

  /** @throws PROTOCOL_ERROR */
  #done(receipt: WireReceipt, sent: FinishInit | undefined): void {
    const { path, ifExists, sha256 = false } = this.#options.request;
    const asked = { path, ifExists, sha256, uploadIds: this.#uploadIds };
    const checked = checkReceipt(receipt, asked, sent);
    this.#end();
    this.#options.resolve(checked);
  }

  #send(from: Prefix): void {
    const { upload, link, onProgress } = this.#options;
    let sent = from.length;
    this.#outgoing = upload.start(from, {
      onTaken: (bytes) => {
        sent += bytes;
        try {
          onProgress?.(sent);
        } catch (thrown) {
          // In the middle of a write that others are in as well: they go on.
          queueMicrotask(() => this.#giveUp(threw("onProgress", thrown)));
        }
      },
      onReady: () => link.connection.offer(this.#stream),
      onError: (error) => this.#giveUp(error),
    });
    if (this.#over) return this.#outgoing.release();
    link.connection.attach(this.#stream, this.#outgoing, from.length);
  }

  /** Goes on when something is known, unless it is over by then. */
  #later<T>(known: Promise<T>, step: (known: T) => void): void {
    known
      .then((value) => {
        if (!this.#over) step(value);
      })
      .catch((thrown: unknown) => this.#giveUp(LeatError.from(thrown)));
  }

  #giveUp(error: LeatError): void {
    if (this.#ticket !== undefined) this.#options.link.cancel(this.#ticket);
    this.failed(error);
  }

  #end(): void {
    this.#over = true;
    if (this.#outgoing === undefined) this.#options.upload.release();
  }
}
