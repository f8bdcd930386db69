/**
 * Addresses from which wrong passwords come. After a few, no password is checked for a while, and each further wrong
 * one makes that twice as long. Tokens are not counted: nobody can guess one, and who has one, behind the same address
 * as somebody who guesses passwords, is not to be locked out.
 */
import { isIPv4, isIPv6 } from "node:net";
import { LeatError } from "../../errors.ts";
import { FREE_FAILURES, PENALIZED, PENALTY } from "../../limits.ts";

interface Failures {
  count: number;
  /** When the last one came, in milliseconds. */
  last: number;
}

export class Penalties {
  readonly #clock: () => number;
  /** By network, those of the oldest failure first. */
  readonly #failures = new Map<string, Failures>();

  /** @param clock in milliseconds */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** @param peer as its transport names it @throws RESOURCE_EXHAUSTED while it has to wait */
  check(peer: string): void {
    const network = networkOf(peer);
    const failures = network === undefined ? undefined : this.#failures.get(network);
    if (failures === undefined) return;
    const wait = failures.last + penaltyOf(failures.count) - this.#clock();
    if (wait <= 0) return;
    const message = `${failures.count} wrong passwords came from this address: it has to wait`;
    throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: Math.ceil(wait) });
  }

  /** A wrong password came. */
  failed(peer: string): void {
    const network = networkOf(peer);
    if (network === undefined) return;
    const now = this.#clock();
    const before = this.#failures.get(network);
    const isOld = before !== undefined && now - before.last > PENALTY.most;
    this.#failures.delete(network);
    this.#failures.set(network, { count: (isOld ? 0 : (before?.count ?? 0)) + 1, last: now });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > PENALIZED && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** The right password came: who mistyped it begins anew. */
  succeeded(peer: string): void {
    const network = networkOf(peer);
    if (network !== undefined) this.#failures.delete(network);
  }
}

/** Milliseconds. */
function penaltyOf(count: number): number {
  if (count < FREE_FAILURES) return 0;
  return Math.min(PENALTY.most, PENALTY.least * 2 ** Math.min(count - FREE_FAILURES, 30));
}

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
