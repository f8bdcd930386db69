/** The address that a server listens on: reads and checks it, and finds those that other machines can use. */
import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { InvalidArgumentError } from "commander";
import { clientText } from "../../net/bun.ts";
import { isLoopback, isUnspecified } from "../../net/loopback.ts";
import type { Address } from "../../net/transport.ts";
import type { ServerFlags } from "./flags.ts";
import { UsageError } from "../program/exit-codes.ts";
import { printable } from "../terminal/terminal-text.ts";

/** A person needs no more of them. */
const MOST_SHOWN = 8;

type Reach = Pick<
  ServerFlags,
  "hostname" | "unix" | "allowAnonymous" | "users" | "tlsCert" | "tlsClientCa"
>;

type Typed = (flag: string) => boolean;

/** For `argParser`: an address or a name; `[::1]` is `::1`, as the ready line writes it. */
export function readHost(text: string): string {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1];
  const host = inBrackets ?? text;
  if (inBrackets === undefined ? isAddressOrName(host) : isIPv6(host)) return host;
  const port = /^(.*):(\d+)$/.exec(text);
  if (port !== null && isAddressOrName(port[1]!.replace(/^\[(.*)\]$/, "$1"))) {
    throw new InvalidArgumentError(`The port has a flag of its own: --port ${port[2]}.`);
  }
  throw new InvalidArgumentError("It is neither an address nor the name of a host.");
}

function isAddressOrName(host: string): boolean {
  if (isIPv4(host) || isIPv6(host)) return true;
  // Digits and dots alone are a wrong address, and no name.
  if (host.length > 253 || /^(0x[0-9a-f]*|[\d.])+$/i.test(host)) return false;
  return /^[\p{L}\p{N}_]([\p{L}\p{N}_.-]*)$/u.test(host);
}

/** @throws UsageError */
export function checkAddress(flags: Reach, typed: Typed): void {
  const { hostname, unix, tlsCert } = flags;
  if (unix === "") throw new UsageError("--unix needs a path");
  if (unix !== undefined) {
    if (tlsCert !== undefined) throw new UsageError("--unix listens on a path: it has no TLS");
    if (!typed("host") && !typed("port")) return;
    throw new UsageError("--unix listens on a path: it has no --host and no --port");
  }
  checkReach(`--host ${printable(hostname)}`, hostname, flags);
}

/** For a socket that was passed to this process, as by systemd: it has its address already. @throws UsageError */
export function checkPassed(address: Address, flags: Reach, typed: Typed): void {
  const flag = ["host", "port", "unix"].find(typed);
  if (flag !== undefined) {
    const message = `--${flag} has no effect on a socket that was passed: it listens already`;
    throw new UsageError(message);
  }
  if ("unix" in address) return;
  checkReach(`the socket on ${address.hostname}`, address.hostname, flags);
}

function checkReach(what: string, host: string, flags: Reach): void {
  if (isLoopback(host)) return;
  const { users, allowAnonymous, tlsCert, tlsClientCa } = flags;
  if (users !== undefined && tlsCert === undefined) {
    throw new UsageError(
      `${what} can be reached over a network, where others could read the tokens and passwords of ` +
        "--users: encrypt them by --tls-cert and --tls-key, or listen on 127.0.0.1 or --unix",
    );
  }
  // TLS alone says who the server is, and not who its clients are.
  if (users !== undefined || allowAnonymous === true || tlsClientCa !== undefined) return;
  throw new UsageError(
    `${what} can be reached from other machines, and anybody could read and ` +
      "write the library: leat server init makes users and a certificate, --tls-client-ca asks clients for " +
      "certificates, and --allow-anonymous serves everybody",
  );
}

/**
 * The addresses for clients on other machines, of a server that listens on all: 0.0.0.0 means their own machine.
 * @param address of the server, with its port
 */
export function addressesElsewhere(address: string, asked: Address, isSecure: boolean): string[] {
  if ("unix" in asked) return [];
  if (!isUnspecified(asked.hostname)) return [];
  const isAny = isIPv6(asked.hostname);
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return (
    (isAny ? ["IPv4", "IPv6"] : ["IPv4"])
      .flatMap((family) => all.filter((each) => each.family === family))
      // A link-local address needs the name of an interface on the other machine.
      .filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address))
      .slice(0, MOST_SHOWN)
      .map(({ address: hostname }) => clientText({ hostname, port }, isSecure))
  );
}
