/** The calls of a verified transfer and nothing else, in C: what is left to be saved between leat and it. */
import { join } from "node:path";
import { type Client, type Entry, SAME_CALLS } from "./competitor.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

const SOURCE = join(import.meta.dir, "../fixtures/same-calls.c");

export async function sameCalls(site: Site): Promise<Entry> {
  const program = join(site.etc, "same-calls");
  const { exitCode, stderr } = Bun.spawnSync(
    [site.programs.need("cc"), "-O2", "-o", program, SOURCE],
    { stdout: "ignore", stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(`cc: ${stderr.toString().trim().split("\n")[0]}`);
  const port = freePort();
  const server = await PeerServer.start(site, "same-calls", port, [
    program,
    "server",
    String(port),
    site.library,
  ]);
  const start = (verb: "get" | "put") => [program, verb, String(port)];
  const client: Client = {
    download: ({ path, names }, to) => ({ argv: [...start("get"), path, to, ...names] }),
    upload: ({ folder, names }, to) => ({ argv: [...start("put"), folder, to, ...names] }),
    list() {
      throw new Error("it lists nothing");
    },
  };
  return {
    competitors: [
      {
        who: SAME_CALLS,
        client,
        server: server.group,
        note: "every byte looked at, none compared",
        kinds: ["one file", "parts"],
      },
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
