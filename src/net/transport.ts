import type { LeatError } from "../errors.ts";
import type { ByteSink } from "../file-region.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Buckets of both directions; missing: as fast as it goes. */
export interface RateLimits {
  readonly sent?: TokenBucket | undefined;
  readonly received?: TokenBucket | undefined;
}

/** Where to listen or connect: TCP, or a Unix socket. */
export type Address =
  { readonly hostname: string; readonly port: number } | { readonly unix: string };

/**
 * A reliable byte stream with a peer, as everything above `net` sees it. The Bun adapter (bun.ts)
 * and the in-memory pair (memory.ts) implement it.
 *
 * Rules that both keep:
 *  - `write` never buffers: bytes that it did not accept stay the caller's, and `onDrain` comes once
 *    the transport takes bytes again. `onDrain` may also come when nothing was refused.
 *  - A chunk given to `onData` belongs to the receiver and is never written to again, unless it
 *    is freed.
 *  - After `onClose` nothing more is called. It is called exactly once, whichever side closed.
 *  - `shutdown` (our FIN) leaves the reading side open. Closing before the peer's FIN was seen may
 *    lose bytes that `write` accepted: the order is shutdown, wait for `onEnd`, close.
 */
export interface Transport extends ByteSink {
  /** The other end, for logs: `127.0.0.1:40312`, `unix:/run/leat.sock`, `memory`. */
  readonly peer: string;
  /** The peer is on this machine: no network card takes part. Missing: it is not known to be. */
  readonly isLocal?: boolean;
  /** Nobody between can read the bytes: they stay on this machine, or are encrypted. Missing: not known to be. */
  readonly isPrivate?: boolean;
  /** TLS: the handshake is not over. Until then `write` takes nothing, and nothing comes. */
  readonly isHandshaking?: boolean;
  /** TLS: the user whom the peer's certificate names; known before the first byte comes. */
  readonly identity?: string | undefined;
  /** Sets the limits of a transport that was made with some, or with none yet. */
  limit?(limits: RateLimits): void;
  /** Whether the peer takes bytes so fast that the system had best hold more of them. */
  takesFast?(isFast: boolean): void;
  /** A chunk of `onData` is not used any more: its memory may be reused at once. */
  free(chunk: Uint8Array): void;
  /** Stops `onData`. While paused the peer's FIN is not seen. */
  pause(): void;
  resume(): void;
  /** Sends FIN after all accepted bytes. */
  shutdown(): void;
  /** Closes at once; unread input may turn it into a reset. */
  close(): void;
}

export interface TransportHandler {
  /** How many bytes the next chunk had best have; undefined: as many as come. Only advice. */
  readonly wanted?: number | undefined;
  onData(chunk: Uint8Array): void;
  onDrain(): void;
  /** The peer sent FIN. */
  onEnd(): void;
  /**
   * TLS: the peer has not shown a certificate that is valid here. Nothing that it sends will come; it may be
   * told why. Without this function the transport is closed.
   */
  onUnauthenticated?(error: LeatError): void;
  /** The transport is gone; `error` when it was not a plain close, a `LeatError` where that says why. */
  onClose(error: Error | undefined): void;
}

/** Makes the handler of a transport that just opened. */
export type Accept = (transport: Transport) => TransportHandler;

export interface Listener extends AsyncDisposable {
  /** `HOST:PORT` as bound, or `unix:PATH`. */
  readonly address: string;
  readonly port: number;
  /** Takes no new peers; open transports stay. */
  stop(): void;
}
