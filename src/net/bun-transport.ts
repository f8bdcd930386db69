/**
 * A transport over a TCP or Unix socket of Bun. Where Bun differs from what one expects, this keeps the
 * contract in transport.ts:
 *  - `write` with an offset needs its length, too;
 *  - `end` and `close` may lose accepted bytes: `shutdown` sends FIN, `close` only follows it;
 *  - without `allowHalfOpen` the socket is closed as soon as the peer finished sending;
 *  - `drain` also fires when nothing was refused: harmless, the contract allows it.
 *
 * While much comes, the socket is read by `DirectReader` in place of the runtime: after a few long chunks
 * in a row. The runtime gets it back when nothing has come for a while, and when bytes are not used at
 * once: then a slow disk, or a slow reader, is what all wait for. The runtime always sees the peer's FIN.
 * `DirectReads` may say otherwise.
 */
import { DIRECT_READ, LARGE_READ, LONG_CHUNK, LONG_CHUNKS, QUIET_SOCKET } from "../limits.ts";
import { systemError } from "../system-error.ts";
import { DirectReader, type DirectSocket } from "./direct-reader.ts";
import type { DirectReads } from "./direct-reads.ts";
import { FastPeers } from "./fast-peers.ts";
import { isLoopback } from "./loopback.ts";
import { EAGAIN, EINTR, ReceiveBuffer } from "./socket-calls.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** Bun sets `fd` on sockets; its types do not say so. */
export type Socket = Bun.Socket<SocketData> & { readonly fd: number };

/** The data of a socket: none before it is open, and when another process serves it. */
export type SocketData = BunTransport | undefined;

/** All sockets of this thread. */
const reader = new DirectReader();
const peers = new FastPeers();

/** Buffers that are not in use, by size. */
const free = new Map<number, ReceiveBuffer[]>([
  [DIRECT_READ, []],
  [LARGE_READ, []],
]);
const MOST_FREE = 4;

export class BunTransport implements Transport, DirectSocket {
  readonly peer: string;
  /** Until the socket is closed. */
  handler: TransportHandler | undefined;
  readonly #socket: Socket;
  readonly #reads: DirectReads;
  /** It is read here, not by the runtime. */
  #isDirect = false;
  #isPaused = false;
  /** Our FIN was sent. */
  #isShut = false;
  /** From the runtime, in a row. */
  #longChunks = 0;
  /** When bytes were last read here, in milliseconds. */
  #readAt = 0;
  /** The handler has a chunk of this buffer, and has not freed it. */
  #lent: ReceiveBuffer | undefined;

  constructor(socket: Socket, peer: string, reads: DirectReads) {
    this.#socket = socket;
    this.peer = peer;
    this.#reads = reads;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get isLocal(): boolean {
    // A Unix socket has neither.
    return this.#socket.remoteAddress === this.#socket.localAddress;
  }

  get isPrivate(): boolean {
    return this.isLocal || isLoopback(this.#socket.remoteAddress ?? "");
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    // An empty write answers 0, as a full socket does.
    return length === 0 ? 0 : this.#socket.write(bytes, offset, length);
  }

  takesFast(isFast: boolean): void {
    if (isFast) peers.fast(this);
    else peers.slow(this);
  }

  free(chunk: Uint8Array): void {
    if (this.#lent !== undefined && this.#lent.bytes.buffer === chunk.buffer) {
      reuse(this.#lent);
      this.#lent = undefined;
    } else if (chunk.buffer instanceof ArrayBuffer) {
      chunk.buffer.transfer(0); // detached: code that reads it after all finds nothing
    }
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#isDirect) reader.remove(this);
    else this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isDirect) reader.add(this);
    else this.#socket.resume();
  }

  shutdown(): void {
    // The rest is short, and the runtime may close a socket that it does not read once it has both FINs.
    this.#giveBack();
    this.#isShut = true;
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.close();
  }

  // ---- called by the runtime ----

  /** It is open, and has its handler. */
  opened(): void {
    if (this.#reads === "on") this.#take();
  }

  onData(chunk: Uint8Array): void {
    this.#longChunks = chunk.length < LONG_CHUNK ? 0 : this.#longChunks + 1;
    this.handler?.onData(chunk);
    if (this.#longChunks >= LONG_CHUNKS && this.#reads !== "off" && !this.#isPaused) this.#take();
  }

  /** From now on it is read here, if it can be. */
  #take(): void {
    if (this.#isShut || this.handler === undefined || !reader.canRead(this.fd)) return;
    this.#isDirect = true;
    this.#readAt = performance.now();
    if (this.#isPaused) return; // `resume` goes on here
    this.#socket.pause();
    reader.add(this);
  }

  /** The socket is closed. Harmless when that is known. */
  end(error: Error | undefined): void {
    const { handler } = this;
    this.handler = undefined;
    this.#forget();
    handler?.onClose(error);
  }

  #forget(): void {
    reader.remove(this);
    peers.closed(this);
  }

  /** A handler has thrown: the connection goes, the process stays. */
  defect(thrown: unknown): void {
    console.error(thrown);
    this.#fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  #fail(error: Error): void {
    const { handler } = this;
    this.handler = undefined;
    this.#forget();
    this.#socket.terminate();
    handler?.onClose(error);
  }

  // ---- called by the reader ----

  read(): number {
    const most = Math.min(this.handler?.wanted ?? DIRECT_READ, LARGE_READ);
    const buffer = take(most > DIRECT_READ ? LARGE_READ : DIRECT_READ);
    const received = buffer.receive(this.fd, most);
    if (received > 0) return this.#give(buffer, received) && received === most ? received : 0;
    reuse(buffer);
    if (received === 0) this.#giveBack();
    else if (received !== -EAGAIN && received !== -EINTR) {
      // The system tells an error once: from then on the runtime would see a FIN.
      this.#fail(systemError(-received, "recv"));
    }
    return 0;
  }

  quiet(now: number): void {
    if (this.#reads !== "on" && now - this.#readAt > QUIET_SOCKET) this.#giveBack();
  }

  /** @returns whether it is still read here */
  #give(buffer: ReceiveBuffer, length: number): boolean {
    this.#readAt = performance.now();
    // A handler may keep a chunk for long: a short one does not keep the whole buffer with it.
    const isLong = length >= LONG_CHUNK;
    const chunk = isLong ? buffer.bytes.subarray(0, length) : buffer.bytes.slice(0, length);
    if (isLong) this.#lent = buffer;
    else reuse(buffer);
    try {
      this.handler?.onData(chunk);
    } catch (thrown) {
      this.defect(thrown);
    }
    if (this.#lent !== undefined && this.#reads !== "on") this.#giveBack();
    this.#lent = undefined; // a chunk that the handler has not freed is the collector's
    return this.#isDirect && !this.#isPaused && this.handler !== undefined;
  }

  /** From now on the runtime reads. */
  #giveBack(): void {
    if (!this.#isDirect || this.handler === undefined) return;
    this.#isDirect = false;
    this.#longChunks = 0;
    reader.remove(this);
    if (!this.#isPaused) this.#socket.resume();
  }
}

function take(size: number): ReceiveBuffer {
  return free.get(size)!.pop() ?? new ReceiveBuffer(size);
}

function reuse(buffer: ReceiveBuffer): void {
  const others = free.get(buffer.bytes.length)!;
  if (others.length < MOST_FREE) others.push(buffer);
}
