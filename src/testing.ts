/**
 * leat/testing: a server and its clients in one process, joined in memory. Everything of leat is
 * there but the sockets; a test needs no port, and cuts and delays bytes as it likes.
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
import { Client } from "./client/client.ts";
import { createLink } from "./client/connect.ts";
import { createRuntime } from "./connection/runtime.ts";
import { type MemoryTransport, type PipeOptions, memoryPair } from "./net/memory.ts";
import { Host } from "./server/host/host.ts";
import { LeatServer } from "./server/loop/leat-server.ts";
import type { Server, ServerOptions } from "./server/options/options.ts";
import { openDiskStore } from "./store/disk/disk.ts";
import type { Store } from "./store/store.ts";

export type { PipeOptions } from "./net/memory.ts";

/**
 * What to serve: `store`, or the folder `library`, or else an empty folder that goes with the
 * server. And what the line is like: `capacity`, `chunk` and `later` hold for each client that does
 * not say otherwise.
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
  /** The folder that is served; undefined where a store was given. */
  readonly library: string | undefined;
  /** One more client of the same server. It is closed with the others. */
  connect(line?: PipeOptions): Promise<Client>;
  /** Cuts all lines, as a broken network does: both sides see a reset. */
  cut(): void;
}

/**
 * Starts a server and connects a client to it.
 * @throws LeatError: what `createServer` and `connect` throw
 */
export async function connectInMemory(options: InMemoryOptions = {}): Promise<InMemory> {
  const { store, library, temporary } = await openStore(options);
  const pair = new Pair(store, library, temporary, options);
  try {
    await pair.connect();
    return pair;
  } catch (thrown) {
    await pair[Symbol.asyncDispose]();
    throw thrown;
  }
}

interface Opened {
  readonly store: Store;
  readonly library: string | undefined;
  /** The folder is ours: it goes with the server. */
  readonly temporary: boolean;
}

async function openStore(options: InMemoryOptions): Promise<Opened> {
  if (options.store !== undefined) {
    return { store: options.store, library: undefined, temporary: false };
  }
  const temporary = options.library === undefined;
  const library = options.library ?? (await mkdtemp(join(tmpdir(), "leat-")));
  const store = openDiskStore(library, { readOnly: options.readOnly });
  return { store, library, temporary };
}

class Pair implements InMemory {
  readonly server: LeatServer;
  readonly library: string | undefined;
  readonly #temporary: boolean;
  readonly #options: InMemoryOptions;
  readonly #runtime = createRuntime();
  readonly #clients: Client[] = [];
  readonly #lines: MemoryTransport[] = [];

  constructor(
    store: Store,
    library: string | undefined,
    temporary: boolean,
    options: InMemoryOptions,
  ) {
    this.server = new LeatServer(new Host(store, options, this.#runtime));
    this.library = library;
    this.#temporary = temporary;
    this.#options = options;
  }

  get client(): Client {
    return this.#clients[0]!;
  }

  async connect(line: PipeOptions = {}): Promise<Client> {
    const opened = Promise.withResolvers<ReturnType<typeof createLink>>();
    const [transport] = memoryPair(
      this.server.accept,
      (other) => {
        const link = createLink(other, this.#runtime);
        opened.resolve(link);
        return link.connection;
      },
      { ...this.#options, ...line },
    );
    this.#lines.push(transport);
    const link = await opened.promise;
    await link.welcomed;
    const client = new Client(link);
    this.#clients.push(client);
    return client;
  }

  cut(): void {
    for (const line of this.#lines) line.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.stop({ drain: 0 });
    if (this.#temporary) await rm(this.library!, { recursive: true, force: true });
  }
}
