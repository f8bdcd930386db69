/** The queues, buffers and timer that all connections of a process share. */
import { SEND_BUFFER, SEND_BUFFERS } from "../limits.ts";
import { BufferPool } from "../net/buffer-pool.ts";
import { ReadQueue } from "../net/read-queue.ts";
import { RunQueue } from "../net/run-queue.ts";
import { Ticker } from "../net/ticker.ts";

export interface Runtime {
  readonly queue: RunQueue;
  readonly readers: ReadQueue;
  readonly pool: BufferPool;
  readonly ticker: Pick<Ticker, "add" | "remove">;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** @param buffers send buffers at most */
export function createRuntime(buffers = SEND_BUFFERS): Runtime {
  return {
    queue: new RunQueue(),
    readers: new ReadQueue(),
    pool: new BufferPool(SEND_BUFFER, buffers),
    ticker: new Ticker(),
    clock: () => performance.now(),
  };
}

let shared: Runtime | undefined;

/** The one of this process. */
export function processRuntime(): Runtime {
  shared ??= createRuntime();
  return shared;
}
