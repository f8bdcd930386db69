/**
 * The bytes of a download for a reader, block by block: each once its checksum matched. Holds one
 * unverified block and what the reader has not taken: the stream's window bounds it.
 */
import type { LeatError } from "../../errors.ts";
import { Pieces } from "../../transfer/pieces.ts";
import type { DownloadStream } from "./download-stream.ts";

/** Bytes, and the stream that they came on: it gets credit when the reader is done with them. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly stream: DownloadStream;
}

export class VerifiedBlocks implements AsyncIterable<Piece> {
  #unverified = new Pieces();
  /** The stream of the unverified bytes. */
  #stream: DownloadStream | undefined;
  readonly #ready: Piece[] = [];
  #ended = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  push({ bytes, stream }: Piece): void {
    this.#stream = stream;
    this.#unverified.push(bytes);
  }

  /** Forgets the unverified bytes: they come again. */
  rewind(): void {
    this.#unverified = new Pieces();
  }

  /** The checksum of everything pushed so far matched. */
  verified(): void {
    const stream = this.#stream!;
    let next = this.#unverified.shift();
    for (; next !== undefined; next = this.#unverified.shift()) {
      this.#ready.push({ bytes: next.bytes, stream });
    }
    this.#wake?.();
  }

  /** All bytes have come, and the whole matched. */
  end(): void {
    this.#ended = true;
    this.verified();
  }

  fail(error: LeatError): void {
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece> {
    while (true) {
      const piece = this.#ready.shift();
      if (piece !== undefined) yield piece;
      else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
