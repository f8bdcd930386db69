import type { Connection } from "../connection/connection.ts";
import { type Runtime, processRuntime } from "../connection/runtime.ts";
import { LeatError } from "../errors.ts";
import { CONNECT_DEADLINE } from "../limits.ts";
import { addressText, connectBun } from "../net/bun.ts";
import type { Address, Transport } from "../net/transport.ts";
import { abortable, checkWanted, givenUp, onAbort } from "./connection/abortable.ts";
import { parseAddress } from "./connection/address.ts";
import { Client } from "./client.ts";
import { Link } from "./connection/link.ts";
import type { ConnectOptions } from "./connection/options.ts";
import { Retry } from "./connection/retry.ts";

/** Timers count in 31 bits: a longer one would be over at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

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
  checkWanted(given);
  const stop = new AbortController();
  const text = addressText(where);
  const release = onAbort(given, (error) => stop.abort(error));
  const timer = setTimeout(
    () => {
      const message = `${text} did not answer within ${timeout / 1000} s: is it a leat server?`;
      stop.abort(new LeatError("DEADLINE_EXCEEDED", message));
    },
    Math.min(timeout, LONGEST_TIMER),
  );
  try {
    return await abortable(shake(where, stop.signal), stop.signal);
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot connect to ${text}`);
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** @param signal ends the connection, also one that opens later; until the server has accepted it */
async function shake(where: Address, signal: AbortSignal): Promise<Link> {
  let link: Link | undefined;
  const release = onAbort(signal, (error) => link?.connection.abort(error));
  try {
    const accept = (transport: Transport): Connection => {
      link = new Link(transport, processRuntime());
      return link.connection;
    };
    await connectBun(where, accept, signal);
    if (link === undefined) throw givenUp(signal);
    await link.welcomed;
    return link;
  } finally {
    release();
  }
}

/**
 * A client over a transport that is open: the in-memory one. For tests, and other sockets. Whoever
 * waits for `welcomed` gives it up after a time of their own.
 */
export function createLink(transport: Transport, runtime: Runtime = processRuntime()): Link {
  return new Link(transport, runtime);
}
