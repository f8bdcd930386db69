/** What both HTTP servers have in common: curl, and a connection that is kept alive. */
import type { Competitor, Entry, Idle } from "./competitor.ts";
import { curl } from "./curl.ts";
import { LineSocket } from "./line-socket.ts";
import { ONE } from "./material.ts";
import type { PeerServer, Site } from "./site.ts";

export function httpEntry(
  site: Site,
  who: string,
  server: PeerServer,
  more: Pick<Competitor, "listsNothing" | "kinds" | "note"> & { readonly tls?: TlsTerms } = {},
): Entry {
  const { tls, ...rest } = more;
  const { port, group } = server;
  // Without this header curl waits for `100 Continue` before it sends a large body.
  const words = ["--header", "Expect:", ...(tls === undefined ? [] : flagsOf(tls))];
  const scheme = tls === undefined ? "http" : "https";
  const client = curl(site, who, `${scheme}://127.0.0.1:${port}/`, words);
  return {
    competitors: [{ who: `${who} + curl`, client, server: group, ...rest }],
    ...(tls === undefined && { idle: idleOf(who, server) }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What a client has to agree to. */
interface TlsTerms {
  /** Path of the certificate to trust. */
  readonly cert: string;
  readonly cipher: string;
}

const flagsOf = ({ cert, cipher }: TlsTerms): string[] => [
  "--http1.1",
  "--cacert",
  cert,
  "--tlsv1.3",
  "--tls13-ciphers",
  cipher,
];

function idleOf(who: string, { port, group }: PeerServer): Idle {
  return {
    who,
    server: group,
    state: "kept alive after one request",
    async open() {
      const socket = await LineSocket.connect(port);
      socket.send(`HEAD /${ONE.path}/${ONE.name} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      await socket.line(/^HTTP\/1.1 200 /);
      return socket;
    },
  };
}
