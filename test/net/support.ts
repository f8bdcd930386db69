/** What the tests of the way out share: a line that takes what it is told to, and something to say. */
import { BufferPool } from "../../src/net/buffer-pool.ts";
import { Outbox, type Producer, type Saved } from "../../src/net/outbox.ts";
import type { FileRegion, Filled } from "../../src/file-region.ts";
import { RunQueue } from "../../src/net/run-queue.ts";
import type { Transport } from "../../src/net/transport.ts";
import { join } from "../support/chop.ts";

/** Resolves behind everything of this loop turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

/** A transport that takes as many bytes as it has room for, and keeps them. */
export class Line implements Transport {
  readonly peer = "line";
  readonly isLocal = true;
  room: number;
  gone = false;
  readonly #taken: Uint8Array[] = [];

  constructor(room: number) {
    this.room = room;
  }

  get taken(): Uint8Array {
    return join(this.#taken);
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (length === 0) throw new Error("an empty write says nothing");
    if (this.gone) return -1;
    const count = Math.min(length, this.room);
    this.room -= count;
    this.#taken.push(bytes.slice(offset, offset + count));
    return count;
  }

  free(): void {}
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  close(): void {
    this.gone = true;
  }
}

/** Byte `at` of what the speaker with this number says. */
export const byteOf = (speaker: number, at: number): number => (at * 31 + speaker * 7) & 255;

export function bytesOf(speaker: number, from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => byteOf(speaker, from + i));
}

/** Says so many bytes, no more than `most` in one fill, and can say them again if it is `again`. */
export class Speaker implements Producer {
  readonly outbox: Outbox;
  readonly line: Line;
  left: number;
  said = 0;
  fills = 0;
  flushes = 0;
  saves = 0;
  cuts = 0;
  losses = 0;
  readonly failures: unknown[] = [];
  readonly again: boolean;
  readonly #number: number;
  /** Position of the first byte of the last fill in the whole. */
  #base = 0;
  most = Number.POSITIVE_INFINITY;
  mostWanted = Number.POSITIVE_INFINITY;

  constructor(
    stage: Stage,
    options: { length: number; room?: number; again?: boolean; number?: number },
  ) {
    this.left = options.length;
    this.again = options.again ?? true;
    this.#number = options.number ?? 0;
    this.line = new Line(options.room ?? Number.POSITIVE_INFINITY);
    this.outbox = new Outbox(this.line, this, stage);
  }

  /** What it says are answers. */
  hasAnswers = false;

  get wantsToSend(): boolean {
    return this.left > 0;
  }

  get expected(): Uint8Array {
    return bytesOf(this.#number, 0, this.said);
  }

  /** Follows the next bytes. */
  region: FileRegion | undefined;

  fill(into: Uint8Array, end: number): Filled {
    this.fills++;
    const count = Math.min(this.left, end, this.most);
    this.#base = this.said;
    into.set(bytesOf(this.#number, this.said, this.said + count));
    this.said += count;
    this.left -= count;
    return { end: count, region: this.region };
  }

  failed(thrown: unknown): void {
    this.failures.push(thrown);
  }

  save(_buffer: Uint8Array, start: number, end: number): Saved | undefined {
    this.saves++;
    if (!this.again) return undefined;
    const [from, to] = [this.#base + start, this.#base + end];
    return {
      restore: (into) => {
        into.set(bytesOf(this.#number, from, to));
        this.#base = from;
        return to - from;
      },
    };
  }

  cut(): void {
    this.cuts++;
    this.line.close();
    this.outbox.close();
  }

  gone(): void {
    this.losses++;
  }

  flushed(): void {
    this.flushes++;
  }

  /** The peer reads: there is room for so many bytes more. */
  drain(room: number): void {
    this.line.room += room;
    this.outbox.drained();
  }
}

/** What outboxes of a process share, with a clock that a test moves. */
export class Stage {
  readonly queue: RunQueue;
  readonly pool: BufferPool;
  now = 1;
  /** How often somebody looked at the clock: a loop that spins is found out by it. */
  looks = 0;
  readonly clock = (): number => {
    this.looks++;
    if (this.looks > 200_000) throw new Error("somebody spins");
    return this.now;
  };

  constructor(options: { buffers?: number; size?: number; budget?: number } = {}) {
    this.queue = new RunQueue(options.budget);
    this.pool = new BufferPool(options.size ?? 20_000, options.buffers);
  }
}
