/** Addresses that lead to this machine, over no network. */
import { isIPv4, isIPv6 } from "node:net";

/** @param host an address, or `localhost` */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:/i, "");
  if (isIPv6(plain)) return /^(0*:)+0*1$/.test(plain);
  return plain.toLowerCase() === "localhost" || (isIPv4(plain) && plain.startsWith("127."));
}
