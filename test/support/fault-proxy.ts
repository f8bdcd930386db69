/** Stands between a client and a server, and does to their bytes what a test wants. */

import { isSecured } from "./tls.ts";
import { type Fault, type FaultCounts, Line, type Socket } from "./fault-line.ts";

export type { Fault } from "./fault-line.ts";

export class FaultProxy implements Disposable {
  /** Bytes that went to clients, and to servers, over all connections. */
  down = 0;
  up = 0;
  /** Connections so far. */
  connections = 0;
  /** What came true of the faults. */
  readonly counts: FaultCounts = {
    cuts: 0,
    resets: 0,
    stalls: 0,
    flips: 0,
    delayed: 0,
    slices: 0,
  };
  /** Where new connections lead. */
  port: number;
  readonly #listener: Bun.TCPSocketListener<Line>;
  readonly #sockets = new Set<Socket>();

  /** @param fault of the connection with this number, from 0 */
  constructor(port: number, fault: (connection: number) => Fault) {
    this.port = port;
    const handlers = {
      data: (socket: Socket, chunk: Uint8Array) => socket.data.push(chunk),
      drain: (socket: Socket) => socket.data.other?.flush(),
      end: (socket: Socket) => socket.data.end(),
      close: (socket: Socket) => {
        this.#sockets.delete(socket);
        // Both directions of a connection that was reset are gone.
        socket.data.lost();
        socket.data.other?.deaf();
      },
      error: () => {},
    };
    this.#listener = Bun.listen<Line>({
      hostname: "127.0.0.1",
      port: 0,
      allowHalfOpen: true,
      socket: {
        ...handlers,
        open: (client) => void this.#open(client, fault(this.connections++), handlers),
      },
    });
  }

  get address(): string {
    const address = `127.0.0.1:${this.#listener.port}`;
    return isSecured(this.port) ? `tls://${address}` : address;
  }

  /** Resets everything that is open. */
  reset(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
    this.reset();
  }

  async #open(
    client: Socket,
    fault: Fault,
    handlers: Omit<Bun.SocketHandler<Line>, "open">,
  ): Promise<void> {
    const up = new Line(fault, "up", (bytes) => (this.up += bytes), this.counts);
    const down = new Line(fault, "down", (bytes) => (this.down += bytes), this.counts);
    up.other = down;
    down.other = up;
    client.data = up;
    up.from = client;
    down.to = client;
    this.#sockets.add(client);
    try {
      await Bun.connect<Line>({
        hostname: "127.0.0.1",
        port: this.port,
        allowHalfOpen: true,
        data: down,
        socket: {
          ...handlers,
          open: (server) => {
            this.#sockets.add(server);
            up.to = server;
            down.from = server;
            up.flush();
          },
        },
      });
    } catch {
      client.terminate();
    }
  }
}
