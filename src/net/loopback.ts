/** Addresses that lead to this machine, over no network. */
import { isIPv4, isIPv6 } from "node:net";

/** @param host an address, or `localhost` */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:/i, "");
  if (isIPv6(plain)) return /^(0*:)+0*1$/.test(plain);
  return plain.toLowerCase() === "localhost" || (isIPv4(plain) && plain.startsWith("127."));
}

/** An address that listens on all addresses of a machine. */
export function isUnspecified(host: string): boolean {
  return host === "0.0.0.0" || (isIPv6(host) && /^[0:]+$/.test(host));
}
