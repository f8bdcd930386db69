/** Where a server is, as a person writes it. */
import { LeatError } from "../../errors.ts";
import { clientText } from "../../net/bun.ts";
import { isLoopback, isUnspecified } from "../../net/loopback.ts";
import type { Address } from "../../net/transport.ts";
import { isSsh, parseSsh, type SshAddress } from "./ssh-address.ts";

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8888;

/** Where a client finds its server. */
export type ServerAddress = SocketAddress | SshAddress;

/** @property isSecure the client speaks TLS there */
export type SocketAddress = Address & { readonly isSecure: boolean };

/** As messages name it. */
export function serverText(address: ServerAddress): string {
  return "ssh" in address ? address.ssh : clientText(address, address.isSecure);
}

/**
 * Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT`, `tls://…`, `tcp://…`, `unix:PATH` and `ssh://…`. Without a scheme it
 * is TLS, unless HOST is this machine.
 * @param wantsTls options are given that only TLS has: without a scheme it is TLS here, too
 * @throws INVALID_ARGUMENT; also for options of TLS with an address that has none
 */
export function parseAddress(text: string, wantsTls = false): ServerAddress {
  const address = parse(text, wantsTls);
  if (!wantsTls || ("isSecure" in address && address.isSecure)) return address;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `${serverText(address)} is reached without TLS, and options of TLS are given: write tls:// or leave them out`,
  );
}

function parse(text: string, wantsTls: boolean): ServerAddress {
  // As of a variable of the environment that is not set, in a program whose types nobody checks.
  if (typeof text !== "string") throw bad(String(text), "it is no text");
  if (isSsh(text)) return parseSsh(text, (why) => bad(text, why));
  if (text.startsWith("unix:")) {
    const unix = text.slice("unix:".length);
    if (unix === "") throw bad(text, "there is no path behind unix:");
    return { unix, isSecure: false };
  }
  const [, scheme, rest = ""] = /^(tcp:\/\/|tls:\/\/)?(.*)$/s.exec(text)!;
  if (rest === "") throw bad(text, "it is empty");
  const match = /^(?:\[([^\]]+)\]|([^:/\s]*))(?::(\d*))?$/.exec(rest.replace(/\/$/, ""));
  if (match === null)
    throw bad(
      text,
      "it should look like example.org:8888, [::1]:8888, tls://HOST, tcp://HOST, unix:PATH or ssh://HOST/PATH",
    );
  const hostname = match[1] ?? (match[2] === "" ? DEFAULT_HOST : match[2]!);
  const port = match[3] === undefined ? DEFAULT_PORT : parsePort(match[3]);
  const isHere = isLoopback(hostname) || isUnspecified(hostname);
  const isSecure = scheme === undefined ? wantsTls || !isHere : scheme === "tls://";
  return { hostname, port, isSecure };
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
