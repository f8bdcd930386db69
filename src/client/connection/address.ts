/** Where a server is, as a person writes it. */
import { LeatError } from "../../errors.ts";
import { addressText } from "../../net/bun.ts";
import type { Address } from "../../net/transport.ts";
import { isSsh, parseSsh, type SshAddress } from "./ssh-address.ts";

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8888;

/** Where a client finds its server. */
export type ServerAddress = Address | SshAddress;

/** As messages name it. */
export function serverText(address: ServerAddress): string {
  return "ssh" in address ? address.ssh : addressText(address);
}

/**
 * Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT`, `tcp://…`, `unix:PATH` and `ssh://…`.
 * @throws INVALID_ARGUMENT
 */
export function parseAddress(text: string): ServerAddress {
  if (isSsh(text)) return parseSsh(text, (why) => bad(text, why));
  if (text.startsWith("unix:")) {
    const unix = text.slice("unix:".length);
    if (unix === "") throw bad(text, "there is no path behind unix:");
    return { unix };
  }
  if (text.startsWith("tls://")) {
    throw new LeatError("UNIMPLEMENTED", `server ${text}: TLS is not served yet`);
  }
  if (text === "" || text === "tcp://") throw bad(text, "it is empty");
  const rest = text.startsWith("tcp://") ? text.slice("tcp://".length) : text;
  const match = /^(?:\[([^\]]+)\]|([^:/\s]*))(?::(\d*))?$/.exec(rest.replace(/\/$/, ""));
  if (match === null)
    throw bad(text, "it should look like 127.0.0.1:8888, [::1]:8888, unix:PATH or ssh://HOST/PATH");
  const hostname = match[1] ?? (match[2] === "" ? DEFAULT_HOST : match[2]!);
  return { hostname, port: match[3] === undefined ? DEFAULT_PORT : parsePort(match[3]) };
}

/** @throws INVALID_ARGUMENT */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new LeatError("INVALID_ARGUMENT", `"${text}" is not a port: it should be 0 to 65535`);
  }
  return port;
}

function bad(text: string, why: string): LeatError {
  return new LeatError(
    "INVALID_ARGUMENT",
    `"${text.slice(0, 100)}" is not a server address: ${why}`,
  );
}
