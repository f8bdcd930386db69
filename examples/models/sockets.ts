import type { Socket, TCPSocketConnectOptions, TCPSocketListener } from "bun";
import { parseArgs } from "node:util";
import { BlockingSocket } from "../exercise/blocking-socket.ts";

/** Bun sets `fd` on sockets, though its types do not have it. It is -1 after the socket is closed. */
export type Client = Socket<BlockingSocket> & { readonly fd: number };

/** The most clients that may wait; the next one is refused. The exercise set this with `listen(5)`. */
const WAITING_LIMIT = 128;

/**
 * A listening socket with a function `accept`, like the one that the exercise uses.
 *
 * Bun accepts clients by itself and calls a function for each. The accepted sockets wait in a queue here until
 * `accept` takes one. They are paused, so Bun reads nothing from them. The bytes that a client sends stay in the
 * kernel until the client is served, which may be in another process.
 */
export class Listener {
  readonly #waiting: Client[] = [];
  readonly #listener: TCPSocketListener<BlockingSocket>;
  #wake = (): void => {};

  private constructor(hostname: string, port: number) {
    const handlers = BlockingSocket.handlers();
    this.#listener = Bun.listen<BlockingSocket>({
      hostname,
      port,
      // A client may end its side and still wait for an answer.
      allowHalfOpen: true,
      socket: {
        ...handlers,
        open: (socket) => {
          handlers.open?.(socket);
          if (this.#waiting.length >= WAITING_LIMIT) return void socket.close();
          socket.pause();
          this.#waiting.push(socket as Client);
          this.#wake();
        },
      },
    });
  }

  /** Listens on `--host` (127.0.0.1) and `--port` (8888; 0 picks a free one), and prints the address. */
  static fromArguments(): Listener {
    const { values } = parseArgs({
      options: {
        host: { type: "string", default: "127.0.0.1" },
        port: { type: "string", default: "8888" },
      },
    });
    const self = new Listener(values.host, Number(values.port));
    console.log(`listening on ${values.host}:${self.#listener.port}`);
    return self;
  }

  /** The next client, still paused. Prints its address. */
  async accept(): Promise<Client> {
    while (true) {
      const client = this.#waiting.shift();
      if (client === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (client.fd !== -1) {
        console.log(`connect from ${client.remoteAddress}:${client.remotePort}`);
        return client;
      } // Otherwise it has left while it waited.
    }
  }

  stop(): void {
    this.#listener.stop(true);
  }
}

/**
 * Takes over a connection that another process or thread has accepted.
 * @param fd its descriptor, which belongs to the socket from here on
 */
export async function adopt(fd: number): Promise<BlockingSocket> {
  const options = { fd, allowHalfOpen: true, socket: BlockingSocket.handlers() };
  // Bun accepts a descriptor in place of an address, but the types of `connect` do not have it.
  const typed = options as unknown as TCPSocketConnectOptions<BlockingSocket>;
  return (await Bun.connect(typed)).data;
}

/** Runs `leave` once and exits, on Ctrl-C or SIGTERM. */
export function onCtrlC(leave: () => void | Promise<void>): void {
  const exit = async (): Promise<void> => {
    console.log("exit");
    await leave();
    process.exit(0);
  };
  process.once("SIGINT", () => void exit());
  process.once("SIGTERM", () => void exit());
}
