import type { Transport } from "./transport.ts";

/**
 * A part of a file that leaves right behind the bytes of a buffer, without standing in one. Disposed
 * by who sends it, sent or not.
 */
export interface FileRegion extends Disposable {
  /** Bytes that have not left. */
  readonly left: number;
  /** After `send`: the transport takes no more now, and `onDrain` will come. */
  readonly blocked: boolean;
  /** Sends some. @returns bytes accepted, more than 0 unless `blocked`; -1 when the transport is closed */
  send(transport: Transport): number;
}
