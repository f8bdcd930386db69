import { LeatError } from "../errors.ts";
import { CLOSE_DEADLINE, MiB } from "../limits.ts";
import type { Transport, TransportHandler } from "../net/transport.ts";
import { MessageDecoder, type Decoder, type Encoder } from "../wire/delimited.ts";
import { SendBuffer } from "./send-buffer.ts";

/** Both directions of a schema; `{ encode: Question.encode, decode: Answer.decode }` joins two. */
export interface Codec<Send, Receive = Send> extends Encoder<Send>, Decoder<Receive> {}

/** The codec of a channel, and its bounds. */
export interface ChannelOptions<Send, Receive> {
  /** Encodes and decodes the messages. */
  readonly codec: Codec<Send, Receive>;
  /** The longest message, sent or received, in bytes without its length. */
  readonly maxLength: number;
  /** Bytes that may wait to be written before `send` returns false: 1 MiB unless given. */
  readonly maxQueued?: number | undefined;
  /** How long `close` waits for the peer to end its side, in milliseconds: 5000 unless given. */
  readonly closeDeadline?: number | undefined;
}

let create: <Send, Receive>(
  transport: Transport,
  options: ChannelOptions<Send, Receive>,
) => { channel: Channel<Send, Receive>; handler: TransportHandler };

/**
 * Typed messages over one transport, delimited, with backpressure both ways.
 *
 * Sending: `send` queues a message, and returns whether the next one may follow at once. After `false`
 * wait for `drained()`; without that the next `send` throws, so that a peer that reads nothing costs at
 * most `maxQueued` bytes and one message.
 *
 * Receiving: iterate, or call `receive`. Messages are decoded when they are received, and the socket is
 * not read while more than one chunk waits for that. Leaving a loop early closes nothing: a later loop
 * continues.
 *
 * The end: `shutdown` tells the peer that nothing more will be sent; when both sides have done so, the
 * connection is closed. `close`, or `await using`, does that and drops the messages that still arrive.
 */
export class Channel<Send, Receive = Send> implements AsyncIterable<Receive>, AsyncDisposable {
  /** The address of the peer, for logs: `127.0.0.1:40312`. */
  readonly peer: string;

  readonly #transport: Transport;
  readonly #codec: Codec<Send, Receive>;
  readonly #maxLength: number;
  readonly #maxQueued: number;
  readonly #closeDeadline: number;
  readonly #decoder: MessageDecoder<Receive>;
  readonly #unsent = new SendBuffer();
  readonly #whenClosed = Promise.withResolvers<void>();

  /** A `receive` that waits for the next message. */
  #receiver: PromiseWithResolvers<Receive | undefined> | undefined;
  /** A `drained` that waits for an empty queue. */
  #drain: PromiseWithResolvers<void> | undefined;
  /** The first error that ended it; undefined when it ended in order. */
  #failure: LeatError | undefined;
  #flushing = false;
  #blocked = false;
  #unread = false;
  #paused = false;
  /** A message could not be decoded: nothing behind it is trusted. */
  #broken = false;
  /** `close` was called: what arrives is dropped. */
  #discarding = false;
  #shutDown = false;
  #finSent = false;
  #finSeen = false;
  #closed = false;

  private constructor(transport: Transport, options: ChannelOptions<Send, Receive>) {
    this.peer = transport.peer;
    this.#transport = transport;
    this.#codec = options.codec;
    this.#maxLength = options.maxLength;
    this.#maxQueued = options.maxQueued ?? MiB;
    this.#closeDeadline = options.closeDeadline ?? CLOSE_DEADLINE;
    this.#decoder = new MessageDecoder(options.codec, { maxLength: options.maxLength });
  }

  static {
    create = (transport, options) => {
      const channel = new Channel(transport, options);
      const handler: TransportHandler = {
        onData: (chunk) => channel.#onData(chunk),
        onDrain: () => channel.#flush(),
        onEnd: () => channel.#onEnd(),
        onClose: (error) => channel.#onClose(error),
      };
      return { channel, handler };
    };
  }

  /** Whether messages can be sent: neither side has closed, and `shutdown` was not called. */
  get open(): boolean {
    return !this.#shutDown && !this.#closed;
  }

  /** Bytes that wait to be written. */
  get queued(): number {
    return this.#unsent.length;
  }

  /** Settles when the connection is gone, whatever the reason; never rejects. */
  get closed(): Promise<void> {
    return this.#whenClosed.promise;
  }

  // ---- sending ----

  /**
   * Queues a message; those of one turn leave together.
   * @returns false when it is queued, but the next one has to wait for {@link drained}
   * @throws LeatError RESOURCE_EXHAUSTED when the queue is full; TOO_LARGE above
   *   maxLength; CONNECTION_LOST, or the first failure, when the channel is not {@link open}
   */
  send(message: Send): boolean {
    if (!this.open) throw this.#failure ?? this.#notOpen();
    if (this.#unsent.length >= this.#maxQueued) throw this.#full();
    const encoded = this.#codec.encode(message);
    const bytes = encoded instanceof Uint8Array ? encoded : encoded.finish();
    if (bytes.length > this.#maxLength) {
      const text = `a message has ${bytes.length} bytes, but at most ${this.#maxLength} may be sent`;
      throw new LeatError("TOO_LARGE", text);
    }
    this.#unsent.append(bytes);
    this.#flushSoon();
    return this.#unsent.length < this.#maxQueued;
  }

  /** Resolves when nothing waits to be written; rejects when the channel ends before that. */
  drained(): Promise<void> {
    if (this.#unsent.length === 0) return Promise.resolve();
    if (this.#closed) return Promise.reject(this.#failure ?? this.#notOpen());
    this.#drain ??= Promise.withResolvers();
    return this.#drain.promise;
  }

  /** Nothing more will be sent: the peer sees the end once it has read what is queued. */
  shutdown(): void {
    this.#shutDown = true;
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing || this.#blocked) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const unsent = this.#unsent;
    if (this.#closed) return;
    if (unsent.length > 0) {
      const written = this.#transport.write(unsent.bytes, unsent.start, unsent.length);
      // -1: the transport is closed, and calls onClose.
      if (written > 0) unsent.skip(written);
    }
    this.#blocked = unsent.length > 0;
    if (this.#blocked) return;
    this.#drain?.resolve();
    this.#drain = undefined;
    if (!this.#shutDown || this.#finSent) return;
    this.#finSent = true;
    this.#transport.shutdown();
    this.#closeWhenDone();
  }

  // ---- receiving ----

  /**
   * @returns the next message; undefined when the peer has ended its side, or after `close`
   * @throws LeatError when the peer broke off, or sent bytes that are no message or one above maxLength
   */
  async receive(): Promise<Receive | undefined> {
    if (this.#receiver !== undefined) {
      throw new LeatError("INTERNAL", "a receive() is waiting already: one loop reads a channel");
    }
    const message = this.#next();
    if (message !== undefined || this.#isOver()) return message;
    const receiver = Promise.withResolvers<Receive | undefined>();
    this.#receiver = receiver;
    this.#resume();
    return receiver.promise;
  }

  /** The messages as they come, until the peer ends its side. */
  [Symbol.asyncIterator](): AsyncIterator<Receive, undefined> {
    return {
      next: async (): Promise<IteratorResult<Receive, undefined>> => {
        const value = await this.receive();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  /** The next message that has arrived. The channel is closed when its bytes are no message. */
  #next(): Receive | undefined {
    if (this.#discarding || this.#broken) return undefined;
    try {
      const message = this.#decoder.next();
      this.#unread = message !== undefined;
      return message;
    } catch (error) {
      this.#broken = true;
      throw this.#fail(LeatError.from(error));
    }
  }

  /** Whether no message can follow, when none is left. @throws LeatError when it did not end in order */
  #isOver(): boolean {
    if (this.#discarding) return true;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#finSeen || this.#closed) this.#decoder.end();
    return this.#finSeen || this.#closed;
  }

  #onData(chunk: Uint8Array): void {
    if (this.#discarding) return;
    if (this.#unread && !this.#paused) {
      this.#paused = true;
      this.#transport.pause();
    }
    this.#decoder.push(chunk);
    this.#unread = true;
    this.#wake();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
  }

  /** Gives a waiting `receive` the next message, or the end. */
  #wake(): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    try {
      const message = this.#next();
      if (message === undefined && !this.#isOver()) return;
      this.#receiver = undefined;
      receiver.resolve(message);
    } catch (error) {
      this.#receiver = undefined;
      receiver.reject(error);
    }
  }

  // ---- the end ----

  /**
   * Sends the queued messages and FIN, waits for the peer's FIN, and closes. Messages that arrive
   * meanwhile are dropped. After the closeDeadline the connection is cut.
   */
  async close(): Promise<void> {
    this.#discarding = true;
    this.#wake();
    this.shutdown();
    if (this.#closed) return;
    this.#resume();
    const timer = setTimeout(() => this.#transport.close(), this.#closeDeadline);
    await this.#whenClosed.promise;
    clearTimeout(timer);
  }

  /** Closes at once; queued messages are lost, and the peer may see a reset. */
  abort(reason: LeatError = new LeatError("CANCELLED", "the channel was given up")): void {
    if (!this.#closed) this.#fail(reason);
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onEnd(): void {
    this.#finSeen = true;
    this.#wake();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#finSent && this.#finSeen && !this.#closed) this.#transport.close();
  }

  /** The transport is gone. */
  #onClose(error: Error | undefined): void {
    this.#closed = true;
    if (error !== undefined) this.#failure ??= lost(this.peer, error);
    this.#drain?.reject(this.#failure ?? this.#notOpen());
    this.#drain = undefined;
    this.#wake();
    this.#whenClosed.resolve();
  }

  #fail(error: LeatError): LeatError {
    this.#failure ??= error;
    if (!this.#closed) this.#transport.close();
    return this.#failure;
  }

  #notOpen(): LeatError {
    const why = this.#shutDown ? "was shut down" : "is closed";
    return new LeatError("CONNECTION_LOST", `the channel with ${this.peer} ${why}`);
  }

  #full(): LeatError {
    const { length } = this.#unsent;
    const text = `${length} bytes wait for ${this.peer}, and ${this.#maxQueued} are the most`;
    return new LeatError(
      "RESOURCE_EXHAUSTED",
      `${text}: wait for drained() when send() returns false`,
    );
  }
}

/** A channel over a transport that just opened, and the handler for its events. @internal */
export const createChannel = create;

function lost(peer: string, cause: Error): LeatError {
  const known = LeatError.from(cause, `the channel with ${peer}`);
  if (known.code !== "INTERNAL") return known;
  return new LeatError("CONNECTION_LOST", known.message, { cause });
}
