import type { Transport } from "../net/transport.ts";

/**
 * A chunk whose bytes were handed on as Data. When the last of them is consumed, its memory is freed
 * at once: the garbage collector comes too late on a busy machine (64 uploads to a slow disk left
 * 400 MiB to it).
 */
class Lease {
  chunk: Uint8Array;
  /** Bytes handed on and not consumed. */
  left = 0;
  /** Some of it may stay in use: it is left to the garbage collector. */
  kept = false;
  /** More of it may still be handed on. */
  reading = true;

  constructor(chunk: Uint8Array) {
    this.chunk = chunk;
  }
}

/** Bytes from which a chunk is worth giving back: a lease on a smaller one would take more memory than it frees. */
const WORTHWHILE = 4096;

/** A chunk with less than this share left is not kept for it. */
const WORTH_KEEPING = 1 / 4;

const EMPTY = new Uint8Array(0);

/** For bytes of small chunks, which are left to the garbage collector. */
const UNTRACKED = new Lease(EMPTY);

type ChunkMemory = Pick<Transport, "free">;

export class Leases {
  readonly #memory: ChunkMemory;
  /** Bytes that each stream got and has not consumed, oldest first. */
  readonly #streams = new Map<number, { readonly lease: Lease; left: number }[]>();
  #current: Lease | undefined;

  /** @param memory frees chunks */
  constructor(memory: ChunkMemory) {
    this.#memory = memory;
  }

  /** A chunk is about to be read. */
  begin(chunk: Uint8Array): void {
    this.end(true); // a chunk that was not read to its end is part of what is read now
    this.#current = chunk.length >= WORTHWHILE ? new Lease(chunk) : undefined;
  }

  /** The chunk was read to its end. @param kept whether anything but Data may be a view of it */
  end(kept: boolean): void {
    const lease = this.#current;
    this.#current = undefined;
    if (lease === undefined) return;
    lease.reading = false;
    lease.kept ||= kept;
    this.#freeIfDone(lease);
    if (lease.left > 0 && lease.left < WORTH_KEEPING * lease.chunk.length) {
      // Few of its bytes wait, most likely as copies; a view of them keeps the chunk alive by itself.
      lease.kept = true;
      lease.chunk = EMPTY;
    }
  }

  /** Bytes of the current chunk go to a stream. Those of small chunks are booked as well: bytes are consumed in order. */
  lend(stream: number, bytes: number): void {
    const lease = this.#current ?? UNTRACKED;
    lease.left += bytes;
    const lent = this.#streams.get(stream);
    const newest = lent?.at(-1);
    if (newest?.lease === lease) newest.left += bytes;
    else if (lent === undefined) this.#streams.set(stream, [{ lease, left: bytes }]);
    else lent.push({ lease, left: bytes });
  }

  /** A stream has consumed its oldest bytes. @param kept they stay in use */
  consumed(stream: number, bytes: number, kept: boolean): void {
    const lent = this.#streams.get(stream) ?? [];
    let left = bytes;
    for (let oldest = lent[0]; oldest !== undefined && left > 0; oldest = lent[0]) {
      const count = Math.min(left, oldest.left);
      left -= count;
      oldest.left -= count;
      oldest.lease.left -= count;
      oldest.lease.kept ||= kept;
      if (oldest.left === 0) lent.shift();
      this.#freeIfDone(oldest.lease);
    }
  }

  /** A stream is over: bytes that it has not consumed may still be in use. */
  forget(stream: number): void {
    this.#streams.delete(stream);
  }

  #freeIfDone(lease: Lease): void {
    if (lease.left === 0 && !lease.reading && !lease.kept) this.#memory.free(lease.chunk);
  }
}
