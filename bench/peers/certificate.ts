/** The certificate that all servers with TLS have: made once, as `leat server init` does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { selfSigned } from "../../src/cli/server/init/self-signed.ts";
import type { PeerServer, Site } from "./site.ts";

/** What leat agrees on with itself on a processor with AES: the others are told to. */
export const CIPHER = "TLS_AES_128_GCM_SHA256";

/** Paths of files. */
export interface BenchCertificate {
  readonly cert: string;
  readonly key: string;
}

const made = new WeakMap<Site, BenchCertificate>();

export function certificateOf(site: Site): BenchCertificate {
  const files = made.get(site) ?? make(site);
  made.set(site, files);
  return files;
}

function make(site: Site): BenchCertificate {
  const day = 24 * 3_600_000;
  const [from, until] = [new Date(Date.now() - day), new Date(Date.now() + day)];
  const { cert, key } = selfSigned(["localhost", "127.0.0.1"], { from, until });
  const files = { cert: join(site.etc, "server.pem"), key: join(site.etc, "server.key") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}

/**
 * Shakes hands as a client of Bun does that has no wishes of its own.
 * @param cert path of the certificate to trust
 * @param protocol for ALPN
 * @throws where the two agree on another cipher than `CIPHER`: the server is stopped then
 */
export async function checkCipher(
  server: PeerServer,
  cert: string,
  protocol: string,
): Promise<void> {
  try {
    const cipher = await cipherOf(server.port, readFileSync(cert, "utf8"), protocol);
    if (cipher !== CIPHER) throw new Error(`it has the cipher ${cipher}, not ${CIPHER}`);
  } catch (thrown) {
    await server[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function cipherOf(port: number, ca: string, protocol: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const ALPNProtocols = Buffer.from([protocol.length, ...Buffer.from(protocol)]);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    tls: { ca, ALPNProtocols, serverName: "localhost" },
    socket: {
      data() {},
      handshake: (of) => resolve(of.getCipher().name),
      close: () => reject(new Error("it closed the connection in the TLS handshake")),
    },
  });
  try {
    return await promise;
  } finally {
    socket.terminate();
  }
}
