/**
 * The connections of a client, one after another: when one is lost, or its server goes away, the next
 * request makes another. What is still open on an old one goes on there.
 */
import type { Stall } from "../../connection/stalls.ts";
import { LeatError } from "../../errors.ts";
import { abortable, checkWanted } from "./abortable.ts";
import type { Link } from "./link.ts";
import { Retry, type RetryPolicy } from "./retry.ts";

export interface LinesOptions {
  /** Makes another connection; without it there is only the first. */
  readonly dial: ((signal: AbortSignal) => Promise<Link>) | undefined;
  readonly retry: RetryPolicy;
}

export class Lines {
  readonly #options: LinesOptions;
  readonly #links = new Set<Link>();
  #link: Link;
  #dialing: Promise<Link> | undefined;
  /** Nothing is tried again. */
  readonly #stop = new AbortController();
  /** The connection was lost, and there will be no other unless it is asked for again. */
  gaveUp = false;
  /** What was told last, and until when nobody needs to hear it again. */
  #told = { message: "", until: 0 };

  constructor(link: Link, options: LinesOptions) {
    this.#options = options;
    this.#link = this.#add(link);
  }

  /** The one that requests leave on now. */
  get link(): Link {
    return this.#link;
  }

  /** Tries as long as it may help. @param attempt on the connection there is */
  async trying<T>(
    attempt: (link: Link) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    let retry: Retry | undefined;
    while (true) {
      checkWanted(signal);
      try {
        return await attempt(this.#isUsable ? this.#link : await this.connected(signal));
      } catch (thrown) {
        retry ??= this.retry(signal === undefined ? [] : [signal]);
        await retry.wait(LeatError.from(thrown));
      }
    }
  }

  /** The tries of something. */
  retry(signals: readonly AbortSignal[]): Retry {
    const { deadline } = this.#options.retry;
    const policy = {
      // Without another connection to make, what is lost is lost.
      deadline: this.#options.dial === undefined ? 0 : deadline,
      onRetry: (error: LeatError, delay: number) => this.#tell(error, delay),
      onGiveUp: () => (this.gaveUp = !this.#isUsable),
      over: () => this.#stop.signal.aborted,
    };
    return new Retry(policy, [...signals, this.#stop.signal]);
  }

  /** The connection; another one, if it is lost. @throws why there is none */
  async connected(signal: AbortSignal | undefined): Promise<Link> {
    const { dial, retry } = this.#options;
    if (this.#isUsable || dial === undefined || retry.deadline === 0 || this.#stop.signal.aborted) {
      return this.#link;
    }
    this.#dialing ??= this.#dial(dial);
    return await abortable(this.#dialing, signal);
  }

  /** What the transfers wait for, when none has moved for a while. */
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
    this.#stop.abort();
    await this.#dialing?.catch(() => {});
    const links = [...this.#links];
    for (const link of links) link.connection.close();
    await Promise.all(links.map((link) => link.closed));
  }

  get #isUsable(): boolean {
    return this.#link.over === undefined;
  }

  async #dial(dial: (signal: AbortSignal) => Promise<Link>): Promise<Link> {
    try {
      this.#link = this.#add(await dial(this.#stop.signal));
      this.gaveUp = false;
      return this.#link;
    } finally {
      this.#dialing = undefined;
    }
  }

  #add(link: Link): Link {
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    return link;
  }

  /** Once for all requests that wait for the same. */
  #tell(error: LeatError, delay: number): void {
    const now = performance.now();
    if (error.message === this.#told.message && now < this.#told.until) return;
    this.#told = { message: error.message, until: now + delay };
    this.#options.retry.onRetry(error, delay);
  }
}
