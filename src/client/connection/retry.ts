/** When to try again, and for how long. */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { BLOCK_TRIES, RETRY_DELAY } from "../../limits.ts";
import { sleep, throwIfAborted } from "./abortable.ts";
import { callBack } from "./callbacks.ts";

export interface RetryPolicy {
  /** Milliseconds to go on trying without progress; 0: nothing is tried again. */
  readonly deadline: () => number;
  /** Called before each retry, which begins after `delay` milliseconds. */
  readonly onRetry: (error: LeatError, delay: number) => void;
  /** Called when there will be no more retries. */
  readonly onGiveUp?: () => void;
}

/** Codes of failures that may be over in a moment; an error that is not `retryable` overrides that. */
const TRANSIENT = new Set<ErrorCode>([
  "CONNECTION_LOST",
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "DEADLINE_EXCEEDED",
]);

/** The tries of one request, or of one transfer. */
export class Retry {
  readonly #policy: RetryPolicy;
  readonly #signals: readonly AbortSignal[];
  /** Since the last progress: tries, blocks that arrived damaged, and the time of the first failure. */
  #tries = 0;
  #damaged = 0;
  #since: number | undefined;

  /** @param signals each of them ends the tries */
  constructor(policy: RetryPolicy, ...signals: readonly (AbortSignal | undefined)[]) {
    this.#policy = policy;
    this.#signals = signals.filter((signal) => signal !== undefined);
  }

  /** There was progress: delays and the deadline begin anew. */
  progressed(): void {
    this.#tries = 0;
    this.#damaged = 0;
    this.#since = undefined;
  }

  /**
   * Whether a block arrived damaged and is to be requested again at once. That needs no other
   * connection, so it is done without a retry deadline, too: BLOCK_TRIES times without progress.
   */
  repairs(error: LeatError): boolean {
    if (error.code !== "CHECKSUM_MISMATCH") return false;
    this.#damaged += 1;
    if (this.#damaged >= BLOCK_TRIES) return false;
    callBack("onRetry", this.#policy.onRetry, error, 0);
    return true;
  }

  /**
   * Waits until it is time to try again.
   * @throws the error, when it is not to be tried again; the error of a signal that aborted
   */
  async wait(error: LeatError): Promise<void> {
    const { deadline, onRetry, onGiveUp } = this.#policy;
    const now = performance.now();
    this.#since ??= now;
    const delay = Math.max(error.retryAfter ?? 0, backoff(this.#tries));
    const isTransient = error.retryable && TRANSIENT.has(error.code);
    if (!isTransient || now + delay > this.#since + deadline()) {
      onGiveUp?.();
      throw error;
    }
    const signal = AbortSignal.any([...this.#signals]);
    throwIfAborted(signal);
    this.#tries += 1;
    callBack("onRetry", onRetry, error, delay);
    await sleep(delay, signal);
  }
}

/** Doubles with each try; random, so that many clients do not come back at the same moment. */
function backoff(tries: number): number {
  const most = Math.min(RETRY_DELAY.most, RETRY_DELAY.least * 2 ** tries);
  return most * (0.5 + Math.random() / 2);
}
