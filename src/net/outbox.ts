/**
 * The sending side of a connection. It queues nothing: when the transport takes bytes, the outbox
 * pulls them from its producer into one pooled buffer and writes that, in as many writes as it takes.
 * A region of a file may follow the buffer. A connection with nothing to send holds no buffer.
 */
import type { FileRegion, Filled } from "../file-region.ts";
import { DATA_PAYLOAD, LARGE_BUFFER, LARGE_PAYLOAD, SEND_ROOM } from "../limits.ts";
import type { BufferHolder, BufferPool } from "./buffer-pool.ts";
import { Pace } from "./pace.ts";
import type { RunQueue, Task } from "./run-queue.ts";
import type { Transport } from "./transport.ts";

/** Bytes of a send buffer that was given up. */
export interface Saved {
  /** Writes them to the start of `into`. @returns how many */
  restore(into: Uint8Array): number;
}

export interface Producer {
  /** Whether `fill` might have something. */
  readonly wantsToSend: boolean;
  /** Whether that begins with answers. */
  readonly hasAnswers: boolean;
  /** More than so many bytes had better not go into one write: the peer takes no longer messages. */
  readonly mostWanted: number;
  /** Puts what is to be sent next into into[0, end). The outbox disposes of the region. */
  fill(into: Uint8Array, end: number): Filled;
  /** Keeps buffer[start, end) of the last fill without the buffer; undefined where that is not possible. */
  save(buffer: Uint8Array, start: number, end: number): Saved | undefined;
  /** The peer takes nothing while buffers are short: end the connection. */
  cut(): void;
  /** Sending has thrown, a defect: end the connection. */
  failed(thrown: unknown): void;
  /** The transport says that the peer is gone: end the connection. */
  gone(): void;
  /** Everything that `fill` gave has been accepted by the transport. */
  flushed(): void;
}

/** Shared by all outboxes of a process. */
export interface OutboxShared {
  readonly queue: RunQueue;
  readonly pool: BufferPool;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export class Outbox implements Task, BufferHolder {
  readonly #transport: Transport;
  readonly #producer: Producer;
  readonly #shared: OutboxShared;
  /** Made when the transport first refuses bytes: until then there is nothing to measure. */
  #pace: Pace | undefined;
  #buffer: Uint8Array | undefined;
  #saved: Saved | undefined;
  /** Is sent behind the unsent bytes. */
  #region: FileRegion | undefined;
  /** Unsent bytes are buffer[start, end). */
  #start = 0;
  #end = 0;
  /** When the transport last refused bytes; undefined while it takes them. */
  #blockedSince: number | undefined;
  /** No buffer was free: it waits for one. */
  #waits = false;
  /** The producer is writing into the buffer. */
  #filling = false;
  #closed = false;

  constructor(transport: Transport, producer: Producer, shared: OutboxShared) {
    this.#transport = transport;
    this.#producer = producer;
    this.#shared = shared;
  }

  /** Milliseconds at which the peer stopped taking bytes; undefined while it takes them. */
  get blockedSince(): number | undefined {
    return this.#blockedSince;
  }

  /** There is nothing to send. */
  get idle(): boolean {
    if (this.#filling || this.#hasBytes || this.#region !== undefined) return false;
    return !this.#producer.wantsToSend;
  }

  /** Bytes of a buffer wait, in it or put aside. */
  get #hasBytes(): boolean {
    return this.#start < this.#end || this.#saved !== undefined;
  }

  get runnable(): boolean {
    return !this.#closed && !this.#waits && this.#blockedSince === undefined && !this.idle;
  }

  get urgent(): boolean {
    return !this.#hasBytes && this.#region === undefined && this.#producer.hasAnswers;
  }

  /** The producer has something to send. */
  wake(): void {
    if (this.runnable) this.#shared.queue.add(this);
  }

  /** Asks for a buffer once more where none was free: other peers may be silent by now. */
  retry(): void {
    this.#waits = false;
    this.wake();
  }

  /** The transport may take bytes again. */
  drained(): void {
    if (this.#blockedSince !== undefined) {
      this.#blockedSince = undefined;
      this.#pace ??= new Pace(this.#firstPayload);
      this.#pace.drained(this.#shared.clock());
      if (!this.#isFast) this.#transport.takesFast?.(false);
      this.#shared.pool.unpark(this);
    }
    this.wake();
  }

  /** Throws nothing: other outboxes wait in the same queue. */
  run(): number {
    try {
      return this.#run();
    } catch (thrown) {
      this.close();
      this.#producer.failed(thrown);
      return 0;
    }
  }

  #run(): number {
    if (!this.runnable) {
      this.#shared.pool.passOn(); // the pool may have offered it a buffer
      return 0;
    }
    if (!this.#hasBytes && this.#region !== undefined) return this.#sendRegion();
    if (this.#start === this.#end && !this.#refill()) return 0;
    const written = this.#write();
    if (this.#region === undefined || this.#hasBytes) return written;
    return written + this.#sendRegion();
  }

  /** The transport is gone. */
  close(): void {
    this.#closed = true;
    this.#saved = undefined;
    this.#start = this.#end = 0;
    this.#endRegion();
    this.#shared.queue.remove(this);
    this.#shared.pool.forget(this);
    this.#release();
  }

  evict(): boolean {
    const buffer = this.#buffer;
    // What is saved must fit any buffer.
    if (buffer === undefined || this.#end - this.#start > this.#shared.pool.size) return false;
    const saved = this.#producer.save(buffer, this.#start, this.#end);
    if (saved === undefined) return false;
    this.#saved = saved;
    this.#start = this.#end = 0;
    this.#release();
    return true;
  }

  cut(): void {
    this.#producer.cut();
  }

  bufferFree(): boolean {
    this.retry();
    return this.runnable;
  }

  #refill(): boolean {
    const buffer = this.#buffer ?? this.#acquire();
    if (buffer === undefined) return false;
    this.#start = this.#end = 0;
    if (this.#saved === undefined) {
      this.#fill(buffer);
    } else {
      this.#end = this.#saved.restore(buffer);
      this.#saved = undefined;
    }
    if (this.#end > this.#start) return true;
    if (!this.#closed) this.#flushed();
    return false;
  }

  /** Payload bytes that one write should hold at most. */
  get #payload(): number {
    const most = this.#shared.pool.isCrowded ? DATA_PAYLOAD : LARGE_PAYLOAD;
    return Math.min(this.#paced, this.#producer.mostWanted, most);
  }

  /** The same, of the network alone. */
  get #paced(): number {
    return this.#pace?.payload ?? this.#firstPayload;
  }

  get #isFast(): boolean {
    return this.#paced >= LARGE_PAYLOAD;
  }

  /** How fast a network is shows only when its socket was full. */
  get #firstPayload(): number {
    return this.#transport.isLocal === true ? LARGE_PAYLOAD : DATA_PAYLOAD;
  }

  /** @returns undefined when none is free: `bufferFree` or `retry` follows */
  #acquire(): Uint8Array | undefined {
    const { pool, clock } = this.#shared;
    this.#waits = true; // `bufferFree` may be called inside of `acquire`
    this.#buffer = pool.acquire(this, clock(), this.#payload > pool.size);
    if (this.#buffer === undefined) return undefined;
    this.#waits = false;
    if (!isLarge(this.#buffer)) this.#transport.takesFast?.(this.#isFast);
    return this.#buffer;
  }

  /** Leaves nothing to send when the connection is closed meanwhile. */
  #fill(into: Uint8Array): void {
    const producer = this.#producer;
    // One download alone is faster where little waits in the kernel: its bytes are in the cache still.
    if (isLarge(into))
      this.#transport.takesFast?.(this.#isFast && this.#shared.pool.takenLarge > 1);
    const most = Math.min(into.length, this.#payload + SEND_ROOM);
    this.#filling = true;
    try {
      const { end, region } = producer.fill(into, most);
      this.#region = region;
      if (this.#closed) return this.#endRegion();
      this.#end = end;
    } finally {
      this.#filling = false;
    }
  }

  #write(): number {
    const { pool, clock } = this.#shared;
    const length = this.#end - this.#start;
    const written = this.#transport.write(this.#buffer!, this.#start, length);
    if (written < 0) return this.#gone();
    this.#start += written;
    this.#pace?.sent(written);
    if (this.#start < this.#end) {
      this.#blockedSince = clock();
      pool.park(this, this.#blockedSince);
      return written;
    }
    if (this.#region !== undefined) this.#release();
    else if (!this.#producer.wantsToSend) this.#flushed();
    return written;
  }

  /** Sends what the transport takes of the region. */
  #sendRegion(): number {
    const region = this.#region!;
    const sent = region.send(this.#transport);
    if (sent < 0) return this.#gone();
    this.#pace?.sent(sent);
    if (region.left > 0) {
      if (region.blocked) this.#blockedSince = this.#shared.clock();
      return sent;
    }
    this.#endRegion();
    if (!this.#producer.wantsToSend) this.#flushed();
    return sent;
  }

  /** The write is the only sign of it: on a socket that is not read, no end is reported. */
  #gone(): number {
    this.close();
    this.#producer.gone();
    return 0;
  }

  #endRegion(): void {
    const region = this.#region;
    this.#region = undefined;
    region?.[Symbol.dispose]();
  }

  /** Nothing is left to send. */
  #flushed(): void {
    this.#release();
    this.#pace?.idle();
    this.#producer.flushed();
  }

  #release(): void {
    if (this.#buffer === undefined) return;
    const buffer = this.#buffer;
    this.#buffer = undefined;
    this.#shared.pool.release(this, buffer);
  }
}

const isLarge = (buffer: Uint8Array): boolean => buffer.length === LARGE_BUFFER;
