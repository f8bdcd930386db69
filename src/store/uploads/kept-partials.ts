/**
 * Bounds of unfinished uploads that are kept for another try: their number and their bytes, for each peer
 * and in all. Beyond a bound the oldest is removed; the newest always stays.
 */
import { KEPT_BYTES, KEPT_PARTIALS, PEER_KEPT_BYTES, PEER_KEPT_PARTIALS } from "../../limits.ts";
import type { Partials } from "./partials.ts";
import type { Kept } from "./tries.ts";

export interface KeptBounds {
  /** Of all in the folder. */
  readonly count: number;
  readonly bytes: number;
  /** Of one peer. */
  readonly peerCount: number;
  readonly peerBytes: number;
}

export const KEPT_BOUNDS: KeptBounds = {
  count: KEPT_PARTIALS,
  bytes: KEPT_BYTES,
  peerCount: PEER_KEPT_PARTIALS,
  peerBytes: PEER_KEPT_BYTES,
};

/** After this share of a bound was kept, the whole folder is swept. */
const SWEEP_SHARE = 1 / 16;

export class KeptPartials {
  readonly #bounds: KeptBounds;
  readonly #partials: Partials;
  /** By name, the oldest first; some of them have been continued or removed since. */
  readonly #all = new Map<string, Kept>();
  /** Of those that were kept since the last sweep. */
  #count = 0;
  #bytes = 0;

  constructor(bounds: KeptBounds, partials: Partials) {
    this.#bounds = bounds;
    this.#partials = partials;
  }

  /** A partial was kept, by any process. */
  note(kept: Kept): void {
    this.#all.delete(kept.name);
    this.#all.set(kept.name, kept);
    const { count } = this.#bounds;
    if (this.#all.size <= 2 * count) return;
    const [oldest] = this.#all.keys();
    this.#all.delete(oldest!);
  }

  /** Removes what is beyond the bounds, after this process has kept a partial and noted it. */
  trim(name: string): void {
    const kept = this.#all.get(name);
    if (kept === undefined) return;
    this.#trim(kept.peer);
    this.#count += 1;
    this.#bytes += kept.size;
    const { count, bytes } = this.#bounds;
    if (this.#count < count * SWEEP_SHARE && this.#bytes < bytes * SWEEP_SHARE) return;
    this.#count = 0;
    this.#bytes = 0;
    void this.#partials.sweepLater(0); // all together may be beyond a bound
  }

  #trim(peer: string): void {
    let own = [...this.#all.values()].filter((one) => one.peer === peer);
    if (!this.#isBeyond(own)) return;
    const { folder } = this.#partials;
    for (const { name } of own) if (folder.stat(name) === undefined) this.#all.delete(name);
    own = own.filter(({ name }) => this.#all.has(name));
    while (own.length > 1 && this.#isBeyond(own)) {
      const { name } = own.shift()!;
      this.#all.delete(name);
      this.#partials.remove(name);
    }
  }

  #isBeyond(own: readonly Kept[]): boolean {
    const { peerCount, peerBytes } = this.#bounds;
    return own.length > peerCount || own.reduce((sum, { size }) => sum + size, 0) > peerBytes;
  }
}

/** @param all in any order @returns the names of those beyond the bounds: the oldest */
export function beyond(
  all: readonly { readonly name: string; readonly size: number; readonly changed: number }[],
  { count, bytes }: Pick<KeptBounds, "count" | "bytes">,
): string[] {
  const newestFirst = all.toSorted((a, b) => b.changed - a.changed);
  let sum = 0;
  const stay = newestFirst.findIndex(({ size }, index) => {
    sum += size;
    return index > 0 && (index >= count || sum > bytes);
  });
  return stay === -1 ? [] : newestFirst.slice(stay).map(({ name }) => name);
}
