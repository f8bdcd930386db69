/** The plainest loop over Bun's TLS sockets, at both ends: what is left is what TLS and the runtime take. */
import { join } from "node:path";
import { CIPHER, certificateOf, checkCipher } from "../peers/certificate.ts";
import type { Client, Command, Entry } from "../peers/competitor.ts";
import { PeerServer, type Site, freePort } from "../peers/site.ts";
import type { Way } from "../support/job.ts";

export const BARE_TLS = "bare Bun TLS loop";

const PROGRAM = join(import.meta.dir, "../fixtures/bare.ts");

export async function bareTls(site: Site): Promise<Entry> {
  const { cert, key } = certificateOf(site);
  const { library } = site;
  const port = freePort();
  const start = [process.execPath, PROGRAM];
  const argv = [...start, "server", library, String(port), cert, key];
  const server = await PeerServer.start(site, "bare-tls", port, argv);
  await checkCipher(server, cert, "leat/1");
  const move = (way: Way, remote: string, local: string, names: readonly string[]): Command => ({
    argv: [...start, way, String(port), cert, library, remote, local, ...names],
  });
  const client: Client = {
    download: ({ path, names }, to) => move("download", path, to, names),
    upload: ({ folder, names }, to) => move("upload", to, folder, names),
    list() {
      throw new Error("it lists nothing");
    },
  };
  return {
    competitors: [{ who: BARE_TLS, client, server: server.group, note: `${CIPHER}, no checksums` }],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
