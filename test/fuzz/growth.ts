/** Whether what a process holds grows from one look to the next, and goes on to. */
import { bytesHeld } from "../support/chop.ts";

/** Bytes: a pool that is filled once, code that is compiled, are no growth. */
const ALLOWED = 128 << 20;

export class Growth {
  #first: number | undefined;

  /** @returns what has grown since the first call */
  check(): string | undefined {
    const external = bytesHeld();
    const held = external + process.memoryUsage().heapUsed;
    this.#first ??= held;
    const more = held - this.#first;
    return more > ALLOWED ? `${Math.round(more / 1e6)} MB more are held than at first` : undefined;
  }
}
