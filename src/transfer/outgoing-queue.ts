/** Sends bytes that are queued as they are made: messages, and what belongs to them. Each frame has a CRC of its own. */
import { TREE_FRAME } from "../limits.ts";
import { nextTurn } from "../next-turn.ts";
import type { FinishInit, Outgoing } from "../session/outgoing.ts";
import { Digest } from "./digest.ts";

export interface OutgoingQueueOptions {
  /** There is something to take after there was nothing, or all was taken. */
  readonly onReady: () => void;
  /** Called as bytes leave, with how many. */
  readonly onTaken: (bytes: number) => void;
}

export class OutgoingQueue implements Outgoing {
  readonly #options: OutgoingQueueOptions;
  readonly #digest = new Digest(false);
  #pieces: Uint8Array[] = [];
  /** The next piece, and the next byte in it. */
  #next = 0;
  #at = 0;
  /** Bytes that wait. */
  #waiting = 0;
  /** It was told that bytes wait. */
  #isReady = false;
  #isScheduled = false;
  #isEnded = false;
  released = false;
  finished: FinishInit | undefined;

  constructor(options: OutgoingQueueOptions) {
    this.#options = options;
  }

  /** Bytes that were queued so far. */
  get queued(): number {
    return this.taken + this.#waiting;
  }

  /** Bytes that have left. */
  get taken(): number {
    return this.#digest.bytes;
  }

  /** Bytes that wait to be taken: its caller bounds them. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Queues bytes, which belong to the queue from now on. */
  push(bytes: Uint8Array): void {
    if (this.released || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#waiting += bytes.length;
    if (this.#waiting >= WORTH_A_FRAME) this.#ready();
    else if (!this.#isScheduled) this.#schedule();
  }

  /** Few bytes wait for others that come in this turn of the event loop: a frame for each item takes longer than the items. */
  #schedule(): void {
    this.#isScheduled = true;
    nextTurn(() => {
      this.#isScheduled = false;
      if (this.#waiting > 0) this.#ready();
    });
  }

  #ready(): void {
    if (this.#isReady || this.released) return;
    this.#isReady = true;
    this.#options.onReady();
  }

  /** Nothing more comes: Finish follows what waits. */
  end(): void {
    if (this.#isEnded || this.released) return;
    this.#isEnded = true;
    if (this.#waiting === 0) this.#options.onReady();
  }

  get available(): number {
    return Math.min(this.#waiting, TREE_FRAME);
  }

  get done(): boolean {
    return this.#isEnded && this.#waiting === 0;
  }

  ends(): boolean {
    return true;
  }

  take(into: Uint8Array, at: number, length: number): void {
    const end = at + length;
    for (let position = at; position < end;) {
      const piece = this.#pieces[this.#next]!;
      const part = Math.min(piece.length - this.#at, end - position);
      into.set(part === piece.length ? piece : piece.subarray(this.#at, this.#at + part), position);
      position += part;
      this.#at += part;
      if (this.#at === piece.length) this.#shift();
    }
    this.#waiting -= length;
    if (this.#waiting === 0) this.#isReady = false;
    this.#digest.update(into.subarray(at, end));
    this.#options.onTaken(length);
  }

  endBlock(): number {
    return this.#digest.endBlock();
  }

  finish(): FinishInit {
    return (this.finished = this.#digest.finish());
  }

  release(): void {
    this.released = true;
    this.#pieces = [];
    this.#waiting = 0;
  }

  #shift(): void {
    this.#next += 1;
    this.#at = 0;
    if (this.#next < this.#pieces.length && this.#next < MANY) return;
    this.#pieces = this.#pieces.slice(this.#next);
    this.#next = 0;
  }
}

/** Bytes that do not wait for others. */
const WORTH_A_FRAME = TREE_FRAME / 4;

/** Pieces that were taken are forgotten together: an array is shortened once for so many. */
const MANY = 256;
