/** Sends bytes that are in memory already: small files, and bytes of a caller. */
import type { FinishInit, Outgoing } from "../session/outgoing.ts";
import { Digest } from "./digest.ts";

export interface OutgoingBytesOptions {
  /** May not be written to until the stream is over. */
  readonly bytes: Uint8Array;
  readonly sha256: boolean;
  /** Called as bytes leave, with how many. */
  readonly onTaken?: (bytes: number) => void;
}

export class OutgoingBytes implements Outgoing {
  readonly #options: OutgoingBytesOptions;
  readonly #digest: Digest;
  #position = 0;
  released = false;
  finished: FinishInit | undefined;

  constructor(options: OutgoingBytesOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256);
  }

  get available(): number {
    return this.#options.bytes.length - this.#position;
  }

  get done(): boolean {
    return this.available === 0;
  }

  ends(length: number): boolean {
    return length === this.available;
  }

  take(into: Uint8Array, at: number, length: number): void {
    const start = this.#position;
    const bytes = this.#options.bytes.subarray(start, start + length);
    into.set(bytes, at);
    this.#digest.update(bytes);
    this.#position += length;
    this.#options.onTaken?.(length);
  }

  endBlock(): number {
    return this.#digest.endBlock();
  }

  finish(): FinishInit {
    return (this.finished = this.#digest.finish());
  }

  retake(into: Uint8Array, at: number, length: number, position: number): void {
    into.set(this.#options.bytes.subarray(position, position + length), at);
  }

  release(): void {
    this.released = true;
  }
}
