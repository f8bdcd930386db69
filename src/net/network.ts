/** The network of a peer: what counts as one address, for limits and penalties. */
import { isIPv4, isIPv6 } from "node:net";

/** An IPv4 address, or the /64 of an IPv6 address: one customer has that many. undefined: it comes over no network. */
export function networkOf(peer: string): string | undefined {
  const host = peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  const [, mapped = host] = /^::ffff:([\d.]+)$/i.exec(host) ?? [];
  if (isIPv4(mapped)) return mapped;
  const [address = ""] = mapped.split("%");
  if (!isIPv6(address)) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
