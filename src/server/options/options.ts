/** The public contract of a server: what `createServer` takes, and what it returns. */
import type { ServerTls } from "../../net/tls-options.ts";
import type { DurabilityLevel, Store } from "../../store/store.ts";
import type { Log } from "../log/log.ts";

/**
 * How clients are served (docs/models.md compares these):
 * - `event-loop`: all on one loop.
 * - `iterative`: one at a time, the others wait.
 * - `processes`: each by a process of its own.
 * - `threads`: each by a thread of its own.
 */
export type Model = "event-loop" | "iterative" | "processes" | "threads";

/**
 * Which downloads the kernel moves from the file to the socket; all others pass through a buffer.
 * - `auto`: those of more than 1 MiB, as far as the CRCs of their blocks are known, unless the peer is on
 *   this machine: there it saves nothing, and the receiver has more to do.
 * - `on`: those of 64 KiB or more.
 * - `off`: none.
 */
export type KernelCopyMode = "auto" | "on" | "off";

// Each has a row in table.ts: the compiler asks for it.
/** The store or folder to serve, where and how. Times are in milliseconds. */
export interface ServerOptions {
  /** Folder to serve. It must exist. */
  readonly library?: string;
  /** Served instead of a folder; disposed with the server. */
  readonly store?: Store;
  /** `127.0.0.1` unless given. */
  readonly hostname?: string;
  /** 0, the default, picks a free one: see `Server.port`. */
  readonly port?: number;
  /** Path of a Unix socket to listen on, instead of TCP. */
  readonly unix?: string;
  /** Descriptor of a socket that listens already, on `hostname` and `port` or `unix`. It is taken over. */
  readonly fd?: number;
  /**
   * File of the users that are served, and nobody else: see `leat server user`. Others must not be able to
   * read it. Unless given, everybody is served.
   */
  readonly users?: string;
  /** Serve by TLS 1.3 and nothing else; not on a Unix socket. Without it, the bytes are sent as they are. */
  readonly tls?: ServerTls | undefined;
  /** Refuse every change. */
  readonly readOnly?: boolean;
  /** `fsync`, the default: a receipt says the file is on disk. */
  readonly durability?: DurabilityLevel;
  /**
   * Permission bits of new files, less the umask, whatever a client says; the owner reads and writes. A new folder has
   * them, too, and who may read it may search it.
   */
  readonly fileMode?: number;
  /** Connections at once: 1024 unless given. A client beyond that is refused, and may try again. */
  readonly maxConnections?: number;
  /** Streams at once on a connection: 256 unless given, fewer where fewer files may be open. */
  readonly maxStreams?: number;
  /**
   * Files open at once, for all connections together: 8192 unless given, fewer where the system allows
   * the process fewer. A request beyond that is refused, and may try again.
   */
  readonly maxOpenFiles?: number;
  /**
   * Connections at once from one address (IPv6: one /64): three quarters of those of the server unless given, and
   * 65 at least unless each client has its own process or thread. None is counted on a Unix socket.
   */
  readonly maxConnectionsPerAddress?: number;
  /**
   * Streams at once from one address, each counted once for each file that it has open: three quarters of the files of
   * the server unless given, and 256 at least.
   */
  readonly maxStreamsPerAddress?: number;
  /** As `maxConnectionsPerAddress`, of a user whom the users file gives no number of their own. */
  readonly maxConnectionsPerUser?: number;
  /** As `maxStreamsPerAddress`, of such a user. */
  readonly maxStreamsPerUser?: number;
  /**
   * Addresses and networks with commas between them, such as `192.0.2.7,10.0.0.0/8`: they never have to wait for wrong
   * passwords or broken connections that come from there. For a proxy, behind which all clients have one address;
   * `0.0.0.0/0,::/0` are all.
   */
  readonly penaltyExempt?: string;
  /** How clients are served: `event-loop` unless given. */
  readonly model?: Model;
  /** Processes that serve, 1 to 64, each with its part of all limits: 1, this one, unless given. */
  readonly workers?: number;
  /** Milliseconds in which open streams may finish when the server stops, or a worker is replaced: 10,000 unless given. */
  readonly drain?: number;
  /** Milliseconds that an unfinished upload is kept after it was last used: a day unless given. */
  readonly partialRetention?: number;
  /** Whether the kernel moves bytes of files to sockets: `auto` unless given. */
  readonly kernelCopy?: KernelCopyMode;
  /** Gets the server's log; without it nothing is logged. */
  readonly log?: Log;
}

/** Options that a server can take over while it runs. */
export interface Changed {
  /** Of a server that has TLS: another certificate, and other authorities of its clients. */
  readonly tls?: ServerTls | undefined;
}

/** How a server stops. */
export interface StopOptions {
  /** Milliseconds in which open streams may finish, if not those of the server; then they are cut. */
  readonly drain?: number;
}

/** A server that listens. Stopped with `await using`, or by `stop`. */
export interface Server extends AsyncDisposable {
  /** `HOST:PORT` as bound, `tls://HOST:PORT`, or `unix:PATH`. */
  readonly address: string;
  /** 0 on a Unix socket. */
  readonly port: number;
  readonly connections: number;
  /** It was asked to stop: new requests are refused. */
  readonly isStopping: boolean;
  /**
   * Replaces the workers one by one: the next one accepts before the one before stops to, which lets
   * its open streams finish. A call while they are replaced has them replaced once more.
   * @returns how many were replaced, when the last of them has ended: 0 where this process serves
   * @throws INTERNAL when one could not be started: the one before goes on, as do those that follow
   */
  replaceWorkers(): Promise<number>;
  /**
   * Counts of requests, connections and bytes, of all its processes, as text that Prometheus reads.
   * docs/operations.md has their names.
   */
  metrics(): Promise<string>;
  /**
   * Reads the users file again. Connections of users that are no longer as they were end, and may come back.
   * @param changed what holds for clients that connect from now on; those that are connected stay
   * @throws LeatError: the file, or what has changed, cannot be used; then nothing has changed
   */
  reload(changed?: Changed): Promise<void>;
  /** Accepts no more connections, lets open streams finish, closes. */
  stop(options?: StopOptions): Promise<void>;
}
