/**
 * A leat server: listens, admits, serves a store, and stops without cutting what is under way.
 *
 * ```ts
 * await using server = await createServer({ library: "./library", port: 0 });
 * console.log(server.address);
 * ```
 */
import { processRuntime } from "../connection/runtime.ts";
import { LeatError } from "../errors.ts";
import { checkServerTls } from "../net/tls.ts";
import type { Accept, Address } from "../net/transport.ts";
import { Host, openStore } from "./host/host.ts";
import { GuardedLog } from "./log/log.ts";
import { LeatServer } from "./loop/leat-server.ts";
import { clientServers } from "./models/clients.ts";
import { startWorkers } from "./models/workers.ts";
import type { Changed, Server, ServerOptions, StopOptions } from "./options/options.ts";
import { type Settings, conflict, settle } from "./options/table.ts";
import { openUsers } from "./users/open.ts";

/**
 * Starts a server. It listens when this resolves.
 * @throws LeatError: an option is out of its bounds, the library is missing or unreadable, the port is taken
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const settings = settingsOf(options);
  const problem = conflict(settings);
  if (problem !== undefined) throw new LeatError("INVALID_ARGUMENT", problem);
  const users = await openUsers(settings.users, settings);
  const store = openStore(settings);
  if (settings.workers > 1) {
    // The library can be served. Each worker opens it for itself.
    await store[Symbol.asyncDispose]();
    return startWorkers(settings, address(settings));
  }
  try {
    const host = new Host(store, settings, processRuntime(), users);
    const server = new LeatServer(host, { clients: clientServers(host) });
    server.listen(address(settings), settings.fd);
    return server;
  } catch (thrown) {
    // This error is the one to report, whatever else fails.
    await Promise.allSettled([store[Symbol.asyncDispose]()]);
    throw thrown;
  }
}

/** Serves one client, over a transport that is there already. */
export interface PeerServer {
  /** Resolves when the client has left, and all that it changed is on disk. */
  readonly ended: Promise<void>;
  /** As `Server.reload`. */
  reload(changed?: Changed): Promise<void>;
  /** Lets open streams finish, closes. */
  stop(options?: StopOptions): Promise<void>;
}

/**
 * Serves one client.
 * @param open hands its transport over; called once, when the library is open
 * @throws LeatError: an option is out of its bounds, the library is missing or unreadable; errors of `open`
 */
export async function servePeer(
  options: ServerOptions,
  open: (accept: Accept) => Promise<void>,
): Promise<PeerServer> {
  const settings = settingsOf(options);
  const users = await openUsers(settings.users, settings);
  const one = { ...settings, oneClient: true };
  const host = new Host(openStore(settings), one, processRuntime(), users);
  const left = Promise.withResolvers<void>();
  const server = new LeatServer(host, {
    onConnections: (connections) => {
      if (connections === 0) left.resolve(server.stop({ drain: 0 }));
    },
  });
  try {
    await open(server.accept);
  } catch (thrown) {
    await server.stop({ drain: 0 });
    throw thrown;
  }
  return {
    ended: left.promise,
    reload: (changed) => server.reload(changed),
    stop: (how) => server.stop(how),
  };
}

/** With all defaults, and a log that throws nothing. @throws INVALID_ARGUMENT */
function settingsOf(options: ServerOptions): Settings {
  const { log, tls, unix } = options;
  if (tls !== undefined) {
    checkServerTls(tls);
    if (unix !== undefined) throw new LeatError("INVALID_ARGUMENT", "a Unix socket has no TLS");
  }
  return settle(log === undefined ? options : { ...options, log: new GuardedLog(log) });
}

function address({ unix, hostname, port }: Settings): Address {
  return unix === undefined ? { hostname, port } : { unix };
}
