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
import { Retry } from "./retry.ts";

/**
 * Connects and shakes hands.
 * @param address `HOST:PORT`, `HOST`, `[IPV6]:PORT`, `tcp://…` or `unix:PATH`
 * @throws UNAVAILABLE, DEADLINE_EXCEEDED, PROTOCOL_ERROR (not a leat server), VERSION_UNSUPPORTED
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Client> {
  const where = parseAddress(address);
  const { retry = 0, onRetry = () => {}, timeout = CONNECT_DEADLINE } = options;
  const policy = { deadline: retry, onRetry };
  const dial = (signal?: AbortSignal): Promise<Link> => open(where, timeout, signal);
  const first = new Retry(policy, options.signal === undefined ? [] : [options.signal]);
  while (true) {
    try {
      return new Client(await dial(options.signal), { dial, retry: policy });
    } catch (thrown) {
      const error = LeatError.from(thrown);
      // A server that has no room now says when to come back; one that is not there says nothing.
      if (error.retryAfter === undefined) throw error;
      await first.wait(error);
    }
  }
}

/** @param timeout milliseconds, for connecting and the handshake together */
async function open(
  where: Address,
  timeout: number,
  given: AbortSignal | undefined,
): Promise<Link> {
  const late = AbortSignal.timeout(timeout);
  const signal = given === undefined ? late : AbortSignal.any([late, given]);
  const text = addressText(where);
  let link: Link | undefined;
  try {
    return await abortable(
      shake(where, (opened) => (link = opened)),
      signal,
    );
  } catch (thrown) {
    link?.connection.abort(new LeatError("CANCELLED", "it was given up"));
    if (late.aborted && given?.aborted !== true) {
      const message = `${text} did not answer within ${timeout / 1000} s: is it a leat server?`;
      throw new LeatError("DEADLINE_EXCEEDED", message);
    }
    throw LeatError.from(thrown, `cannot connect to ${text}`);
  }
}

async function shake(where: Address, opened: (link: Link) => void): Promise<Link> {
  let link: Link | undefined;
  await connectBun(where, (transport) => {
    link = new Link(transport, processRuntime());
    opened(link);
    return link.connection;
  });
  await link!.welcomed;
  return link!;
}

/**
 * A client over a transport that is open: the in-memory one. For tests, and other sockets. Whoever
 * waits for `welcomed` gives it up after a time of their own.
 */
export function createLink(transport: Transport, runtime: Runtime = processRuntime()): Link {
  return new Link(transport, runtime);
}
