/** The certificate that all servers with TLS have: made once, as `leat server init` does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { selfSigned } from "../../src/cli/server/init/self-signed.ts";
import type { Site } from "./site.ts";

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
