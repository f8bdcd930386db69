/**
 * A transport whose socket is read by `DirectReader` while much comes. The runtime begins; a few long
 * chunks in a row hand the socket over. It goes back when nothing has come for a while, and when the
 * bytes are not used at once: then a slow disk, or a slow reader, is what all wait for. The peer's FIN
 * is always seen by the runtime.
 */
import { DIRECT_READ, LONG_CHUNK, LONG_CHUNKS, QUIET_SOCKET } from "../limits.ts";
import { DirectReader, type DirectSocket } from "./direct-reader.ts";
import { EAGAIN, EINTR, ReceiveBuffer } from "./socket-calls.ts";
import type { Accept, Transport, TransportHandler } from "./transport.ts";

/** All sockets of this thread. */
const reader = new DirectReader();

/** Buffers that nothing is in. */
const free: ReceiveBuffer[] = [];
const MOST_FREE = 4;

export class DirectReads implements Transport, TransportHandler, DirectSocket {
  readonly #socket: Transport;
  readonly #handler: TransportHandler;
  /** The handler has a chunk of it, and has not freed it. */
  #lent: ReceiveBuffer | undefined;
  #isDirect = false;
  #isPaused = false;
  #isClosed = false;
  /** Our FIN was sent. */
  #isShut = false;
  /** Of the runtime, in a row. */
  #longChunks = 0;
  /** When bytes last came, in milliseconds. */
  #cameAt = 0;

  constructor(socket: Transport, accept: Accept) {
    this.#socket = socket;
    this.#handler = accept(this);
  }

  // ---- Transport ----

  get peer(): string {
    return this.#socket.peer;
  }

  get fd(): number {
    return this.#socket.fd ?? -1;
  }

  get isLocal(): boolean {
    return this.#socket.isLocal === true;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    return this.#socket.write(bytes, offset, length);
  }

  free(chunk: Uint8Array): void {
    const buffer = this.#lent;
    if (buffer?.bytes.buffer !== chunk.buffer) return this.#socket.free(chunk);
    this.#lent = undefined;
    reuse(buffer);
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
    // What follows is short, and the runtime may close a socket that it does not read once it has both FINs.
    this.#giveBack();
    this.#isShut = true;
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.close();
  }

  // ---- TransportHandler: what the runtime says of the socket ----

  onData(chunk: Uint8Array): void {
    this.#longChunks = chunk.length < LONG_CHUNK ? 0 : this.#longChunks + 1;
    this.#handler.onData(chunk);
    if (this.#longChunks < LONG_CHUNKS) return;
    if (this.#isPaused || this.#isClosed || this.#isShut || !reader.canRead(this.fd)) return;
    this.#isDirect = true;
    this.#cameAt = performance.now();
    this.#socket.pause();
    reader.add(this);
  }

  onDrain(): void {
    if (!this.#isClosed) this.#handler.onDrain();
  }

  onEnd(): void {
    if (!this.#isClosed) this.#handler.onEnd();
  }

  onClose(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    reader.remove(this);
    this.#handler.onClose(error);
  }

  // ---- DirectSocket ----

  read(): boolean {
    const buffer = free.pop() ?? new ReceiveBuffer(DIRECT_READ);
    const received = buffer.receive(this.fd);
    if (received > 0) return this.#give(buffer, received) && received === DIRECT_READ;
    reuse(buffer);
    if (received === 0) this.#giveBack();
    else if (received !== -EAGAIN && received !== -EINTR) {
      // The system says an error once: from then on the runtime would see a FIN.
      this.#fail(new Error(`recv failed: errno ${-received}`));
    }
    return false;
  }

  quiet(now: number): void {
    if (now - this.#cameAt > QUIET_SOCKET) this.#giveBack();
  }

  /** @returns whether it is still read here */
  #give(buffer: ReceiveBuffer, length: number): boolean {
    this.#cameAt = performance.now();
    // A handler may keep a chunk for long: a short one does not keep the whole buffer with it.
    const isLong = length >= LONG_CHUNK;
    const chunk = isLong ? buffer.bytes.subarray(0, length) : buffer.bytes.slice(0, length);
    if (isLong) this.#lent = buffer;
    else reuse(buffer);
    try {
      this.#handler.onData(chunk);
    } catch (thrown) {
      // A defect. The connection goes, the process stays.
      this.#fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    if (this.#lent !== undefined) this.#giveBack();
    return this.#isDirect && !this.#isPaused && !this.#isClosed;
  }

  /** From now on the runtime reads. What the handler has not freed is the collector's. */
  #giveBack(): void {
    if (!this.#isDirect || this.#isClosed) return;
    this.#isDirect = false;
    this.#lent = undefined;
    this.#longChunks = 0;
    reader.remove(this);
    if (!this.#isPaused) this.#socket.resume();
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    reader.remove(this);
    this.#socket.close();
    this.#handler.onClose(error);
  }
}

function reuse(buffer: ReceiveBuffer): void {
  if (free.length < MOST_FREE) free.push(buffer);
}
