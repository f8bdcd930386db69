/**
 * Pieces of a file that become visible block by block, once the block's checksum matched. Holds one
 * block and what the reader has not taken: the stream's window bounds it.
 */
import type { LeatError } from "../../errors.ts";
import { Pieces } from "../../transfer/pieces.ts";
import type { Leg } from "./leg.ts";

/** Bytes, and the stream they came on: whoever has looked at them tells it. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly leg: Leg;
}

export class VerifiedBlocks implements AsyncIterable<Piece> {
  #unverified = new Pieces();
  /** On which the unverified ones came. */
  #leg: Leg | undefined;
  readonly #ready: Piece[] = [];
  #ended = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  push({ bytes, leg }: Piece): void {
    this.#leg = leg;
    this.#unverified.push(bytes);
  }

  /** What is not verified will come again. */
  rewind(): void {
    this.#unverified = new Pieces();
  }

  /** The checksum of everything pushed so far matched. */
  verified(): void {
    const leg = this.#leg!;
    let next = this.#unverified.shift();
    for (; next !== undefined; next = this.#unverified.shift()) {
      this.#ready.push({ bytes: next.bytes, leg });
    }
    this.#wake?.();
  }

  /** Nothing more comes, and the whole matched. */
  end(): void {
    this.verified();
    this.#ended = true;
    this.#wake?.();
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
