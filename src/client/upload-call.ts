/** One upload on its stream. */
import type { Connection } from "../connection/connection.ts";
import { LeatError } from "../errors.ts";
import type { Result } from "../session/event.ts";
import type { Receipt } from "../wire/gen/messages.ts";
import type { Call } from "./call.ts";
import type { Upload } from "./upload.ts";

export interface UploadCallOptions {
  readonly upload: Upload;
  readonly connection: Connection;
  readonly onProgress: ((bytes: number) => void) | undefined;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: LeatError) => void;
}

export class UploadCall implements Call {
  readonly #options: UploadCallOptions;
  #attached = false;
  #over = false;
  #sent = 0;

  constructor(options: UploadCallOptions) {
    this.#options = options;
  }

  /** Bytes follow the request at once, as far as the stream's first credit reaches. */
  opened(stream: number): void {
    this.#attached = true;
    const { upload, connection, onProgress } = this.#options;
    const outgoing = upload.start({
      onTaken: (bytes) => {
        this.#sent += bytes;
        onProgress?.(this.#sent);
      },
      onReady: () => connection.offer(stream),
      onError: (error) => {
        connection.fail(stream, error);
        this.failed(error);
      },
    });
    connection.attach(stream, outgoing, 0);
  }

  response(result: Result | undefined): void {
    if (result?.case !== "put" || result.value.durableOffset !== 0) {
      throw new LeatError("PROTOCOL_ERROR", "the server answered put with something else");
    }
  }

  receipt(receipt: Receipt): void {
    this.#over = true;
    if (!this.#attached) this.#options.upload.release();
    this.#options.resolve(receipt);
  }

  failed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#attached) this.#options.upload.release();
    this.#options.reject(error);
  }
}
