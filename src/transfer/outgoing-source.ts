/** A range of an open file on its way out: read straight into the send buffer, when it has room. */
import { LeatError } from "../errors.ts";
import type { FinishInit, Outgoing } from "../session/outgoing.ts";
import type { Prefix, Source } from "../store/store.ts";
import { Digest } from "./digest.ts";

export interface OutgoingSourceOptions {
  /** Released with the stream. Answers `read` at once. */
  readonly source: Source;
  /** First byte to send. */
  readonly offset: number;
  /** Bytes to send; the file has them. */
  readonly length: number;
  readonly sha256: boolean;
  /** What is before the offset, where Finish is to cover it as well. */
  readonly prefix?: Prefix | undefined;
  /** For messages. */
  readonly path: string;
  /** Called as bytes leave, with how many. */
  readonly onTaken?: (bytes: number) => void;
}

export class OutgoingSource implements Outgoing {
  readonly #options: OutgoingSourceOptions;
  readonly #digest: Digest;
  #position: number;
  #left: number;
  #released = false;

  constructor(options: OutgoingSourceOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256, options.prefix);
    this.#position = options.offset;
    this.#left = options.length;
  }

  get available(): number {
    return this.#left;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  ends(length: number): boolean {
    return length === this.#left;
  }

  take(into: Uint8Array, at: number, length: number): void {
    const bytes = into.subarray(at, at + length);
    const read = this.#read(bytes, this.#position);
    if (read < length) throw this.#changed(`it has ${this.#position + read} bytes left`);
    this.#digest.update(bytes);
    this.#position += length;
    this.#left -= length;
    this.#options.onTaken?.(length);
  }

  endBlock(): number {
    return this.#digest.endBlock();
  }

  finish(): FinishInit {
    const { source } = this.#options;
    const version = source.currentVersion();
    if (version !== source.entry.version) throw this.#changed("its contents were replaced");
    const { sha256 } = this.#digest;
    return {
      size: this.#digest.bytes,
      crc32: this.#digest.crc32,
      ...(sha256 === undefined ? {} : { sha256 }),
    };
  }

  again(into: Uint8Array, at: number, length: number, position: number): void {
    const bytes = into.subarray(at, at + length);
    // Zeros for what is gone meanwhile: the frame's length was promised. CRC and version tell.
    bytes.fill(0, this.#released ? 0 : this.#readAgain(bytes, position));
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#options.source[Symbol.dispose]();
  }

  #read(into: Uint8Array, position: number): number {
    const read = this.#options.source.read(into, position);
    if (typeof read === "number") return read;
    throw new LeatError("INTERNAL", "a source that answers later needs OutgoingChunks");
  }

  /** @returns bytes read; 0 where the file can't be read any more */
  #readAgain(into: Uint8Array, position: number): number {
    try {
      return this.#read(into, position);
    } catch {
      return 0;
    }
  }

  #changed(how: string): LeatError {
    return new LeatError("CHANGED", `${this.#options.path} changed while it was sent: ${how}`);
  }
}
