/**
 * A client's link to its server over one connection after another: when one is lost, or its server
 * goes away, the next request connects anew. Streams that are open on an old connection go on there.
 */
import type { Stall } from "../../connection/stalls.ts";
import { LeatError } from "../../errors.ts";
import { abortable, throwIfAborted } from "./abortable.ts";
import type { Link } from "./link.ts";
import { NO_RETRY, Retry, type RetryPolicy } from "./retry.ts";

export interface ReconnectOptions {
  /** Connects anew; without it there is only the first connection. */
  readonly dial?: (signal: AbortSignal) => Promise<Link>;
  readonly retry?: RetryPolicy;
}

export class ReconnectingLink {
  readonly #dialLink: ReconnectOptions["dial"];
  readonly #policy: RetryPolicy;
  readonly #links = new Set<Link>();
  #current: Link;
  #dialing: Promise<Link> | undefined;
  /** Aborted by `close`: nothing is tried again. */
  readonly #closing = new AbortController();
  #isLost = false;
  /** The last failure that `onRetry` was called for, and until when the same one is not repeated. */
  #reported = { message: "", until: 0 };

  constructor(first: Link, { dial, retry = NO_RETRY }: ReconnectOptions = {}) {
    this.#dialLink = dial;
    this.#policy = retry;
    this.#current = this.#add(first);
  }

  /** The connection that requests leave on now; it may be lost already. */
  get current(): Link {
    return this.#current;
  }

  /** The connection is lost, and all retries have failed; a later request may connect again. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Runs `attempt` until it succeeds, or fails for good. @throws its last error */
  async withRetries<T>(
    attempt: (link: Link) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    let retry: Retry | undefined;
    while (true) {
      throwIfAborted(signal);
      try {
        return await attempt(this.#isUsable ? this.#current : await this.connected(signal));
      } catch (thrown) {
        retry ??= this.retry(signal);
        await retry.wait(LeatError.from(thrown));
      }
    }
  }

  /** For a transfer that runs its tries itself. @param signals each of them ends the tries */
  retry(...signals: readonly (AbortSignal | undefined)[]): Retry {
    const policy = {
      // Without a way to connect anew, no retry can help.
      deadline: this.#dialLink === undefined ? 0 : this.#policy.deadline,
      onRetry: (error: LeatError, delay: number) => this.#report(error, delay),
      onGiveUp: () => (this.#isLost = !this.#isUsable),
      isClosed: () => this.#closing.signal.aborted,
    };
    const given = signals.filter((signal) => signal !== undefined);
    return new Retry(policy, [...given, this.#closing.signal]);
  }

  /** The connection; a new one, if it is lost. @throws why it cannot be made */
  async connected(signal: AbortSignal | undefined): Promise<Link> {
    const dial = this.#dialLink;
    const { aborted } = this.#closing.signal;
    if (this.#isUsable || dial === undefined || this.#policy.deadline === 0 || aborted) {
      return this.#current;
    }
    this.#dialing ??= this.#dial(dial);
    return await abortable(this.#dialing, signal);
  }

  /** The reason why the transfers under way are stuck, when none has moved for STALL_NOTICE. */
  get stall(): Stall | undefined {
    let stall: Stall | undefined;
    for (const { connection } of this.#links) {
      if (connection.session.streams.size === 0) continue;
      const own = connection.stall;
      if (own === undefined) return undefined;
      stall ??= own;
    }
    return stall;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dialing?.catch(() => {});
    const links = [...this.#links];
    for (const link of links) link.connection.close();
    await Promise.all(links.map((link) => link.closed));
  }

  get #isUsable(): boolean {
    return this.#current.closeReason === undefined;
  }

  async #dial(dial: (signal: AbortSignal) => Promise<Link>): Promise<Link> {
    try {
      this.#current = this.#add(await dial(this.#closing.signal));
      this.#isLost = false;
      return this.#current;
    } finally {
      this.#dialing = undefined;
    }
  }

  #add(link: Link): Link {
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    return link;
  }

  /** Once for all requests that failed for the same reason. */
  #report(error: LeatError, delay: number): void {
    const now = performance.now();
    if (error.message === this.#reported.message && now < this.#reported.until) return;
    this.#reported = { message: error.message, until: now + delay };
    this.#policy.onRetry(error, delay);
  }
}
