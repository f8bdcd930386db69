import { type Runtime, processRuntime } from "../connection/runtime.ts";
import { LeatError } from "../errors.ts";
import { CONNECT_DEADLINE } from "../limits.ts";
import { type Address, addressText, connectBun } from "../net/bun.ts";
import type { Transport } from "../net/transport.ts";
import { abortable } from "./abortable.ts";
import { parseAddress } from "./address.ts";
import { Client } from "./client.ts";
import { Link } from "./link.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Connects and shakes hands.
 * @param address `HOST:PORT`, `HOST`, `[IPV6]:PORT`, `tcp://…` or `unix:PATH`
 * @throws UNAVAILABLE, DEADLINE_EXCEEDED, PROTOCOL_ERROR (not a leat server), VERSION_UNSUPPORTED
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Client> {
  const where = parseAddress(address);
  const timeout = options.timeout ?? CONNECT_DEADLINE;
  const late = AbortSignal.timeout(timeout);
  const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal]);
  const text = addressText(where);
  let link: Link | undefined;
  try {
    return await abortable(
      open(where, (opened) => (link = opened)),
      signal,
    );
  } catch (thrown) {
    link?.connection.abort(new LeatError("CANCELLED", "it was given up"));
    if (late.aborted && options.signal?.aborted !== true) {
      const message = `${text} did not answer within ${timeout / 1000} s: is it a leat server?`;
      throw new LeatError("DEADLINE_EXCEEDED", message);
    }
    throw LeatError.from(thrown, `cannot connect to ${text}`);
  }
}

async function open(where: Address, opened: (link: Link) => void): Promise<Client> {
  let link: Link | undefined;
  await connectBun(where, (transport) => {
    link = new Link(transport, processRuntime());
    opened(link);
    return link.connection;
  });
  await link!.welcomed;
  return new Client(link!);
}

/**
 * A client over a transport that is open: the in-memory one. For tests, and other sockets. Whoever
 * waits for `welcomed` gives it up after a time of their own.
 */
export function createLink(transport: Transport, runtime: Runtime = processRuntime()): Link {
  return new Link(transport, runtime);
}
