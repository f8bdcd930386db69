/** The part of a transport (net/transport.ts) that a file region is sent to. */
export interface ByteSink {
  /**
   * The descriptor of a socket to which bytes may be written besides `write`, as they are: missing
   * where there is none (TLS, memory). Not to be kept: it is -1 once the transport is closed.
   */
  readonly fd?: number | undefined;
  /**
   * Offers bytes[offset, offset + length).
   * @returns bytes accepted, 0 to length; -1 when the transport is closed
   */
  write(bytes: Uint8Array, offset: number, length: number): number;
}

/**
 * A part of a file that is sent behind the bytes of a send buffer without being read into it. Session
 * and outbox pass it on; the outbox disposes of it, sent or not.
 */
export interface FileRegion extends Disposable {
  /** Bytes that are not sent yet. */
  readonly left: number;
  /** After `send`: the sink takes no more now, and the transport's `onDrain` will come. */
  readonly blocked: boolean;
  /** Sends some. @returns bytes accepted, more than 0 unless `blocked`; -1 when the sink is closed */
  send(sink: ByteSink): number;
}

/** The contents of a send buffer. */
export interface Filled {
  /** The bytes are buffer[0, end). */
  readonly end: number;
  /** Is to be sent right behind the bytes. */
  readonly region?: FileRegion | undefined;
}
