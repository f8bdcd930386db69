/** Stands between a client and a server, and does to their bytes what a test wants. */

/** What happens to one connection. Counts are of bytes in one direction, from its start. */
export interface Fault {
  /** The connection ends when so many bytes went to the client. */
  readonly cutDown?: number;
  /** The connection ends when so many bytes went to the server. */
  readonly cutUp?: number;
  /** It ends by a reset: what was on its way is lost, too. */
  readonly reset?: boolean;
  /** Nothing more goes to the client behind so many bytes; the connection stays. */
  readonly stallDown?: number;
  /** Nothing more goes to the server behind so many bytes; the connection stays. */
  readonly stallUp?: number;
  /** These bits of the bytes to the client arrive flipped; ascending. */
  readonly flipDown?: readonly number[];
}

type Socket = Bun.Socket<Line>;

/** One direction of a connection. */
class Line {
  from: Socket | undefined;
  to: Socket | undefined;
  /** Bytes that went through. */
  passed = 0;
  /** What the receiver has not taken yet. */
  readonly #waiting: Uint8Array[] = [];
  #ended = false;
  readonly #cut: number;
  readonly #stall: number;
  readonly #flip: readonly number[];
  readonly #reset: boolean;
  readonly #counted: (bytes: number) => void;
  other: Line | undefined;

  constructor(fault: Fault, way: "up" | "down", counted: (bytes: number) => void) {
    const { cutUp, cutDown, stallUp, stallDown, flipDown } = fault;
    this.#cut = (way === "up" ? cutUp : cutDown) ?? Number.POSITIVE_INFINITY;
    this.#stall = (way === "up" ? stallUp : stallDown) ?? Number.POSITIVE_INFINITY;
    this.#flip = way === "up" ? [] : (flipDown ?? []);
    this.#reset = fault.reset === true;
    this.#counted = counted;
  }

  push(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.flush();
  }

  flush(): void {
    while (this.to !== undefined && this.#waiting.length > 0) {
      const chunk = this.#waiting[0]!;
      const room = Math.min(this.#cut, this.#stall) - this.passed;
      if (room <= 0) return this.#full();
      const bytes = this.#damaged(chunk.subarray(0, Math.min(chunk.length, room)));
      const taken = this.to.write(bytes, 0, bytes.length);
      if (taken < 0) return;
      this.passed += taken;
      this.#counted(taken);
      if (taken < chunk.length) this.#waiting[0] = chunk.subarray(taken);
      else this.#waiting.shift();
      if (taken < bytes.length) return void this.from?.pause();
    }
    if (this.passed >= this.#cut) return this.#full();
    this.from?.resume();
    if (this.#ended) this.to?.shutdown();
  }

  end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0) this.to?.shutdown();
  }

  /** As `end`, and what a stall holds back is lost. */
  lost(): void {
    if (this.passed >= this.#stall) this.#waiting.length = 0;
    this.end();
  }

  #full(): void {
    if (this.passed < this.#cut) return void this.from?.pause();
    this.#waiting.length = 0;
    this.from?.terminate();
    if (this.#reset) this.to?.terminate();
    else this.to?.shutdown();
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const end = this.passed + bytes.length;
    const flips = this.#flip.filter((bit) => bit >= this.passed * 8 && bit < end * 8);
    if (flips.length === 0) return bytes;
    const copy = bytes.slice();
    for (const bit of flips) copy[Math.floor(bit / 8) - this.passed]! ^= 1 << (bit % 8);
    return copy;
  }
}

export class FaultProxy implements Disposable {
  /** Bytes that went to clients, and to servers, over all connections. */
  down = 0;
  up = 0;
  /** Connections so far. */
  connections = 0;
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
    return `127.0.0.1:${this.#listener.port}`;
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
    const up = new Line(fault, "up", (bytes) => (this.up += bytes));
    const down = new Line(fault, "down", (bytes) => (this.down += bytes));
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
