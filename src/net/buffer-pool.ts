/**
 * Send buffers of one process. Bounded: when all are taken, the one that has been stuck with a
 * silent peer for longest is taken away from it and its bytes are read again later. Where they
 * can't be, a peer that has been silent for SILENCE is cut off. Else the next one waits for a
 * buffer to come back.
 */
import { SEND_BUFFER, SEND_BUFFERS, SILENCE } from "../limits.ts";

export interface BufferHolder {
  /** Gives the buffer up and remembers how to make its bytes again. @returns whether it could */
  evict(): boolean;
  /** Ends the connection: it holds a buffer that others need, and its peer takes nothing. */
  cut(): void;
  /** A buffer may be had now. @returns whether it will be asked for */
  bufferFree(): boolean;
}

export class BufferPool {
  readonly #size: number;
  readonly #most: number;
  readonly #free: Uint8Array[] = [];
  /** Holders whose peer takes nothing at the moment, longest first. */
  readonly #parked = new Map<BufferHolder, number>();
  readonly #waiting = new Set<BufferHolder>();
  #taken = 0;

  /** @param size of each buffer, in bytes @param most buffers at once */
  constructor(size = SEND_BUFFER, most = SEND_BUFFERS) {
    this.#size = size;
    this.#most = most;
  }

  /** Buffers in use. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * A buffer, or undefined: then `holder.bufferFree` is called when one is there.
   * @param now milliseconds
   */
  acquire(holder: BufferHolder, now: number): Uint8Array | undefined {
    if (this.#taken >= this.#most && !this.#evictOne()) {
      this.#waiting.add(holder);
      this.#cutSilent(now);
      return undefined;
    }
    this.#waiting.delete(holder);
    this.#taken += 1;
    return this.#free.pop() ?? new Uint8Array(this.#size);
  }

  /** The holder's peer takes nothing: its buffer may be taken away. */
  park(holder: BufferHolder, now: number): void {
    this.#parked.set(holder, now);
  }

  unpark(holder: BufferHolder): void {
    this.#parked.delete(holder);
  }

  release(holder: BufferHolder, buffer: Uint8Array): void {
    this.#parked.delete(holder);
    this.#taken -= 1;
    if (this.#free.length < KEPT) this.#free.push(buffer);
    this.passOn();
  }

  /**
   * Calls the next one that waits, if there is a buffer for it. A holder that was called and does
   * not come for it says so by this: else those behind it would wait although there is one.
   */
  passOn(): void {
    if (this.#taken >= this.#most) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      if (next.bufferFree()) return;
    }
  }

  /** The holder is gone: it waits for nothing any more. */
  forget(holder: BufferHolder): void {
    this.#waiting.delete(holder);
    this.#parked.delete(holder);
    this.passOn(); // it may have been called, and will not come
  }

  #evictOne(): boolean {
    for (const holder of this.#parked.keys()) {
      if (!holder.evict()) continue;
      this.#parked.delete(holder);
      return true;
    }
    return false;
  }

  /** Cuts off the one that has been silent for longest, if that is long: one buffer is needed. */
  #cutSilent(now: number): void {
    for (const [holder, since] of this.#parked) {
      if (now - since >= SILENCE) holder.cut();
      return;
    }
  }
}

/** Free buffers kept for the next one; the rest goes back to the system. */
const KEPT = 16;
