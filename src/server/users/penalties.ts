/**
 * Addresses that have to wait. Those from which wrong passwords come: after a few, no password is checked for a while, and
 * each further wrong one makes that twice as long. Tokens are not counted: nobody can guess one, and who has one, behind
 * the same address as somebody who guesses passwords, is not to be locked out. And those whose connections break the
 * protocol, or say no Hello: no connection is taken from them for a while.
 */
import { LeatError } from "../../errors.ts";
import { FAULT_PENALTY, FREE_FAILURES, FREE_FAULTS, PENALIZED, PENALTY } from "../../limits.ts";
import { Networks, networkOf } from "../../net/network.ts";

interface Failures {
  count: number;
  /** When the last one came, in milliseconds. */
  last: number;
}

/** What is counted, and how long it makes an address wait. */
interface Rule {
  readonly free: number;
  /** Milliseconds. */
  readonly penalty: { readonly least: number; readonly most: number };
  readonly what: string;
}

const PASSWORDS: Rule = { free: FREE_FAILURES, penalty: PENALTY, what: "wrong passwords" };

/** For connections that were no use to anybody. */
export const FAULTS: Rule = {
  free: FREE_FAULTS,
  penalty: FAULT_PENALTY,
  what: "connections that broke the protocol or said no Hello",
};

export class Penalties {
  readonly #clock: () => number;
  readonly #rule: Rule;
  readonly #exempt: Networks | undefined;
  /** By network, those of the oldest failure first. */
  readonly #failures = new Map<string, Failures>();

  /** @param exempt networks that never have to wait @param clock in milliseconds */
  constructor(exempt?: string, clock: () => number = () => performance.now(), rule = PASSWORDS) {
    this.#exempt = exempt === undefined ? undefined : new Networks(exempt);
    this.#clock = clock;
    this.#rule = rule;
  }

  /** @param peer as its transport names it @throws RESOURCE_EXHAUSTED while it has to wait */
  check(peer: string): void {
    const network = networkOf(peer);
    const failures = network === undefined ? undefined : this.#failures.get(network);
    if (failures === undefined) return;
    const wait = failures.last + this.#penaltyOf(failures.count) - this.#clock();
    if (wait <= 0) return;
    const message = `${failures.count} ${this.#rule.what} came from this address: it has to wait`;
    throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: Math.ceil(wait) });
  }

  /** One more came. */
  failed(peer: string): void {
    const network = networkOf(peer);
    if (network === undefined || this.#exempt?.has(peer) === true) return;
    const now = this.#clock();
    const before = this.#failures.get(network);
    const isOld = before !== undefined && now - before.last > this.#rule.penalty.most;
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

  /** Milliseconds. */
  #penaltyOf(count: number): number {
    const { free, penalty } = this.#rule;
    if (count < free) return 0;
    return Math.min(penalty.most, penalty.least * 2 ** Math.min(count - free, 30));
  }
}
