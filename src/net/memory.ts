/**
 * Two joined transports in memory, with the habits of real ones: a write takes what the pipe has
 * room for, chunks arrive cut anywhere and later, a full pipe drains, FIN comes behind the bytes.
 */
import type { Accept, Transport, TransportHandler } from "./transport.ts";

/** How a pipe in memory behaves. */
export interface PipeOptions {
  /** Bytes that may be on their way in one direction. */
  readonly capacity?: number;
  /** Size of the next chunk to deliver, 1 or more. */
  readonly chunk?: () => number;
  /** Runs a step later: `setImmediate` unless given. A test may hold steps back or reorder turns. */
  readonly later?: (step: () => void) => void;
}

/** Joins two peers. @returns their transports, opened: handlers are in place */
export function memoryPair(
  first: Accept,
  second: Accept,
  options: PipeOptions = {},
): readonly [MemoryTransport, MemoryTransport] {
  const a = new MemoryTransport(options);
  const b = new MemoryTransport(options);
  a.join(b, first(a));
  b.join(a, second(b));
  return [a, b];
}

export class MemoryTransport implements Transport {
  readonly peer = "memory";
  readonly isPrivate = true;
  readonly #capacity: number;
  readonly #chunk: () => number;
  readonly #later: (step: () => void) => void;
  #other!: MemoryTransport;
  #handler: TransportHandler | undefined;
  /** Bytes that wait to be delivered to the handler. */
  #input: Uint8Array[] = [];
  #inputBytes = 0;
  #paused = false;
  #scheduled = false;
  #closed = false;
  #finSent = false;
  #finArrived = false;
  #finSeen = false;
  /** A write was refused: `onDrain` is owed. */
  #refused = false;

  constructor(options: PipeOptions) {
    this.#capacity = options.capacity ?? 256 * 1024;
    this.#chunk = options.chunk ?? (() => 64 * 1024);
    this.#later = options.later ?? ((step) => void setImmediate(step));
  }

  join(other: MemoryTransport, handler: TransportHandler): void {
    this.#other = other;
    this.#handler = handler;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.#closed || this.#finSent) return -1;
    if (this.#other.#closed) {
      this.#later(() => this.#end(RESET));
      return -1;
    }
    const count = Math.min(length, this.#capacity - this.#other.#inputBytes);
    if (count < length) this.#refused = true;
    if (count > 0) this.#other.#arrive(bytes.slice(offset, offset + count));
    return count;
  }

  free(chunk: Uint8Array): void {
    chunk.fill(0xdd); // code that reads it after all gets nonsense
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  shutdown(): void {
    if (this.#finSent || this.#closed) return;
    this.#finSent = true;
    this.#other.#finArrived = true;
    this.#other.#schedule();
  }

  close(): void {
    if (this.#closed) return;
    // After FIN the other side still reads what is on its way; unread input is a reset.
    const reset = !this.#finSent || this.#inputBytes > 0;
    this.#end(undefined);
    if (reset) this.#later(() => this.#other.#end(RESET));
  }

  /** Cuts the connection as a broken network does: both sides see a reset. */
  cut(): void {
    this.#end(RESET);
    this.#other.#end(RESET);
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input = [];
    this.#inputBytes = 0;
    this.#handler?.onClose(error); // none while it is being accepted
  }

  #arrive(chunk: Uint8Array): void {
    this.#input.push(chunk);
    this.#inputBytes += chunk.length;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#closed) return;
    if (this.#input.length === 0 && (!this.#finArrived || this.#finSeen)) return;
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#paused || this.#closed) return;
    const head = this.#input[0];
    if (head !== undefined) {
      const count = Math.max(1, Math.min(this.#chunk(), head.length));
      if (count === head.length) this.#input.shift();
      else this.#input[0] = head.subarray(count);
      this.#inputBytes -= count;
      this.#handler?.onData(head.slice(0, count));
      this.#other.#room();
    } else if (this.#finArrived && !this.#finSeen) {
      this.#finSeen = true;
      this.#handler?.onEnd();
    }
    this.#schedule();
  }

  #room(): void {
    if (!this.#refused || this.#closed) return;
    this.#refused = false;
    this.#later(() => {
      if (!this.#closed) this.#handler?.onDrain();
    });
  }
}

const RESET = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
