/**
 * The send buffers of one process, a bounded number. When all are in use, the holder whose peer has
 * been silent for longest gives its buffer up; its bytes are read once more later. Where that is not
 * possible, a peer that has been silent for SILENCE is cut off. Else the next holder waits for a
 * buffer to come back.
 */
import { LARGE_BUFFER, LARGE_SHARE, SEND_BUFFER, SEND_BUFFERS, SILENCE } from "../limits.ts";

export interface BufferHolder {
  /** Gives the buffer up and keeps what it takes to restore its bytes. @returns whether it could */
  evict(): boolean;
  /** Ends the connection: it holds a buffer that others need, and its peer takes nothing. */
  cut(): void;
  /** A buffer is free. @returns whether the holder will ask for it */
  bufferFree(): boolean;
}

export class BufferPool {
  /** Of each buffer but the large ones, in bytes. */
  readonly size: number;
  readonly #most: number;
  readonly #mostLarge: number;
  readonly #free: Uint8Array[] = [];
  readonly #freeLarge: Uint8Array[] = [];
  /** Holders whose peer takes nothing at the moment, longest first. */
  readonly #parked = new Map<BufferHolder, number>();
  readonly #waiting = new Set<BufferHolder>();
  #taken = 0;
  #takenLarge = 0;

  /**
   * @param size of each buffer, in bytes; a few are of LARGE_BUFFER
   * @param most buffers at once
   */
  constructor(size = SEND_BUFFER, most = SEND_BUFFERS) {
    this.size = size;
    this.#most = most;
    this.#mostLarge = Math.floor(most / LARGE_SHARE);
  }

  /** Buffers in use. */
  get taken(): number {
    return this.#taken;
  }

  /** More peers are sent to than large buffers are for: what is sent to one had better be short, for the others. */
  get isCrowded(): boolean {
    return this.#taken > this.#mostLarge;
  }

  /** Large buffers in use. */
  get takenLarge(): number {
    return this.#takenLarge;
  }

  /**
   * @returns undefined when none is free: `holder.bufferFree` is called when one is
   * @param now milliseconds
   * @param large it may be a large one
   */
  acquire(holder: BufferHolder, now: number, large = false): Uint8Array | undefined {
    if (this.#taken >= this.#most && !this.#evictOne()) {
      this.#waiting.add(holder);
      this.#cutSilent(now);
      return undefined;
    }
    this.#waiting.delete(holder);
    this.#taken += 1;
    if (!large || this.#takenLarge >= this.#mostLarge) return this.#free.pop() ?? create(this.size);
    this.#takenLarge += 1;
    return this.#freeLarge.pop() ?? create(LARGE_BUFFER);
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
    const isLarge = buffer.length === LARGE_BUFFER;
    if (isLarge) this.#takenLarge -= 1;
    const free = isLarge ? this.#freeLarge : this.#free;
    if (free.length < (isLarge ? KEPT_LARGE : KEPT)) free.push(buffer);
    this.passOn();
  }

  /**
   * Offers a free buffer to the next holder that waits. A holder that was offered one and does not
   * need it calls this, so that those behind it do not wait in vain.
   */
  passOn(): void {
    if (this.#taken >= this.#most) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      if (next.bufferFree()) return;
    }
  }

  /** The holder is gone. */
  forget(holder: BufferHolder): void {
    this.#waiting.delete(holder);
    this.#parked.delete(holder);
    this.passOn(); // it may have been offered a buffer
  }

  #evictOne(): boolean {
    for (const holder of this.#parked.keys()) {
      if (!holder.evict()) continue;
      this.#parked.delete(holder);
      return true;
    }
    return false;
  }

  /** Cuts off the peer that has been silent for longest, if for SILENCE: one buffer is needed. */
  #cutSilent(now: number): void {
    for (const [holder, since] of this.#parked) {
      if (now - since >= SILENCE) holder.cut();
      return;
    }
  }
}

/**
 * Bytes left out at the start of a buffer's memory, which is the start of a page. Behind a head of some 20 bytes
 * the kernel would copy a file at half the speed or less: decision 32.
 */
const LEAD = 64;

const create = (size: number): Uint8Array => new Uint8Array(LEAD + size).subarray(LEAD);

/** Free buffers that are kept; more go back to the system. */
const KEPT = 16;
const KEPT_LARGE = 4;
