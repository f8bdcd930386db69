import type { Socket, SocketHandler } from "bun";

/** Thrown by `receive` when nothing arrived in time. The exercise had no deadline and waited for ever. */
export class DeadlinePassed extends Error {
  constructor(milliseconds: number) {
    super(`nothing arrived within ${milliseconds} ms`);
  }
}

// Enough for any one read here; beyond it the kernel holds the bytes, as it did in the exercise.
const ARRIVED_LIMIT = 64 * 1024;

/**
 * The two calls the exercise is built on, `recv` and `send`, over a Bun socket.
 *
 * `receive` keeps the meaning of `recv`: up to `limit` bytes of the data that has arrived,
 * however it was sent. Only one call may wait at a time, which the protocol never needs.
 */
export class BlockingSocket implements Disposable {
  readonly #socket: Socket<BlockingSocket>;
  #arrived: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor(socket: Socket<BlockingSocket>) {
    this.#socket = socket;
  }

  /** What has arrived, up to `limit` bytes; empty once the peer has ended. */
  async receive(limit: number, deadline?: number): Promise<Buffer> {
    while (this.#arrived.length === 0 && !this.#ended) await this.#nextEvent(deadline);
    const read = this.#arrived.subarray(0, limit);
    this.#arrived = this.#arrived.subarray(limit);
    if (!this.#ended && this.#arrived.length < ARRIVED_LIMIT) this.#socket.resume();
    return read;
  }

  /** Returns when the kernel has taken every byte, as a blocking `send` does. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    let sent = 0;
    while (sent < bytes.length) {
      const accepted = this.#socket.write(bytes, sent, bytes.length - sent);
      if (accepted < 0) throw new Error("the connection is closed");
      sent += accepted;
      // A short count means that the kernel's buffer is full. The tail is ours until `drain`.
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

  /** Handlers for Bun, with `serve` started for every socket that opens. */
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
