/** leat, asked by its own command line. */
import { join } from "node:path";
import { connect } from "../../src/index.ts";
import type { Client, Competitor, Entry, Files } from "./competitor.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

const LEAT = join(import.meta.dir, "../../bin/leat");

type Durability = "none" | "fsync";

/** The first competitor does not wait for the disk, as the peers do not; the second is the default. */
export async function leat(site: Site, durability: Durability): Promise<Entry> {
  const who = durability === "none" ? "leat" : "leat, fsync";
  const port = freePort();
  const flags = [`--port=${port}`, `--durability=${durability}`, "--log-level=error"];
  const argv = [LEAT, "server", site.library, ...flags];
  const server = await PeerServer.start(site, `leat-${durability}`, port, argv);
  const competitor: Competitor = {
    who,
    server: server.group,
    client: leatClient(`127.0.0.1:${port}`, durability),
    ...(durability === "none"
      ? { note: "checksums compared" }
      : { note: "checksums compared, files synced", kinds: ["one file", "parts", "small files"] }),
  };
  return {
    competitors: [competitor],
    ...(durability === "none" && {
      idle: {
        who,
        server: server.group,
        state: "welcomed",
        open: () => connect(`127.0.0.1:${port}`),
      },
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function leatClient(server: string, durability: Durability): Client {
  const start = [LEAT, "client", "--server", server, "--quiet"];
  return {
    download({ path, names }: Files, to: string) {
      const remotes = names.map((name) => `${path}/${name}`);
      return { argv: [...start, "get", `--to=${to}/`, `--durability=${durability}`, ...remotes] };
    },
    upload: ({ folder, names }: Files, to: string) => ({
      argv: [...start, "upload", `--to=${to}/`, ...names],
      cwd: folder,
    }),
    list: (path: string) => ({ argv: [...start, "list", "--long", path] }),
  };
}
