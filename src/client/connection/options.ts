/** What every call takes, and how to connect. */
import type { LeatError } from "../../errors.ts";

/** What every call takes. */
export interface CallOptions {
  /** Gives the call up: it rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** How to connect, and how long to go on trying. */
export interface ConnectOptions extends CallOptions {
  /** Milliseconds for connecting and the handshake together. */
  readonly timeout?: number;
  /**
   * Milliseconds to go on trying while nothing moves, when the connection is lost or the server has
   * no room. 0, the default: not at all. Downloads continue where they were; what changes something is
   * tried again only if the server has certainly not done it.
   */
  readonly retry?: number;
  /** It is tried again after `delay` milliseconds; at once, with 0, where a block arrived damaged. */
  readonly onRetry?: (error: LeatError, delay: number) => void;
}
