/**
 * A client's link to its server over one connection after another: when one is lost, or its server
 * goes away, the next request connects anew. Streams that are open on an old connection go on there.
 */
import type { Stall } from "../../connection/stalls.ts";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { abortable, throwIfAborted } from "./abortable.ts";
import type { Link } from "./link.ts";
import { Retry, type RetryPolicy } from "./retry.ts";

/** Without them there is only the first connection. */
export interface ReconnectOptions extends RetryPolicy {
  /** Connects anew. */
  readonly dial: (signal: AbortSignal) => Promise<Link>;
}

/** Codes of failures after which another connection may do better. */
export const CONNECTION_LOSS = new Set<ErrorCode>(["CONNECTION_LOST", "UNAVAILABLE"]);

export class ReconnectingLink {
  readonly #options: ReconnectOptions | undefined;
  readonly #links = new Set<Link>();
  #current: Link;
  #dialing: Promise<Link> | undefined;
  /** Aborted by `close`: nothing is tried again. */
  readonly #closing = new AbortController();
  #isLost = false;
  /** The last failure that `onRetry` was called for, and until when the same one is not repeated. */
  #reported = { message: "", until: 0 };

  constructor(first: Link, options?: ReconnectOptions) {
    this.#options = options;
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

  /** Whether this is the error of a lost connection, after which the next file would fail, too. */
  isLostBy({ code }: LeatError): boolean {
    return this.#isLost && CONNECTION_LOSS.has(code);
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
    const policy: RetryPolicy = {
      deadline: () => this.#deadline,
      onRetry: (error, delay) => this.#report(error, delay),
      onGiveUp: () => (this.#isLost = !this.#isUsable),
    };
    return new Retry(policy, ...signals, this.#closing.signal);
  }

  /** The connection; a new one, if it is lost. @throws why it cannot be made */
  async connected(signal: AbortSignal | undefined): Promise<Link> {
    if (this.#isUsable || this.#options === undefined || this.#deadline === 0) return this.#current;
    this.#dialing ??= this.#dial(this.#options);
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
    for (const link of links) link.close();
    await Promise.all(links.map((link) => link.closed));
  }

  get #isUsable(): boolean {
    return this.#current.closeReason === undefined;
  }

  /** 0: nothing is tried again, and no other connection made. */
  get #deadline(): number {
    return this.#closing.signal.aborted ? 0 : (this.#options?.deadline() ?? 0);
  }

  async #dial({ dial }: ReconnectOptions): Promise<Link> {
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
    this.#options?.onRetry(error, delay);
  }
}
