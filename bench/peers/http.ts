/** What both HTTP servers have in common: curl, and a connection that is kept alive. */
import type { Entry } from "./competitor.ts";
import { curl } from "./curl.ts";
import { LineSocket } from "./line-socket.ts";
import { ONE } from "./material.ts";
import type { PeerServer, Site } from "./site.ts";

export function httpEntry(
  site: Site,
  who: string,
  server: PeerServer,
  more: { readonly listsNothing?: string } = {},
): Entry {
  const { port, group } = server;
  // Without this header curl waits for `100 Continue` before it sends a large body.
  const client = curl(site, who, `http://127.0.0.1:${port}/`, ["--header", "Expect:"]);
  return {
    competitors: [{ who: `${who} + curl`, client, server: group, ...more }],
    idle: {
      who,
      server: group,
      state: "kept alive after one request",
      async open() {
        const socket = await LineSocket.connect(port);
        socket.send(`HEAD /${ONE.path}/${ONE.name} HTTP/1.1\r\nHost: bench\r\n\r\n`);
        await socket.line(/^HTTP\/1.1 200 /);
        return socket;
      },
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
