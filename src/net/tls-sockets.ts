/** The handlers that Bun calls for TLS sockets. */
import { KEEPALIVE } from "../limits.ts";
import { setNotSentLowWater } from "./socket-options.ts";
import { serverOptions } from "./tls.ts";
import type { ServerTls } from "./tls-options.ts";
import { type Trust, trustInClients } from "./tls-peer.ts";
import { TlsTransport } from "./tls-transport.ts";
import type { Accept } from "./transport.ts";

/** The data of a socket: none before it is open, and when it is not served here. */
type SocketData = TlsTransport | undefined;

type Name = (socket: Bun.Socket<unknown>) => string;

const descriptorOf = (socket: Bun.Socket<unknown>): number =>
  (socket as typeof socket & { readonly fd: number }).fd;

/**
 * One set of handlers for all sockets of an `accept`, which the runtime encrypts.
 * @param trust of this side in the peer of that name
 * @param isOver such a socket is closed when it opens
 */
export function secureHandlers(
  accept: Accept,
  name: Name,
  trust: () => Trust,
  isOver?: () => boolean,
): Bun.SocketHandler<SocketData> {
  return {
    open(socket) {
      if (isOver?.() === true) return void socket.close();
      const peer = name(socket);
      const transport = new TlsTransport(socket, peer, trust());
      setNotSentLowWater(descriptorOf(socket));
      socket.setKeepAlive(true, KEEPALIVE);
      socket.data = transport;
      transport.handler = accept(transport);
    },
    handshake(socket, success, error) {
      socket.data?.onHandshake(success, error);
    },
    data(socket, chunk) {
      socket.data?.onData(chunk);
    },
    drain(socket) {
      socket.data?.onDrain();
    },
    end(socket) {
      socket.data?.onEnd();
    },
    close(socket, error) {
      socket.data?.end(error ?? undefined);
    },
    error(socket, error) {
      if (socket.data === undefined) socket.terminate();
      else socket.data.failed(error);
    },
  };
}

/**
 * The same for sockets that are accepted as plain ones: those that other processes or threads may serve, and
 * those that were accepted there.
 * @param tls what holds for a socket that opens now
 * @param divert see `Divert`
 */
export function upgradingHandlers(
  accept: Accept,
  name: Name,
  tls: () => ServerTls,
  divert?: (fd: number, peer: string) => boolean,
): Bun.SocketHandler<undefined> {
  return {
    open(socket) {
      const peer = name(socket);
      if (divert?.(descriptorOf(socket), peer) === true) return void socket.close();
      const secure = tls();
      const trust = () => trustInClients(secure);
      const options = {
        isServer: true,
        data: undefined,
        tls: serverOptions(secure),
        socket: secureHandlers(accept, () => peer, trust),
      };
      socket.upgradeTLS(options);
    },
    // Encrypted bytes: the runtime has given them to TLS.
    data() {},
    error(socket) {
      socket.terminate();
    },
  };
}
