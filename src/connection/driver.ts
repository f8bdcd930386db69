import type { LeatError } from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import type { Stall } from "./stalls.ts";

/** The side of a server or a client that a connection calls. */
export interface Driver {
  onEvent(event: SessionEvent): void;
  /**
   * A stream is over, whichever way; its last event may still come.
   * @param failure with which we ended it, or the connection
   */
  onStreamEnded?(stream: number, failure: LeatError | undefined): void;
  /** Server: a transfer has not moved for STALL_NOTICE. Called once for each time that it stops. */
  onStalled?(stream: number, stall: Stall): void;
  /** A send buffer was filled: fewer answers wait. */
  onRoom?(): void;
  /** Deadlines were checked. @param now milliseconds */
  onTick?(now: number): void;
  /** Our own code threw where it must not. The stream or connection concerned is over; the others go on. */
  onDefect?(error: LeatError): void;
  /** The connection is gone; no event follows. Called once. */
  onClosed(error: LeatError): void;
}
