/** The network of a peer: what counts as one address, for limits and penalties. */
import { BlockList, isIP, isIPv4 } from "node:net";

/** undefined: it comes over no network. */
function addressOf(peer: string): string | undefined {
  const host = peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  const [, mapped = host] = /^::ffff:([\d.]+)$/i.exec(host) ?? [];
  const [address = ""] = mapped.split("%");
  return isIP(address) === 0 ? undefined : address;
}

/** An IPv4 address, or the /64 of an IPv6 address: one customer has that many. undefined: it comes over no network. */
export function networkOf(peer: string): string | undefined {
  const address = addressOf(peer);
  if (address === undefined || isIPv4(address)) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

/** Addresses, and networks of addresses. */
export class Networks {
  readonly #list = new BlockList();

  /** @param text `192.0.2.7,10.0.0.0/8,2001:db8::/32` @throws RangeError: what is no address and no network */
  constructor(text: string) {
    for (const each of text.split(",")) this.#add(each.trim());
  }

  #add(text: string): void {
    const [address = "", bits, ...rest] = text.split("/");
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const isWhole = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (version === 0 || !isWhole || rest.length > 0 || text.includes("%"))
      throw new RangeError(text);
    this.#list.addSubnet(address, Number(bits ?? most), version === 4 ? "ipv4" : "ipv6");
  }

  /** @param peer as its transport names it */
  has(peer: string): boolean {
    const address = addressOf(peer);
    if (address === undefined) return false;
    return this.#list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  }
}
