import type { Socket, SocketHandler } from "bun";

/** Thrown by `receive` when nothing arrived in time. The exercise had no deadline and waited for ever. */
export class DeadlinePassed extends Error {
  constructor(milliseconds: number) {
    super(`nothing arrived within ${milliseconds} ms`);
  }
}

// This is more than any read here needs. Further bytes stay in the kernel, as they did in the exercise.
const ARRIVED_LIMIT = 64 * 1024;

/**
 * The calls `recv` and `send`, on which the exercise is built, for a Bun socket.
 *
 * `receive` has the meaning of `recv`: it returns up to `limit` bytes that have arrived, no matter how they were
 * sent. Only one call may wait at a time; the protocol needs no more.
 */
export class BlockingSocket implements Disposable {
  readonly #socket: Socket<BlockingSocket>;
  #arrived: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor(socket: Socket<BlockingSocket>) {
    this.#socket = socket;
  }

  /** Returns up to `limit` bytes that have arrived, or nothing after the peer has ended. */
  async receive(limit: number, deadline?: number): Promise<Buffer> {
    while (this.#arrived.length === 0 && !this.#ended) await this.#nextEvent(deadline);
    const read = this.#arrived.subarray(0, limit);
    this.#arrived = this.#arrived.subarray(limit);
    if (!this.#ended && this.#arrived.length < ARRIVED_LIMIT) this.#socket.resume();
    return read;
  }

  /** Returns when the kernel has accepted every byte, as a blocking `send` does. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    let sent = 0;
    while (sent < bytes.length) {
      const accepted = this.#socket.write(bytes, sent, bytes.length - sent);
      if (accepted < 0) throw new Error("the connection is closed");
      sent += accepted;
      // If the kernel accepted fewer bytes, its buffer is full. Wait for `drain`, and send the rest then.
      if (sent < bytes.length) await this.#nextEvent();
    }
  }

  close(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #nextEvent(deadline?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer =
        deadline === undefined
          ? undefined
          : setTimeout(() => reject(new DeadlinePassed(deadline)), deadline);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Handlers for Bun. They call `serve` for every socket that opens. */
  static handlers(serve?: (socket: BlockingSocket) => void): SocketHandler<BlockingSocket> {
    const ended = (socket: Socket<BlockingSocket>): void => {
      socket.data.#ended = true;
      socket.data.#wake();
    };
    return {
      open(socket) {
        socket.data = new BlockingSocket(socket);
        serve?.(socket.data);
      },
      data(socket, bytes) {
        const self = socket.data;
        self.#arrived = Buffer.concat([self.#arrived, bytes]);
        if (self.#arrived.length >= ARRIVED_LIMIT) socket.pause();
        self.#wake();
      },
      drain(socket) {
        socket.data.#wake();
      },
      end: ended,
      close: ended,
    };
  }

  static async connect(port: number): Promise<BlockingSocket> {
    const socket = await Bun.connect<BlockingSocket>({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: true,
      socket: BlockingSocket.handlers(),
    });
    return socket.data;
  }
}
