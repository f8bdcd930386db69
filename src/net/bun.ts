/** Listens and connects by Bun's TCP and Unix sockets. */
import { LeatError } from "../errors.ts";
import { KEEPALIVE, UNIX_PATH_BYTES } from "../limits.ts";
import { BunTransport, type Socket, type SocketData } from "./bun-transport.ts";
import { type DirectReads, directReads } from "./direct-reads.ts";
import { duplicate } from "./duplicate.ts";
import { isLoopback, isUnspecified } from "./loopback.ts";
import { setNotSentLowWater } from "./socket-options.ts";
import { clientOptions, serverOptions, withoutTls } from "./tls.ts";
import type { ClientTls, ServerTls } from "./tls-options.ts";
import { trustInClients, trustInServer } from "./tls-peer.ts";
import { secureHandlers, upgradingHandlers } from "./tls-sockets.ts";
import type { Accept, Address, Listener } from "./transport.ts";

/**
 * Takes an opened socket away, to be served elsewhere or not at all: nothing was read from it yet, and
 * this process closes its own descriptor as soon as this returns.
 * @returns whether it did; else the socket is served by the handler
 */
export type Divert = (fd: number, peer: string) => boolean;

/** A listener, and the descriptor of its socket. */
export interface SocketListener extends Listener {
  readonly fd: number;
  /** With TLS: clients that come from now on get this certificate. @throws INVALID_ARGUMENT: it has none */
  secure(tls: ServerTls): void;
}

export interface ListenOptions {
  readonly divert?: Divert | undefined;
  /** What the environment says unless given. */
  readonly reads?: DirectReads | undefined;
  /** Missing: the bytes are sent as they are. */
  readonly tls?: ServerTls | undefined;
  /** Of a socket that listens on the address already. */
  readonly fd?: number | undefined;
}

export interface ConnectOptions {
  /** Once it is aborted, a socket that opens after all is closed before anything is sent. */
  readonly signal?: AbortSignal | undefined;
  /** What the environment says unless given. */
  readonly reads?: DirectReads | undefined;
  /** Missing: the bytes are sent as they are. */
  readonly tls?: ClientTls | undefined;
}

/**
 * One set of handlers for all sockets of an `accept`; each has its own `socket.data`.
 * @throws INVALID_ARGUMENT for what the environment says of direct reads
 */
export function handlers(
  accept: Accept,
  name: (socket: Bun.Socket<unknown>) => string,
  divert?: Divert,
  reads: DirectReads = directReads(),
): Bun.SocketHandler<SocketData> {
  return {
    open(opened) {
      const socket = opened as Socket;
      if (divert?.(socket.fd, name(socket)) === true) {
        socket.close();
        return;
      }
      const transport = new BunTransport(socket, name(socket), reads);
      setNotSentLowWater(socket.fd);
      socket.setKeepAlive(true, KEEPALIVE);
      socket.data = transport;
      transport.handler = accept(transport);
      transport.opened();
    },
    data(socket, chunk) {
      socket.data?.onData(chunk);
    },
    drain(socket) {
      socket.data?.handler?.onDrain();
    },
    end(socket) {
      socket.data?.handler?.onEnd();
    },
    close(socket, error) {
      socket.data?.end(error ?? undefined);
    },
    error(socket, error) {
      if (socket.data === undefined) socket.terminate();
      else socket.data.defect(error);
    },
  };
}

/** Bun takes a descriptor here, too, and either kind of address; its types do not say so. */
export function socketOptions<Data>(
  where: Address | { readonly fd: number },
  socket: Bun.SocketHandler<Data>,
  tls?: Bun.TLSOptions,
): Bun.UnixSocketOptions<Data> {
  const secure = tls === undefined ? {} : { tls };
  const options = { ...where, socket, data: undefined, allowHalfOpen: true, ...secure };
  return options as unknown as Bun.UnixSocketOptions<Data>;
}

// Joined, because a template keeps its parts, and each connection keeps its peer's name.
const endpoint = (host: string, port: number): string =>
  [host.includes(":") ? `[${host}]` : host, port].join(":");

/** `HOST:PORT` or `unix:PATH`, for messages and logs. */
export function addressText(address: Address): string {
  return "unix" in address ? `unix:${address.unix}` : endpoint(address.hostname, address.port);
}

/** As a client has to write it: without a scheme it speaks TLS to other machines, and plaintext to its own. */
export function clientText(address: Address, isSecure: boolean): string {
  const text = addressText(address);
  if ("unix" in address) return text;
  if (isSecure) return `tls://${text}`;
  const { hostname } = address;
  return isLoopback(hostname) || isUnspecified(hostname) ? text : `tcp://${text}`;
}

/** The name of the other end, for logs. */
export function peerName(address: Address): (socket: Bun.Socket<unknown>) => string {
  if ("unix" in address) return () => `unix:${address.unix}`;
  return (socket) => {
    // Undefined, whatever the types say, when the peer has reset the connection before it was accepted.
    const host: string | undefined = socket.remoteAddress;
    return host === undefined ? "a peer that has gone" : endpoint(host, socket.remotePort);
  };
}

/** @throws UNAVAILABLE when the port is taken, PERMISSION_DENIED when it may not be used */
export function listenBun(
  address: Address,
  accept: Accept,
  options: ListenOptions = {},
): SocketListener {
  checkUnixPath(address, "listen on");
  try {
    return new BunListener(address, accept, options);
  } catch (thrown) {
    throw listenError(thrown, addressText(address));
  }
}

type Listening = { readonly fd: number; readonly port?: number; stop(): void };

class BunListener implements SocketListener {
  readonly address: string;
  readonly port: number;
  readonly #accept: Accept;
  readonly #name: (socket: Bun.Socket<unknown>) => string;
  readonly #options: ListenOptions;
  #tls: ServerTls | undefined;
  #listener: Listening;

  constructor(address: Address, accept: Accept, options: ListenOptions) {
    const { fd, tls } = options;
    this.#accept = accept;
    this.#name = peerName(address);
    this.#options = options;
    this.#tls = tls;
    this.#listener = this.#listen(fd === undefined ? address : { fd });
    if ("unix" in address) {
      this.port = 0;
      this.address = addressText(address);
    } else {
      this.port = fd === undefined ? Number(this.#listener.port) : address.port;
      this.address = clientText({ ...address, port: this.port }, tls !== undefined);
    }
  }

  get fd(): number {
    return this.#listener.fd;
  }

  secure(tls: ServerTls): void {
    if (this.#tls === undefined) throw withoutTls();
    this.#tls = tls;
    if (this.#options.divert !== undefined) return;
    // On the same socket: no client that waits in its queue is lost.
    const next = this.#listen({ fd: duplicate(this.fd) });
    this.#listener.stop();
    this.#listener = next;
  }

  stop(): void {
    this.#listener.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  #listen(where: Address | { readonly fd: number }): Listening {
    const { divert, reads } = this.#options;
    const tls = this.#tls;
    if (tls === undefined) {
      return listening(socketOptions(where, handlers(this.#accept, this.#name, divert, reads)));
    }
    const trust = () => trustInClients(tls);
    // The runtime would have begun TLS on a socket that is handed over.
    return divert === undefined
      ? listening(
          socketOptions(where, secureHandlers(this.#accept, this.#name, trust), serverOptions(tls)),
        )
      : listening(
          socketOptions(
            where,
            upgradingHandlers(this.#accept, this.#name, () => this.#tls!, divert),
          ),
        );
  }
}

/** The types of the runtime do not have the descriptor. */
function listening<Data>(options: Bun.UnixSocketOptions<Data>): Listening {
  return Bun.listen(options) as unknown as Listening;
}

/** The system's error for a path that is too long does not say so. */
function checkUnixPath(address: Address, doing: string): void {
  if (!("unix" in address)) return;
  const most = UNIX_PATH_BYTES[process.platform === "darwin" ? "darwin" : "linux"];
  const bytes = Buffer.byteLength(address.unix);
  if (bytes <= most) return;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `cannot ${doing} ${addressText(address)}: the path of a Unix socket has at most ${most} bytes, ` +
      `and this one ${bytes}; a relative path may be shorter`,
  );
}

/** @param portFlag the flag that names the port of this address */
export function listenError(thrown: unknown, where: string, portFlag = "--port"): LeatError {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  const [flag, allowed] = where.startsWith("unix:")
    ? ["--unix path", "a folder it may write to"]
    : [portFlag, `a ${portFlag} above 1023`];
  const facts = {
    EADDRINUSE: ["UNAVAILABLE", `it is taken; stop what listens there or choose another ${flag}`],
    EACCES: ["PERMISSION_DENIED", `this user may not; choose ${allowed}`],
    EADDRNOTAVAIL: ["INVALID_ARGUMENT", "this machine has no such address"],
  } as const;
  const known =
    typeof code === "string" && code in facts ? facts[code as keyof typeof facts] : null;
  const doing = `cannot listen on ${where}`;
  if (known !== null) return new LeatError(known[0], `${doing}: ${known[1]}`, { cause: thrown });
  const error = LeatError.from(thrown, doing);
  if (error.code !== "INTERNAL") return error;
  const message = where.startsWith("unix:")
    ? error.message
    : `${doing}: it is no address of this machine, and no name of one`;
  return new LeatError("INVALID_ARGUMENT", message, { cause: thrown });
}

/**
 * Connects and hands the open transport to `accept`; with TLS its handshake is still to come.
 * @throws UNAVAILABLE when no server listens at the address
 */
export async function connectBun(
  address: Address,
  accept: Accept,
  { signal, reads, tls }: ConnectOptions = {},
): Promise<void> {
  const where = clientText(address, tls !== undefined);
  const isOver = () => signal?.aborted === true;
  checkUnixPath(address, "connect to");
  try {
    if (tls === undefined) {
      await Bun.connect(
        socketOptions(
          address,
          handlers(accept, () => where, isOver, reads),
        ),
      );
    } else if ("unix" in address) {
      throw new LeatError("INVALID_ARGUMENT", `${where} is a Unix socket: it has no TLS`);
    } else {
      const socket = secureHandlers(
        accept,
        () => where,
        () => trustInServer(tls, where),
        isOver,
      );
      await Bun.connect(socketOptions(address, socket, clientOptions(tls, address.hostname)));
    }
  } catch (thrown) {
    throw connectError(thrown, where);
  }
}

function connectError(thrown: unknown, where: string): LeatError {
  const doing = `cannot connect to ${where}`;
  const known = LeatError.from(thrown, doing);
  // The path of a Unix socket: no server has made it.
  if (known.code === "NOT_FOUND" || known.code === "NOT_A_DIRECTORY") {
    return new LeatError("UNAVAILABLE", `${doing}: there is no such socket`, { cause: thrown });
  }
  if (known.code !== "INTERNAL") return known;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new LeatError("UNAVAILABLE", `${doing}: ${text}`, { cause: thrown });
}
