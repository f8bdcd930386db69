/** What all connections of a process share. */
import { BufferPool } from "../net/buffer-pool.ts";
import { RunQueue } from "../net/run-queue.ts";
import { Ticker } from "../net/ticker.ts";

export interface Runtime {
  readonly queue: RunQueue;
  readonly pool: BufferPool;
  readonly ticker: Pick<Ticker, "add" | "remove">;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export function createRuntime(): Runtime {
  return {
    queue: new RunQueue(),
    pool: new BufferPool(),
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
