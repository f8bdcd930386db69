/** Listens and connects by Bun's TCP and Unix sockets. */
import { LeatError } from "../errors.ts";
import { KEEPALIVE, UNIX_PATH_BYTES } from "../limits.ts";
import { BunTransport, type Socket, type SocketData } from "./bun-transport.ts";
import { type DirectReads, directReads } from "./direct-reads.ts";
import { setNotSentLowWater } from "./socket-options.ts";
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
}

/**
 * One set of handlers for all sockets of an `accept`; each has its own `socket.data`.
 * @throws INVALID_ARGUMENT for what the environment says of direct reads
 */
export function handlers(
  accept: Accept,
  name: (socket: Socket) => string,
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
export function socketOptions(
  where: Address | { readonly fd: number },
  socket: Bun.SocketHandler<SocketData>,
): Bun.UnixSocketOptions<SocketData> {
  const options = { ...where, socket, data: undefined, allowHalfOpen: true };
  return options as Bun.UnixSocketOptions<SocketData>;
}

// Joined, because a template keeps its parts, and each connection keeps its peer's name.
const endpoint = (host: string, port: number): string =>
  [host.includes(":") ? `[${host}]` : host, port].join(":");

/** `HOST:PORT` or `unix:PATH`, for messages and logs. */
export function addressText(address: Address): string {
  return "unix" in address ? `unix:${address.unix}` : endpoint(address.hostname, address.port);
}

/** The name of the other end, for logs. */
export function peerName(address: Address): (socket: Socket) => string {
  if ("unix" in address) return () => `unix:${address.unix}`;
  return (socket) => {
    // Undefined, whatever the types say, when the peer has reset the connection before it was accepted.
    const host: string | undefined = socket.remoteAddress;
    return host === undefined ? "a peer that has gone" : endpoint(host, socket.remotePort);
  };
}

/**
 * @param reads what the environment says unless given
 * @throws UNAVAILABLE when the port is taken, PERMISSION_DENIED when it may not be used
 */
export function listenBun(
  address: Address,
  accept: Accept,
  divert?: Divert,
  reads?: DirectReads,
): SocketListener {
  const socket = handlers(accept, peerName(address), divert, reads);
  checkUnixPath(address, "listen on");
  try {
    const listener = Bun.listen(socketOptions(address, socket));
    const port = "port" in listener ? Number(listener.port) : 0;
    return {
      address: "unix" in address ? addressText(address) : endpoint(address.hostname, port),
      port,
      fd: (listener as typeof listener & { readonly fd: number }).fd,
      stop: () => listener.stop(),
      [Symbol.asyncDispose]: async () => listener.stop(),
    };
  } catch (thrown) {
    throw listenError(thrown, addressText(address));
  }
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
 * Connects and hands the open transport to `accept`.
 * @param signal once it is aborted, a socket that opens after all is closed before anything is sent
 * @param reads what the environment says unless given
 * @throws UNAVAILABLE when no server listens at the address
 */
export async function connectBun(
  address: Address,
  accept: Accept,
  signal?: AbortSignal,
  reads?: DirectReads,
): Promise<void> {
  const where = addressText(address);
  const socket = handlers(
    accept,
    () => where,
    () => signal?.aborted === true,
    reads,
  );
  checkUnixPath(address, "connect to");
  try {
    await Bun.connect(socketOptions(address, socket));
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
