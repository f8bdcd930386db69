/**
 * Sockets that one process or thread opens and another one uses: a listening socket that several
 * share, an accepted one that is served elsewhere.
 */
import { renameSync, rmSync } from "node:fs";
import { addressText, handlers, listenBun, socketOptions } from "./bun.ts";
import { closeDuplicate, duplicate } from "./duplicate.ts";
import type { ServerTls } from "./tls-options.ts";
import { upgradingHandlers } from "./tls-sockets.ts";
import type { Accept, Address, TransportHandler } from "./transport.ts";

export interface SharedListener {
  /** `HOST:PORT` as bound, or `unix:PATH`. */
  readonly address: string;
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Listening, but not accepted from in this process: for others to accept from. */
  readonly fd: number;
  close(): void;
}

/**
 * Opens a listening socket. Clients wait in its backlog until a worker accepts them, also while
 * workers are replaced.
 * @throws what `listenBun` throws, UNIMPLEMENTED
 */
export function openShared(where: Address): SharedListener {
  // The event loop does not turn between this and `stop`: no client is accepted in this process.
  const listener = listenBun(where, () => NOBODY);
  const unix = "unix" in where ? where.unix : undefined;
  const aside = `${unix}.${process.pid}`;
  try {
    const fd = duplicate(listener.fd);
    // Bun removes the path of a listener that it stops.
    if (unix !== undefined) renameSync(unix, aside);
    listener.stop();
    if (unix !== undefined) renameSync(aside, unix);
    return {
      address: listener.address,
      port: listener.port,
      fd,
      close() {
        closeDuplicate(fd);
        if (unix !== undefined) rmSync(unix, { force: true });
      },
    };
  } catch (thrown) {
    listener.stop();
    throw thrown;
  }
}

/** A listening socket that another process opened; its path belongs to that one. @param address as it was bound */
export function share(fd: number, address: Address): SharedListener {
  const port = "unix" in address ? 0 : address.port;
  return { address: addressText(address), port, fd, close: () => closeDuplicate(fd) };
}

/**
 * Adopts a connected socket that was made or accepted elsewhere.
 * @param peer its address, for logs
 * @param tls missing: the bytes are sent as they are
 */
export async function adopt(
  fd: number,
  peer: string,
  accept: Accept,
  tls?: ServerTls,
): Promise<void> {
  if (tls === undefined)
    await Bun.connect(
      socketOptions(
        { fd },
        handlers(accept, () => peer),
      ),
    );
  else
    await Bun.connect(
      socketOptions(
        { fd },
        upgradingHandlers(
          accept,
          () => peer,
          () => tls,
        ),
      ),
    );
}

const NOBODY: TransportHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
