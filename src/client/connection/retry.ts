/** When to try again, and for how long. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { BLOCK_TRIES, RETRY_DELAY } from "../../limits.ts";
import { checkWanted, givenUp } from "./abortable.ts";
import { callBack } from "./callbacks.ts";

export interface RetryPolicy {
  /** Milliseconds to go on trying while nothing moves; 0: not at all. */
  readonly deadline: number;
  /** It is tried again after `delay` milliseconds. */
  readonly onRetry: (error: LeatError, delay: number) => void;
  /** It is not tried again. */
  readonly onGiveUp?: () => void;
  /** Whether nobody wants it any more. */
  readonly over?: () => boolean;
}

/** Nothing is tried again. */
export const NEVER: RetryPolicy = { deadline: 0, onRetry: () => {} };

/** Failures that may be over in a moment, unless the one that failed knows better: see `retryable`. */
const PASSING = new Set<ErrorCode>([
  "CONNECTION_LOST",
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "DEADLINE_EXCEEDED",
]);

export function isPassing(error: LeatError): boolean {
  return error.retryable && PASSING.has(error.code);
}

/** The tries of one request, or of one transfer. */
export class Retry {
  readonly #policy: RetryPolicy;
  readonly #signals: readonly AbortSignal[];
  #tries = 0;
  /** Blocks that arrived damaged since something moved. */
  #damaged = 0;
  /** When it failed first since something moved. */
  #since: number | undefined;

  /** @param signals each of them gives it up */
  constructor(policy: RetryPolicy, signals: readonly AbortSignal[] = []) {
    this.#policy = policy;
    this.#signals = signals;
  }

  /** Something moved: the next failure is a first one. */
  moved(): void {
    this.#tries = 0;
    this.#damaged = 0;
    this.#since = undefined;
  }

  /**
   * Whether a block arrived damaged and is to be asked for again at once, which needs no other
   * connection and so no permission: BLOCK_TRIES times while nothing moves.
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
   * @throws the error, when it is not to be tried again; why a signal has given it up
   */
  async wait(error: LeatError): Promise<void> {
    const { deadline, onRetry, onGiveUp, over } = this.#policy;
    const now = performance.now();
    this.#since ??= now;
    const delay = Math.max(error.retryAfter ?? 0, backoff(this.#tries));
    if (!isPassing(error) || over?.() === true || now + delay > this.#since + deadline) {
      onGiveUp?.();
      throw error;
    }
    for (const signal of this.#signals) checkWanted(signal);
    this.#tries += 1;
    callBack("onRetry", onRetry, error, delay);
    const signal = AbortSignal.any([...this.#signals]);
    try {
      await sleep(delay, undefined, { signal });
    } catch {
      throw givenUp(signal);
    }
  }
}

function backoff(tries: number): number {
  const most = Math.min(RETRY_DELAY.most, RETRY_DELAY.least * 2 ** tries);
  return most * (0.5 + Math.random() / 2);
}
