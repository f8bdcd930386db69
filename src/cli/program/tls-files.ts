/** The files that the flags of TLS name. */
import { readFileSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { PEM_FILE } from "../../limits.ts";
import { checkClientTls, checkServerTls, isGiven, type TlsNames } from "../../net/tls.ts";
import type { ClientTls, ServerTls } from "../../net/tls-options.ts";

/** Flags of `leat server`, with the paths of files. */
export interface ServerTlsFlags {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

/** Flags of `leat client`, with the paths of files but for `pin`. */
export interface ClientTlsFlags {
  readonly ca?: string;
  readonly pin?: string;
  readonly insecure?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** @returns undefined where no flag asks for TLS @throws INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED */
export function readServerTls(flags: ServerTlsFlags): ServerTls | undefined {
  const { tlsCert, tlsKey, tlsClientCa } = flags;
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  const tls: Parameters<typeof checkServerTls>[0] = {
    cert: readPem("--tls-cert", tlsCert),
    key: readPem("--tls-key", tlsKey),
    clientCa: readPem("--tls-client-ca", tlsClientCa),
  };
  checkServerTls(tls, true, namesOf(flags));
  return tls;
}

/** @returns undefined where no flag is set @throws INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED */
export function readClientTls(flags: ClientTlsFlags): ClientTls | undefined {
  const { ca, pin, insecure, tlsCert, tlsKey } = flags;
  const tls = {
    ca: readPem("--ca", ca),
    pin,
    insecure,
    cert: readPem("--tls-cert", tlsCert),
    key: readPem("--tls-key", tlsKey),
  };
  if (!isGiven(tls)) return undefined;
  checkClientTls(tls, namesOf(flags));
  return tls;
}

function namesOf({ tlsCert, tlsKey, tlsClientCa, ca }: ServerTlsFlags & ClientTlsFlags): TlsNames {
  const flag = (name: string, path: string | undefined) =>
    path === undefined ? name : `${name} ${path}`;
  return {
    cert: flag("--tls-cert", tlsCert),
    key: flag("--tls-key", tlsKey),
    clientCa: flag("--tls-client-ca", tlsClientCa),
    ca: flag("--ca", ca),
    pin: "--pin",
    insecure: "--insecure",
  };
}

/** Whether users besides its owner can read a file; not where the system does not tell, as after --run-as. */
export function isReadableByOthers(path: string): boolean {
  try {
    return (statSync(path).mode & 0o077) !== 0;
  } catch {
    return false;
  }
}

function readPem(flag: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const failure = `cannot read ${flag} ${path}`;
  try {
    const { size } = statSync(path);
    if (size <= PEM_FILE) return readFileSync(path, "utf8");
  } catch (thrown) {
    throw LeatError.from(thrown, failure);
  }
  throw new LeatError("INVALID_ARGUMENT", `${failure}: it is longer than ${PEM_FILE} bytes`);
}
