/**
 * How many unfinished uploads are kept, and how much of the disk: of each peer, as far as this process has
 * kept them, and in all, whoever did. Beyond a bound the oldest goes; the newest always stays.
 */
import {
  KEPT_BYTES,
  KEPT_PARTIALS,
  PEER_KEPT_BYTES,
  PEER_KEPT_PARTIALS,
  PEERS_COUNTED,
} from "../limits.ts";

export interface KeptBounds {
  /** Of all in the folder. */
  readonly count: number;
  readonly bytes: number;
  /** Of those of one peer. */
  readonly peerCount: number;
  readonly peerBytes: number;
}

export const KEPT_BOUNDS: KeptBounds = {
  count: KEPT_PARTIALS,
  bytes: KEPT_BYTES,
  peerCount: PEER_KEPT_PARTIALS,
  peerBytes: PEER_KEPT_BYTES,
};

/** The share of a bound after which the whole folder is looked at again. */
const LOOK_SHARE = 1 / 16;

export class KeptPartials {
  readonly #bounds: KeptBounds;
  readonly #remove: (name: string) => void;
  readonly #lookAtAll: () => void;
  /** Of each peer, the one that was idle longest first: sizes by names, the oldest first. */
  readonly #peers = new Map<string, Map<string, number>>();
  /** Since all were looked at. */
  #count = 0;
  #bytes = 0;

  /**
   * @param remove one of them, unless somebody holds it
   * @param lookAtAll asked for when enough was kept that all together may be over a bound
   */
  constructor(bounds: KeptBounds, remove: (name: string) => void, lookAtAll: () => void) {
    this.#bounds = bounds;
    this.#remove = remove;
    this.#lookAtAll = lookAtAll;
  }

  /** One was kept. */
  add(name: string, bytes: number, peer: string): void {
    const own = this.#peers.get(peer) ?? new Map<string, number>();
    this.#peers.delete(peer);
    this.#peers.set(peer, own);
    if (this.#peers.size > PEERS_COUNTED) this.#peers.delete(first(this.#peers)!);
    own.delete(name);
    own.set(name, bytes);
    this.#trim(own);
    this.#count += 1;
    this.#bytes += bytes;
    const { count, bytes: most } = this.#bounds;
    if (this.#count < count * LOOK_SHARE && this.#bytes < most * LOOK_SHARE) return;
    this.#count = 0;
    this.#bytes = 0;
    this.#lookAtAll();
  }

  #trim(own: Map<string, number>): void {
    const { peerCount, peerBytes } = this.#bounds;
    let bytes = 0;
    for (const size of own.values()) bytes += size;
    for (const [name, size] of own) {
      if (own.size === 1 || (own.size <= peerCount && bytes <= peerBytes)) return;
      own.delete(name);
      bytes -= size;
      this.#remove(name);
    }
  }
}

/** What has to go of all: the oldest. @param all in any order @returns names */
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

function first<Key>(map: ReadonlyMap<Key, unknown>): Key | undefined {
  for (const key of map.keys()) return key;
  return undefined;
}
