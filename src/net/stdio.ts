/**
 * A transport over two descriptors, one to read and one to write: the standard streams of a process that
 * ssh has started. They may be pipes, or two sockets.
 *
 * The runtime reads and writes them, without blocking this thread. It would queue all that it is given to
 * write: so it is given STDIO_WRITE bytes at most, and nothing more until the other side has taken those.
 */
import { closeSync, fstatSync, openSync, type Stats } from "node:fs";
import { LeatError } from "../errors.ts";
import { STDIO_PIPE, STDIO_WRITE } from "../limits.ts";
import { duplicate, redirect, setPipeSize } from "./duplicate.ts";
import { adopt } from "./handover.ts";
import type { Accept, Transport, TransportHandler } from "./transport.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** The standard streams, as they are used. */
export interface OpenedStdio {
  /** Resolves when all that was written has left, or nothing reads it: once the transport is closed. */
  readonly drained: Promise<void>;
}

/**
 * Takes the standard streams of this process over, and hands them to `accept` as one transport. What the
 * process prints later goes to stderr: no stray line can come among the bytes of the transport.
 * @param peer its name, for logs
 * @throws INVALID_ARGUMENT: they are no pipes and no sockets
 */
export async function openStdio(peer: string, accept: Accept): Promise<OpenedStdio> {
  const [input, output] = [statsOf(STDIN), statsOf(STDOUT)];
  if (!isStream(input) || !isStream(output)) {
    const message =
      "standard input and output are not pipes: `leat client --server ssh://…` starts it";
    throw new LeatError("INVALID_ARGUMENT", message);
  }
  const isOne = input.isSocket() && input.ino === output.ino && input.dev === output.dev;
  const reading = duplicate(STDIN);
  const writing = isOne ? undefined : duplicate(STDOUT);
  const nothing = openSync("/dev/null", "r");
  redirect(STDIN, nothing);
  closeSync(nothing);
  redirect(STDOUT, STDERR);
  if (writing !== undefined) return joinDescriptors(reading, writing, peer, accept);
  await adopt(reading, peer, accept);
  return { drained: Promise.resolve() };
}

function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined; // it was started with the stream closed
  }
}

function isStream(stats: Stats | undefined): stats is Stats {
  return stats?.isFIFO() === true || stats?.isSocket() === true;
}

/** Takes both descriptors over, and hands them to `accept` as one transport. @param input is read, and `output` written */
export function joinDescriptors(
  input: number,
  output: number,
  peer: string,
  accept: Accept,
): OpenedStdio {
  return new StdioTransport(input, output, peer, accept);
}

type Reader = ReturnType<typeof readerOf>;
type Chunk = Awaited<ReturnType<Reader["read"]>>;

const readerOf = (fd: number) => Bun.file(fd).stream().getReader();

class StdioTransport implements Transport {
  readonly peer: string;
  /** As private as the program at the other end makes it: ssh encrypts. */
  readonly isPrivate = true;
  /** Until it is closed. */
  #handler: TransportHandler | undefined;
  readonly #input: number;
  readonly #output: number;
  readonly #reader: Reader;
  readonly #sink: Bun.FileSink;
  readonly #drained = Promise.withResolvers<void>();
  #isPaused = false;
  /** A chunk is awaited. */
  #isReading = false;
  /** Came while it was paused: a chunk, or the end. */
  #held: Chunk | undefined;
  /** The runtime has bytes that the other side has not taken. */
  #isFull = false;
  #isShut = false;

  /** Takes both descriptors over. */
  constructor(input: number, output: number, peer: string, accept: Accept) {
    this.peer = peer;
    this.#input = input;
    this.#output = output;
    for (const fd of [input, output]) setPipeSize(fd, STDIO_PIPE);
    this.#reader = readerOf(input);
    this.#sink = Bun.file(output).writer({ highWaterMark: STDIO_WRITE });
    this.#handler = accept(this);
    this.#read();
  }

  /** Resolves when all that was written has left, or nothing reads it: after `shutdown` or `close`. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.#handler === undefined || this.#isShut) return -1;
    let taken = 0;
    try {
      // Less is taken only when `onDrain` will come.
      while (taken < length && !this.#isFull) {
        const count = Math.min(length - taken, STDIO_WRITE);
        this.#give(bytes.subarray(offset + taken, offset + taken + count));
        taken += count;
      }
      return taken;
    } catch (thrown) {
      queueMicrotask(() => this.#fail(thrown));
      return -1;
    }
  }

  free(chunk: Uint8Array): void {
    const { buffer } = chunk;
    // The memory of a chunk is its own; if the runtime ever shares it, the collector frees it.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    // Not inside of this call: as a socket, it delivers later.
    queueMicrotask(() => this.#deliver());
  }

  shutdown(): void {
    if (this.#isShut) return;
    this.#isShut = true;
    void this.#endOutput();
  }

  close(): void {
    this.#end(undefined);
  }

  /** @throws EPIPE: nothing reads it any more; where that shows later, the transport ends then */
  #give(bytes: Uint8Array): void {
    const written = this.#sink.write(bytes);
    // It may be refused before `flush` has been called.
    if (typeof written !== "number") written.catch((thrown: unknown) => this.#fail(thrown));
    const flushed = this.#sink.flush();
    if (typeof written === "number" && typeof flushed === "number") return;
    this.#isFull = true;
    Promise.all([written, flushed]).then(
      () => this.#onTaken(),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #read(): void {
    if (this.#isReading || this.#handler === undefined) return;
    this.#isReading = true;
    this.#reader.read().then(
      (result) => {
        this.#isReading = false;
        this.#held = result;
        this.#deliver();
      },
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #deliver(): void {
    const held = this.#held;
    if (held === undefined || this.#isPaused || this.#handler === undefined) return;
    this.#held = undefined;
    try {
      if (held.done) return this.#handler.onEnd();
      this.#handler.onData(held.value);
    } catch (thrown) {
      // A defect: the connection goes, the process stays.
      console.error(thrown);
      return this.#fail(thrown);
    }
    this.#read();
  }

  #onTaken(): void {
    this.#isFull = false;
    try {
      if (!this.#isShut) this.#handler?.onDrain();
    } catch (thrown) {
      console.error(thrown);
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    this.#end(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  #end(error: Error | undefined): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#handler = undefined;
    this.#held = undefined;
    this.#reader.cancel().catch(() => {});
    closeSync(this.#input);
    this.shutdown();
    handler.onClose(error);
  }

  /** Sends what the runtime still has, then the end. */
  async #endOutput(): Promise<void> {
    try {
      await this.#sink.end();
    } catch {
      // Nothing reads it any more: #fail has been called, or nobody is left to tell.
    }
    closeSync(this.#output);
    this.#drained.resolve();
  }
}
