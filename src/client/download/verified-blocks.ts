/**
 * The bytes of a download for a reader, block by block: each once its checksum matched. Holds one
 * unverified block and what the reader has not taken: the stream's window bounds it.
 */
import type { LeatError } from "../../errors.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import { pause } from "../../next-turn.ts";
import { Pieces } from "../../transfer/pieces.ts";
import type { DownloadStream } from "./download-stream.ts";

/** Bytes, and the stream that they came on: it gets credit when the reader is done with them. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** undefined for zeros, which took no credit. */
  readonly stream: DownloadStream | undefined;
}

/** A piece that the reader has not taken: bytes, or so many zeros. */
type Ready = (Piece & { readonly zeros?: undefined }) | { zeros: number };

export class VerifiedBlocks implements AsyncIterable<Piece> {
  #unverified = new Pieces();
  /** The stream of the unverified bytes. */
  #stream: DownloadStream | undefined;
  readonly #ready: Ready[] = [];
  #ended = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  push({ bytes, stream }: Piece): void {
    this.#stream = stream;
    this.#unverified.push(bytes);
  }

  /** Zeros, which are verified. They are made as the reader takes them. */
  pushHole(zeros: number): void {
    const last = this.#ready.at(-1);
    if (last?.zeros === undefined) this.#ready.push({ zeros });
    else last.zeros += zeros;
    this.#wake?.();
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

  /** The next of so many zeros. The event loop runs in between: there may be more than are ever read. */
  async #zeros(hole: { zeros: number }): Promise<Piece> {
    await pause();
    const bytes = new Uint8Array(Math.min(hole.zeros, BLOCK_SIZE));
    hole.zeros -= bytes.length;
    if (hole.zeros === 0) this.#ready.shift();
    return { bytes, stream: undefined };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece> {
    while (true) {
      const piece = this.#ready[0];
      if (piece?.zeros !== undefined) yield await this.#zeros(piece);
      else if (piece !== undefined) {
        this.#ready.shift();
        yield piece;
      } else if (this.#error !== undefined) throw this.#error;
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
