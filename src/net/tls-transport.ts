/**
 * A transport over a TLS socket of Bun. It is handed on as soon as the socket is open, so that the deadlines
 * and the count of connections hold for the handshake, too; until that is over it takes nothing and gives
 * nothing. It has no descriptor: bytes that pass by the runtime would not be encrypted.
 *
 * The gate: a chunk is passed on only after the runtime has reported a handshake, and `Trust` has accepted the
 * peer. Where the runtime would speak plaintext after all, no handshake is reported, and nothing passes.
 */
import { LeatError } from "../errors.ts";
import { type HandshakeError, isAboutCertificate, type Trust } from "./tls-peer.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** Before the handshake; the peer is trusted; it is told why it is not. */
type Phase = "handshake" | "open" | "refused";

export class TlsTransport implements Transport {
  readonly peer: string;
  /** Until the socket is closed. */
  handler: TransportHandler | undefined;
  identity: string | undefined;
  readonly #socket: Bun.Socket<unknown>;
  readonly #trust: Trust;
  #phase: Phase = "handshake";
  #isPaused = false;

  constructor(socket: Bun.Socket<unknown>, peer: string, trust: Trust) {
    this.#socket = socket;
    this.peer = peer;
    this.#trust = trust;
  }

  get isHandshaking(): boolean {
    return this.#phase === "handshake";
  }

  get isLocal(): boolean {
    return this.#socket.remoteAddress === this.#socket.localAddress;
  }

  get isPrivate(): boolean {
    return this.#trust.isProof || this.isLocal;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.handler === undefined) return -1;
    // An empty write answers 0, as a full socket does.
    if (length === 0 || this.isHandshaking) return 0;
    return this.#socket.write(bytes, offset, length);
  }

  free(chunk: Uint8Array): void {
    const { buffer } = chunk;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0);
  }

  pause(): void {
    this.#isPaused = true;
    // A socket that is not read cannot shake hands.
    if (!this.isHandshaking) this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.isHandshaking) this.#socket.resume();
  }

  shutdown(): void {
    if (this.isHandshaking) this.close();
    else this.#socket.shutdown();
  }

  close(): void {
    this.#leave(() => this.#socket.close(), undefined);
  }

  // ---- called by the runtime ----

  onHandshake(success: boolean, error: HandshakeError | null): void {
    if (!this.isHandshaking || this.handler === undefined) return;
    const isUp = success || isAboutCertificate(error);
    const verified = isUp ? this.#trust.verify(this.#socket, error) : this.#trust.explain(error);
    if (verified instanceof LeatError) return this.#refuse(verified, isUp);
    this.identity = verified.identity;
    this.#begin("open");
  }

  onData(chunk: Uint8Array): void {
    if (this.#phase === "open") this.handler?.onData(chunk);
    else if (this.isHandshaking) this.failed(new Error("bytes came before the TLS handshake"));
    else this.free(chunk);
  }

  onDrain(): void {
    if (!this.isHandshaking) this.handler?.onDrain();
  }

  onEnd(): void {
    // A peer that leaves in the handshake: the runtime reports that by itself.
    if (!this.isHandshaking) this.handler?.onEnd();
  }

  /** The socket is closed. Harmless when that is known. */
  end(error: Error | undefined): void {
    const { handler } = this;
    this.handler = undefined;
    handler?.onClose(error);
  }

  /** The runtime reports an error. Where a handler has thrown, the connection goes, the process stays. */
  failed(error: Error & { readonly code?: string }): void {
    // A record that was changed on its way, or is none.
    if (error.code !== "EPROTO") console.error(error);
    this.#leave(() => this.#socket.terminate(), error);
  }

  /** @param isUp the handshake is over: bytes can be sent */
  #refuse(error: LeatError, isUp: boolean): void {
    if (isUp && this.#trust.tells && this.handler?.onUnauthenticated !== undefined) {
      this.#begin("refused");
      return this.handler?.onUnauthenticated?.(error);
    }
    this.#leave(() => this.#socket.end(), error);
  }

  /** While it closes the socket, the runtime reports things that are no news. */
  #leave(close: () => void, error: Error | undefined): void {
    const { handler } = this;
    this.handler = undefined;
    close();
    handler?.onClose(error);
  }

  #begin(phase: Phase): void {
    this.#phase = phase;
    if (this.#isPaused) this.#socket.pause();
    this.handler?.onDrain();
  }
}
