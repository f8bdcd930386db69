/**
 * Sends bytes that come in chunks, later: standard input, a web stream, an object store. One chunk is
 * held while the next one is awaited, so that the last one is known as the last.
 */
import { LeatError } from "../errors.ts";
import type { FinishInit, Outgoing } from "../session/outgoing.ts";
import { Digest } from "./digest.ts";

export interface OutgoingChunksOptions {
  /** A chunk may not be written to after it was yielded: it is held until the next one comes. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly sha256: boolean;
  /** There is something to take, or all was taken. */
  readonly onReady: () => void;
  readonly onTaken?: (bytes: number) => void;
  /** The source failed: nothing more will come. */
  readonly onError: (error: LeatError) => void;
}

export class OutgoingChunks implements Outgoing {
  readonly #options: OutgoingChunksOptions;
  readonly #digest: Digest;
  #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  #chunk: Uint8Array = EMPTY;
  #offset = 0;
  #next: Uint8Array | undefined;
  #ended = false;
  #failed = false;
  released = false;
  finished: FinishInit | undefined;
  /** Wakes the fetching loop when the current chunk is used up. */
  #used: (() => void) | undefined;

  constructor(options: OutgoingChunksOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256);
    void this.#fetch();
  }

  get available(): number {
    return this.#failed || (this.#next === undefined && !this.#ended)
      ? 0
      : this.#chunk.length - this.#offset;
  }

  get done(): boolean {
    return this.#ended && this.#next === undefined && this.#offset === this.#chunk.length;
  }

  ends(length: number): boolean {
    return this.#ended && this.#next === undefined && length === this.available;
  }

  take(into: Uint8Array, at: number, length: number): void {
    const bytes = this.#chunk.subarray(this.#offset, this.#offset + length);
    into.set(bytes, at);
    this.#digest.update(bytes);
    this.#offset += length;
    this.#options.onTaken?.(length);
    if (this.#offset === this.#chunk.length) this.#advance();
  }

  endBlock(): number {
    return this.#digest.endBlock();
  }

  finish(): FinishInit {
    return (this.finished = this.#digest.finish());
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.#used?.();
    if (!this.#ended && !this.#failed) void this.#giveUp();
  }

  #advance(): void {
    if (this.#next === undefined) return;
    this.#chunk = this.#next;
    this.#offset = 0;
    this.#next = undefined;
    this.#used?.();
  }

  async #fetch(): Promise<void> {
    try {
      const iterator = (this.#iterator = iterate(this.#options.chunks));
      while (true) {
        const { done, value } = await iterator.next();
        if (this.released) return;
        if (done === true) break;
        if (!(value instanceof Uint8Array)) {
          void this.#giveUp(); // the source itself would go on
          throw notBytes(value);
        }
        if (value.length > 0) await this.#hold(value);
        if (this.released) return;
      }
      this.#ended = true;
      this.#options.onReady();
    } catch (thrown) {
      // Not ended: the bytes before are not the whole.
      this.#failed = true;
      if (!this.released) {
        this.#options.onError(LeatError.from(thrown, "reading what to send failed"));
      }
    }
  }

  async #giveUp(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // No caller waits for it any more.
    }
  }

  /** Keeps a chunk as the next one; waits until there is room for one more. */
  async #hold(chunk: Uint8Array): Promise<void> {
    this.#next = chunk;
    if (this.#offset === this.#chunk.length) this.#advance();
    else this.#options.onReady();
    if (this.#next === undefined || this.released) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#used = resolve;
    await promise;
    this.#used = undefined;
  }
}

type Chunks = OutgoingChunksOptions["chunks"];

function iterate(chunks: Chunks): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  return Symbol.asyncIterator in chunks
    ? chunks[Symbol.asyncIterator]()
    : chunks[Symbol.iterator]();
}

const EMPTY: Uint8Array = new Uint8Array(0);

function notBytes(value: unknown): LeatError {
  return new LeatError("INVALID_ARGUMENT", `what to send yields ${typeof value}, not Uint8Array`);
}
