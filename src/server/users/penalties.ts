/**
 * Addresses from which wrong passwords come. After a few, no password is checked for a while, and each further wrong
 * one makes that twice as long. Tokens are not counted: nobody can guess one, and who has one, behind the same address
 * as somebody who guesses passwords, is not to be locked out.
 */
import { LeatError } from "../../errors.ts";
import { FREE_FAILURES, PENALIZED, PENALTY } from "../../limits.ts";
import { networkOf } from "../../net/network.ts";

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
