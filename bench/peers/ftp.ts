/** What both FTP servers have in common: their clients, and a log-in that then does nothing. */
import type { Client, Competitor, Entry } from "./competitor.ts";
import { curl } from "./curl.ts";
import { lftp } from "./lftp.ts";
import { LineSocket } from "./line-socket.ts";
import type { PeerServer, Site } from "./site.ts";

interface Login {
  readonly user: string;
  readonly password: string;
}

export function ftpEntry(site: Site, who: string, server: PeerServer, login: Login): Entry {
  const { port, group } = server;
  const { user, password } = login;
  const competitors: Competitor[] = [];
  const add = (client: "curl" | "lftp", make: () => Client): void => {
    if (site.programs.find(client) === undefined) return;
    competitors.push({ who: `${who} + ${client}`, client: make(), server: group });
  };
  const base = `ftp://${user}:${password}@127.0.0.1:${port}/`;
  add("curl", () => curl(site, `${who}-curl`, base, ["--ftp-method", "nocwd"]));
  add("lftp", () => lftp(site, `${who}-lftp`, `-u ${user},${password} ftp://127.0.0.1:${port}`));
  return {
    competitors,
    idle: {
      who,
      server: group,
      state: "logged in",
      most: 50,
      async open() {
        const socket = await LineSocket.connect(port);
        await socket.line(/^220 /);
        socket.send(`USER ${user}\r\n`);
        if ((await socket.line(/^(331|230) /)).startsWith("230")) return socket;
        socket.send(`PASS ${password}\r\n`);
        await socket.line(/^230 /);
        return socket;
      },
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
