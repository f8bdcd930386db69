/** An empty library, a server for it and a client: for all tests of a file, which calls this at its top. */
import { afterAll } from "bun:test";
import { type Client, connect, type Server } from "../../src/index.ts";
import { TemporaryFolder } from "./folder.ts";
import { startServer } from "./served.ts";

export interface ServedLibrary {
  readonly library: TemporaryFolder;
  /** For files of the client. */
  readonly local: TemporaryFolder;
  readonly server: Server;
  readonly client: Client;
}

export async function serveLibrary(): Promise<ServedLibrary> {
  const library = new TemporaryFolder();
  const local = new TemporaryFolder();
  const server = await startServer({ library: library.path, durability: "none" });
  const client = await connect(server.address);
  afterAll(async () => {
    await client.close();
    await server.stop({ drain: 0 });
    library[Symbol.dispose]();
    local[Symbol.dispose]();
  });
  return { library, local, server, client };
}
