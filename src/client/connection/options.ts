/** The options of every call, and those of `connect`. */
import type { LeatError } from "../../errors.ts";
import type { ClientTls } from "../../net/tls-options.ts";
import type { SshOptions } from "./ssh.ts";

/** The options of every call. */
export interface CallOptions {
  /**
   * Cancels the call: it rejects with CANCELLED, with DEADLINE_EXCEEDED for `AbortSignal.timeout`, or
   * with the LeatError that is the signal's reason.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Who the client is: a token, or a user with a password. */
export type ClientCredentials =
  { readonly token: string } | { readonly user: string; readonly password: string };

/** How to connect, and how long to go on trying. */
export interface ConnectOptions extends CallOptions {
  /** Milliseconds for connecting and the handshake together; 10,000 unless given, and 60,000 by ssh. */
  readonly timeout?: number;
  /**
   * Milliseconds to go on trying without progress, when the connection is lost or the server has no
   * room. 0, the default: nothing is tried again. Downloads and uploads continue where they were; another
   * change is tried again only if the server has certainly not made it.
   */
  readonly retry?: number;
  /**
   * Called before each retry, which begins after `delay` milliseconds; at once, with 0, where a block
   * arrived damaged.
   */
  readonly onRetry?: (error: LeatError, delay: number) => void;
  /**
   * For a server with users. They are sent only where nobody between can read them: to this machine, or
   * encrypted.
   */
  readonly credentials?: ClientCredentials | undefined;
  /**
   * The most bytes a second that this client sends, and the most that it receives, with all that the protocol adds:
   * 1,024 or more. Without it: as fast as it goes.
   */
  readonly limitRate?: number;
  /**
   * Which server to trust by TLS, and the client's own certificate. With it, an address without a scheme
   * is one with TLS on this machine, too.
   */
  readonly tls?: ClientTls;
  /** How ssh is started, for an address that begins with `ssh://`. */
  readonly ssh?: SshOptions;
}
