/** What the log says of the certificate of a server. */
import { X509Certificate } from "node:crypto";
import type { ServerTls } from "../../net/tls-options.ts";
import { pinOf } from "../../net/tls-pin.ts";
import type { Log } from "../../server/log/log.ts";
import { isReadableByOthers, type ServerTlsFlags } from "../program/tls-files.ts";

/** Logs which certificate clients get, and what is wrong with it although it works. */
export function reportTls(tls: ServerTls, { tlsKey }: ServerTlsFlags, log: Log): void {
  const { fingerprint256, validTo } = new X509Certificate(tls.cert);
  log.info({ fingerprint: pinOf(fingerprint256), until: validTo }, "certificate");
  if (Date.parse(validTo) < Date.now()) {
    log.warn(
      { until: validTo },
      "the certificate has expired: clients do not trust it unless they pin it",
    );
  }
  if (tlsKey !== undefined && isReadableByOthers(tlsKey)) {
    log.warn(
      { key: tlsKey },
      "other users of this machine can read the key: chmod 600 prevents that",
    );
  }
}
