/**
 * TLS for all servers that the tests start: `LEAT_TEST_TLS` names a folder with a certificate and its key, as
 * `bun run test:secured` makes them. Clients trust it by SSL_CERT_FILE, which that sets, too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerTls } from "../../src/index.ts";
import { ALPN } from "../../src/net/tls.ts";

const folder = process.env["LEAT_TEST_TLS"];

/** Files of the certificate and its key, where the tests run with TLS. */
export const TLS_FILES =
  folder === undefined
    ? undefined
    : { cert: join(folder, "server.pem"), key: join(folder, "server.key") };

export const TEST_TLS: ServerTls | undefined = TLS_FILES && {
  cert: readFileSync(TLS_FILES.cert, "utf8"),
  key: readFileSync(TLS_FILES.key, "utf8"),
};

/** Ports of servers with TLS. */
const secured = new Set<number>();

/** @param said by a `leat server` that is ready. @returns its address, which is noted */
export function addressIn(said: string): string {
  const address = /^leat listening on (\S+)\n/.exec(said)?.[1];
  if (address === undefined) throw new Error(`no address in ${JSON.stringify(said)}`);
  noteServer(address);
  return address;
}

/** Notes whether a server has TLS. @param address as it says itself */
export function noteServer(address: string): void {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  if (address.startsWith("tls://")) secured.add(port);
  else secured.delete(port);
}

export const isSecured = (port: number): boolean => secured.has(port);

/** What a plain socket of a test needs to reach a server there. */
export function tlsOf(port: number): { readonly tls?: Bun.TLSOptions } {
  if (!isSecured(port)) return {};
  const ALPNProtocols = Buffer.from([ALPN.length, ...Buffer.from(ALPN)]);
  return { tls: { ALPNProtocols, rejectUnauthorized: false } };
}
