import type { WindowBudgets } from "./flow.ts";
import type { Side } from "./state.ts";

export interface SessionOptions {
  readonly role: Side;
  /** Program and version, for the peer's logs. */
  readonly agent: string;
  /** Optional features that we know: see `FEATURES`. Missing: none. */
  readonly features?: readonly string[];
  /** The largest frame we take, in bytes. */
  readonly maxFrame: number;
  /** Streams at once: what a server offers. A client takes the server's. */
  readonly maxStreams: number;
  /** Client: credit for each download when it opens, in bytes. A server decides its own in `welcome`. */
  readonly initialWindow: number;
  /** How far one window may grow, in bytes. */
  readonly maxWindow: number;
  /** No event is read from the peer while more bytes of answers wait to be sent; missing: no limit. */
  readonly answerLimit?: number;
  /** Asked before a window is made larger. */
  readonly budgets: WindowBudgets;
}
