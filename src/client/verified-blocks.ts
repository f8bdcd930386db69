/**
 * Pieces of a file that become visible block by block, once the block's checksum matched. Holds one
 * block and what the reader has not taken: the stream's window bounds it.
 */
import type { LeatError } from "../errors.ts";

export class VerifiedBlocks implements AsyncIterable<Uint8Array> {
  #unverified: Uint8Array[] = [];
  readonly #ready: Uint8Array[] = [];
  #ended = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  push(bytes: Uint8Array): void {
    this.#unverified.push(bytes);
  }

  /** The checksum of everything pushed so far matched. */
  verified(): void {
    this.#ready.push(...this.#unverified);
    this.#unverified = [];
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

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (true) {
      const bytes = this.#ready.shift();
      if (bytes !== undefined) yield bytes;
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
