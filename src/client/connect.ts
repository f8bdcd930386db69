/** `connect`: finds the server, shakes hands, and tries again while the server has no room, or is replaced. */
import type { Connection } from "../connection/connection.ts";
import { processRuntime } from "../connection/runtime.ts";
import { LeatError } from "../errors.ts";
import { ARRIVAL_TRIES, CONNECT_DEADLINE, SSH_DEADLINE } from "../limits.ts";
import { connectBun } from "../net/bun.ts";
import { checkClientTls, isGiven } from "../net/tls.ts";
import type { Accept, Transport } from "../net/transport.ts";
import { abortError, abortable, onAbort, throwIfAborted } from "./connection/abortable.ts";
import { parseAddress, type ServerAddress, serverText } from "./connection/address.ts";
import { type Client, createClient } from "./client.ts";
import { Link, type RequestInit } from "./connection/link.ts";
import type { ConnectOptions } from "./connection/options.ts";
import { CONNECTION_LOSS, ReconnectingLink } from "./connection/reconnecting-link.ts";
import { Retry } from "./connection/retry.ts";

/** A timer of more milliseconds would fire at once. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * Connects to a server. Resolves when the server has accepted the connection.
 * @param address `HOST:PORT`, `HOST`, `[IPV6]:PORT`, `tls://…`, `tcp://…` or `unix:PATH`; the port is 8888
 *   unless given. Without a scheme it is TLS, unless HOST is this machine. `ssh://[USER@]HOST[:PORT]/PATH`
 *   starts ssh, and leat for the folder PATH on the other machine.
 * @throws INVALID_ARGUMENT (the address), UNAVAILABLE, RESOURCE_EXHAUSTED (no room, after all retries),
 *   DEADLINE_EXCEEDED, PROTOCOL_ERROR (not a leat server, or TLS on one side only), VERSION_UNSUPPORTED,
 *   UNAUTHENTICATED (the credentials, or a certificate), CANCELLED; by ssh also UNIMPLEMENTED (no ssh here, or no
 *   leat there)
 */
export function connect(address: string, options: ConnectOptions = {}): Promise<Client> {
  return connectAhead(address, options);
}

/**
 * As `connect`, and sends a request together with Hello, which saves a round trip.
 * @param ahead changes nothing on the server; its answer is that of the client's first request, if that is the same
 */
export async function connectAhead(
  address: string,
  options: ConnectOptions,
  ahead?: RequestInit,
): Promise<Client> {
  const { retry = 0, onRetry = () => {}, limitRate, tls } = options;
  if (tls !== undefined) checkClientTls(tls);
  const parsed = parseAddress(address, isGiven(tls));
  const limit = limitRate === undefined ? (accept: Accept) => accept : await rateLimit(limitRate);
  const timeout = options.timeout ?? ("ssh" in parsed ? SSH_DEADLINE : CONNECT_DEADLINE);
  const policy = { deadline: () => retry, onRetry };
  let opened = false;
  const noticed = (accept: Accept): Accept => {
    const limited = limit(accept);
    return (transport) => {
      opened = true;
      return limited(transport);
    };
  };
  const means: Means = { ...options, limit: noticed };
  const dial = (signal?: AbortSignal): Promise<Link> => open(parsed, means, timeout, signal);
  const dialFirst = () => open(parsed, { ...means, ahead }, timeout, options.signal);
  const first = new Retry(policy, options.signal);
  for (let tries = 1; ; tries += 1) {
    opened = false;
    try {
      const link = await dialFirst();
      return createClient(new ReconnectingLink(link, { dial, ...policy }));
    } catch (thrown) {
      const error = LeatError.from(thrown);
      // The process that took the connection may have been stopped, and another one is there: no change was asked of
      // it yet. To start ssh once more could ask for a password once more.
      const isLost = opened && CONNECTION_LOSS.has(error.code) && !("ssh" in parsed);
      // A server without room says when to come back; when none answers, nothing is retried.
      const isWorthIt = error.retryAfter !== undefined || (isLost && tries < ARRIVAL_TRIES);
      if (!isWorthIt) throw error;
      await first.wait(error);
    }
  }
}

/** How a connection is made. */
interface Means extends ConnectOptions {
  /** Puts a limited rate below a connection. */
  readonly limit: (accept: Accept) => Accept;
  readonly ahead?: RequestInit | undefined;
}

/** @param timeout milliseconds, for connecting and the handshake together */
async function open(
  address: ServerAddress,
  means: Means,
  timeout: number,
  given: AbortSignal | undefined,
): Promise<Link> {
  throwIfAborted(given);
  const stop = new AbortController();
  const text = serverText(address);
  const release = onAbort(given, (error) => stop.abort(error));
  const timer = setTimeout(
    () => {
      const message = `${text} did not answer within ${timeout / 1000} s: is it a leat server?`;
      stop.abort(new LeatError("DEADLINE_EXCEEDED", message));
    },
    Math.min(timeout, MAX_TIMER),
  );
  try {
    return await abortable(shakeHands(address, means, stop.signal), stop.signal);
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot connect to ${text}`);
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** @param signal ends the connection until the server has accepted it, also one that opens later */
async function shakeHands(
  address: ServerAddress,
  { ssh = {}, tls = {}, credentials, limit, ahead }: Means,
  signal: AbortSignal,
): Promise<Link> {
  let link: Link | undefined;
  const release = onAbort(signal, (error) => link?.connection.abort(error));
  const accept = limit((transport: Transport): Connection => {
    link = new Link(transport, processRuntime(), credentials, ahead);
    return link.connection;
  });
  const accepted = async (): Promise<void> => {
    if (signal.aborted) link?.connection.abort(abortError(signal));
    await link?.welcomed;
  };
  try {
    if ("ssh" in address) {
      const { connectSsh } = await import("./connection/ssh.ts");
      const program = await connectSsh(address, ssh, accept, accepted, signal);
      void link!.closed.then(() => program[Symbol.dispose]());
    } else {
      const { isSecure, ...where } = address;
      await connectBun(where, accept, { signal, tls: isSecure ? tls : undefined });
      await accepted();
    }
    if (link === undefined) throw abortError(signal);
    return link;
  } finally {
    release();
  }
}

async function rateLimit(rate: number): Promise<Means["limit"]> {
  const { limitsOf, limited } = await import("../net/limited-transport.ts");
  const limits = limitsOf(rate); // all connections share them
  return (accept) => limited(accept, limits);
}
