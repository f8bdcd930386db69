/** An rsync daemon, asked by rsync. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Entry, Files } from "./competitor.ts";
import { LineSocket } from "./line-socket.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

const configuration = ({ etc, library, root }: Site, port: number): string => `
port = ${port}
address = 127.0.0.1
use chroot = no
pid file = ${etc}/rsyncd.pid
max connections = 0
[library]
path = ${library}
read only = no
${root ? "uid = root\ngid = root" : ""}
`;

/** @throws Missing where there is no rsync */
export function rsyncDaemon(site: Site): Promise<PeerServer> {
  const program = site.programs.need("rsync");
  const port = freePort();
  const file = join(site.etc, "rsyncd.conf");
  writeFileSync(file, configuration(site, port));
  const argv = [program, "--daemon", "--no-detach", `--config=${file}`];
  return PeerServer.start(site, "rsync", port, argv);
}

export async function rsync(site: Site): Promise<Entry> {
  const program = site.programs.need("rsync");
  const server = await rsyncDaemon(site);
  const { port } = server;
  const base = `rsync://127.0.0.1:${port}/library/`;
  const copy = ({ names, whole }: Files, from: string, to: string): Command => {
    const sources = whole ? [`${from}/`] : names.map((name) => `${from}/${name}`);
    return { argv: [program, whole ? "-rt" : "-t", ...sources, `${to}/`] };
  };
  return {
    competitors: [
      {
        who: "rsync",
        server: server.group,
        note: "a checksum of each file is compared",
        client: {
          download: (files, to) => copy(files, base + files.path, to),
          upload: (files, to) => copy(files, files.folder, base + to),
          list: (path) => ({ argv: [program, `${base}${path}/`] }),
        },
      },
    ],
    idle: {
      who: "rsync",
      server: server.group,
      state: "greeted",
      most: 50,
      async open() {
        const socket = await LineSocket.connect(port);
        await socket.line(/^@RSYNCD: /);
        return socket;
      },
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
