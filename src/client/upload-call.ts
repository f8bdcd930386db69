/** One try of an upload, on its stream. */
import type { Connection } from "../connection/connection.ts";
import { LeatError } from "../errors.ts";
import type { Result } from "../session/event.ts";
import type { Prefix } from "../store/store.ts";
import type { Receipt } from "../wire/gen/messages.ts";
import type { Call } from "./call.ts";
import type { Upload } from "./upload.ts";

export interface UploadCallOptions {
  readonly upload: Upload;
  readonly connection: Connection;
  /** The server may have some of it: nothing leaves before it has said where to go on. */
  readonly resume: boolean;
  /** The server has accepted, and goes on there with the partial of this upload. */
  readonly onAccepted: (offset: number, uploadId: Uint8Array) => void;
  readonly onProgress: ((bytes: number) => void) | undefined;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: LeatError) => void;
}

/** What the server has is not how this file begins. */
export class OtherPrefix extends LeatError {
  constructor(length: number) {
    super("CHANGED", `the first ${length} bytes on the server are not those of the file any more`);
  }
}

export class UploadCall implements Call {
  readonly #options: UploadCallOptions;
  #stream = 0;
  #attached = false;
  #over = false;

  constructor(options: UploadCallOptions) {
    this.#options = options;
  }

  opened(stream: number): void {
    this.#stream = stream;
    // Bytes follow the request at once, as far as the stream's first credit reaches.
    if (!this.#options.resume) this.#send({ length: 0, crc32: 0 });
  }

  response(result: Result | undefined): void {
    if (result?.case !== "put") throw unexpected();
    const { durableOffset, prefixCrc32, uploadId } = result.value;
    const { upload, resume, onAccepted } = this.#options;
    if (!resume) {
      if (durableOffset !== 0) throw unexpected();
      return onAccepted(0, uploadId);
    }
    if (upload.size === undefined || durableOffset > upload.size) throw unexpected();
    const theirs: Prefix = { length: durableOffset, crc32: prefixCrc32 };
    upload.prefix(durableOffset).then(
      (own) => {
        if (this.#over) return;
        if (own !== prefixCrc32) return this.#giveUp(new OtherPrefix(durableOffset));
        onAccepted(durableOffset, uploadId);
        this.#send(theirs);
      },
      (thrown: unknown) => this.#giveUp(LeatError.from(thrown)),
    );
  }

  receipt(receipt: Receipt): void {
    if (this.#over) return;
    this.#end();
    this.#options.resolve(receipt);
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#end();
    this.#options.reject(error);
  }

  #send(from: Prefix): void {
    this.#attached = true;
    const { upload, connection, onProgress } = this.#options;
    let sent = from.length;
    const outgoing = upload.start(from, {
      onTaken: (bytes) => {
        sent += bytes;
        onProgress?.(sent);
      },
      onReady: () => connection.offer(this.#stream),
      onError: (error) => this.#giveUp(error),
    });
    connection.attach(this.#stream, outgoing, from.length);
  }

  #giveUp(error: LeatError): void {
    this.#options.connection.fail(this.#stream, error);
    this.failed(error);
  }

  #end(): void {
    this.#over = true;
    if (!this.#attached) this.#options.upload.release();
  }
}

function unexpected(): LeatError {
  return new LeatError("PROTOCOL_ERROR", "the server answered put with something else");
}
