/** Bun.serve with Bun.file, asked by curl: the few lines one would write oneself. */
import { join } from "node:path";
import type { Entry } from "./competitor.ts";
import { httpEntry } from "./http.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

export async function bunServe(site: Site): Promise<Entry> {
  site.programs.need("curl");
  const port = freePort();
  const fixture = join(import.meta.dir, "../fixtures/bun-serve.ts");
  const argv = [process.execPath, fixture, String(port), site.library];
  const server = await PeerServer.start(site, "bun-serve", port, argv);
  return httpEntry(site, "Bun.serve", server, { listsNothing: "it has no listing of its own" });
}
