/** How long a connection may wait, and for what. Times are milliseconds of one clock. */
import { LeatError } from "../errors.ts";
import {
  CLOSE_DEADLINE,
  HELLO_DEADLINE,
  PING_AFTER,
  RETRY_AFTER,
  SERVER_SILENCE,
  SYNC_DEADLINE,
  TRANSFER_DEADLINE,
  WRITE_DEADLINE,
} from "../limits.ts";
import type { Stream } from "../session/stream.ts";
import type { Connection } from "./connection.ts";

/** abort: close at once. refuse: send the reason first. */
export type Verdict =
  { readonly act: "abort" | "refuse"; readonly error: LeatError } | { readonly act: "ping" };

export class Deadlines {
  readonly #opened: number;
  readonly #idle: number;
  /** When bytes last came. */
  #heard: number;
  /** When a stream was last open, or a frame came. */
  #busy: number;

  /** @param idle how long a connection without a stream may stay */
  constructor(now: number, idle = Number.POSITIVE_INFINITY) {
    this.#opened = now;
    this.#heard = now;
    this.#busy = now;
    this.#idle = idle;
  }

  /** For how many milliseconds nothing came. */
  silence(now: number): number {
    return now - this.#heard;
  }

  /** Bytes came. @param frame among them the end of a frame that is not Data */
  heard(now: number, frame: boolean): void {
    this.#heard = now;
    if (frame) this.#busy = now;
  }

  /** @returns how the connection goes on when a deadline has passed; undefined when none has */
  check(now: number, connection: Connection): Verdict | undefined {
    const { session, blockedSince, finSince } = connection;
    const isClient = session.role === "client";
    const isClosing = connection.phase === "closing";
    if (session.streams.size > 0) this.#busy = now;
    else if (isClient) this.#heard = now;
    if (finSince !== undefined) return over("abort", "close", now - finSince, CLOSE_DEADLINE);
    // A client that leaves needs nothing more; bytes that a server still has may say why it closes, but not to a peer
    // that does not come to the end of the TLS handshake.
    const isSoon = isClosing && (isClient || connection.isHandshaking);
    const patience = isSoon ? CLOSE_DEADLINE : WRITE_DEADLINE;
    if (blockedSince !== undefined && now - blockedSince > patience) {
      return over("abort", "take any byte of what waits for it", now - blockedSince, patience);
    }
    // A client's wait for Welcome is bounded by its caller.
    if (session.phase === "hello" && !isClient) {
      // A peer that does not come to the end of the TLS handshake would not hear of it.
      const act = connection.isHandshaking ? "abort" : "refuse";
      return over(act, "send Hello", now - this.#opened, HELLO_DEADLINE);
    }
    // Its credentials are being checked: they share the deadline.
    if (session.phase === "deciding" && now - this.#opened > HELLO_DEADLINE) {
      return { act: "refuse", error: undecided() };
    }
    if (session.phase !== "open" || isClosing) return undefined;
    return isClient
      ? this.#askForLife(now)
      : over("refuse", "ask for anything", now - this.#busy, this.#idle);
  }

  /**
   * A server may take long to answer, and a reader to take its bytes; but a server that is alive
   * answers a Ping.
   */
  #askForLife(now: number): Verdict | undefined {
    const silence = this.silence(now);
    if (silence > SERVER_SILENCE) return over("abort", "send anything", silence, SERVER_SILENCE);
    return silence > PING_AFTER ? { act: "ping" } : undefined;
  }
}

/** Server: why a stream on which nothing moved for so long fails, if it does. */
export function streamLate(stream: Stream, still: number): LeatError | undefined {
  if (stream.waitsForClient && still > TRANSFER_DEADLINE) {
    return late("move this stream on", TRANSFER_DEADLINE);
  }
  if (!stream.commits || still <= SYNC_DEADLINE) return undefined;
  const message =
    `the disk has not confirmed the file within ${SYNC_DEADLINE / 1000} s; ` +
    "whether it will be there is not known";
  return new LeatError("DEADLINE_EXCEEDED", message);
}

function undecided(): LeatError {
  const message = `the credentials could not be checked within ${HELLO_DEADLINE / 1000} s; try again later`;
  return new LeatError("UNAVAILABLE", message, { retryAfter: RETRY_AFTER });
}

function over(
  act: "abort" | "refuse",
  what: string,
  waited: number,
  deadline: number,
): Verdict | undefined {
  return waited > deadline ? { act, error: late(what, deadline) } : undefined;
}

function late(what: string, deadline: number): LeatError {
  return new LeatError("DEADLINE_EXCEEDED", `the peer did not ${what} within ${deadline / 1000} s`);
}
