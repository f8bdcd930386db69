/**
 * leat/testing: a server and its clients in one process, connected in memory. Everything of leat runs
 * but the sockets; a test needs no port, and cuts connections and delays bytes as it likes.
 *
 * ```ts
 * await using leat = await connectInMemory();
 * await leat.client.put("foo.txt", new TextEncoder().encode("foo"));
 * expect((await leat.client.stat("foo.txt")).size).toBe(3);
 * ```
 *
 * @module leat/testing
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "./client/client.ts";
import { Link } from "./client/connection/link.ts";
import { ReconnectingLink } from "./client/connection/reconnecting-link.ts";
import { createRuntime } from "./connection/runtime.ts";
import { type MemoryTransport, type PipeOptions, memoryPair } from "./net/memory.ts";
import { Host } from "./server/host/host.ts";
import { LeatServer } from "./server/loop/leat-server.ts";
import type { Server, ServerOptions } from "./server/options/options.ts";
import { openDiskStore } from "./store/disk/disk.ts";

export type { PipeOptions } from "./net/memory.ts";

/**
 * The options of the server and of its connections. The server serves `store`, or the folder
 * `library`, or else an empty folder that is removed with the server. `capacity`, `chunk` and `later`
 * are for each client that is connected without its own.
 */
export interface InMemoryOptions
  extends
    PipeOptions,
    Pick<
      ServerOptions,
      "store" | "library" | "readOnly" | "durability" | "maxConnections" | "maxStreams" | "log"
    > {}

/** A server and its clients in this process. Ended with `await using`. */
export interface InMemory extends AsyncDisposable {
  readonly server: Server;
  /** The first client; `connect` makes more. */
  readonly client: Client;
  /** The local path of the folder that is served; undefined with `store`. */
  readonly library: string | undefined;
  /** Connects one more client to the same server. It is closed with the others. */
  connect(pipe?: PipeOptions): Promise<Client>;
  /** Cuts all connections, as a broken network does: both sides see a reset. */
  cut(): void;
}

/**
 * Starts a server and connects a client to it.
 * @throws as `createServer` and `connect`
 */
export async function connectInMemory(options: InMemoryOptions = {}): Promise<InMemory> {
  const { store, library } = options;
  const isGiven = store !== undefined || library !== undefined;
  const pair = new Pair(options, isGiven ? undefined : await mkdtemp(join(tmpdir(), "leat-")));
  try {
    await pair.connect();
    return pair;
  } catch (thrown) {
    await pair[Symbol.asyncDispose]();
    throw thrown;
  }
}

class Pair implements InMemory {
  readonly server: LeatServer;
  readonly library: string | undefined;
  readonly #temporary: string | undefined;
  readonly #options: InMemoryOptions;
  readonly #runtime = createRuntime();
  readonly #clients: Client[] = [];
  readonly #transports: MemoryTransport[] = [];

  /** @param temporary a folder that is served without another, and removed with the server */
  constructor(options: InMemoryOptions, temporary: string | undefined) {
    const { store, readOnly } = options;
    this.library = store === undefined ? (options.library ?? temporary) : undefined;
    const served = store ?? openDiskStore(this.library!, { readOnly });
    this.server = new LeatServer(new Host(served, options, this.#runtime));
    this.#temporary = temporary;
    this.#options = options;
  }

  get client(): Client {
    return this.#clients[0]!;
  }

  async connect(pipe: PipeOptions = {}): Promise<Client> {
    const opened = Promise.withResolvers<Link>();
    const [transport] = memoryPair(
      this.server.accept,
      (other) => {
        const link = new Link(other, this.#runtime);
        opened.resolve(link);
        return link.connection;
      },
      { ...this.#options, ...pipe },
    );
    this.#transports.push(transport);
    const link = await opened.promise;
    await link.welcomed;
    const client = createClient(new ReconnectingLink(link));
    this.#clients.push(client);
    return client;
  }

  cut(): void {
    for (const transport of this.#transports) transport.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.stop({ drain: 0 });
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true });
  }
}
