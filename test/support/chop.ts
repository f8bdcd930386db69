/**
 * Bytes in pieces, as a network would deliver them, and randomness that can be repeated:
 * `LEAT_SEED=123 bun test …` runs with the seed that an earlier run printed.
 */

export const SEED = Number(
  process.env["LEAT_SEED"] ?? crypto.getRandomValues(new Uint32Array(1))[0],
);

let announced = false;

/** The seed, printed once a run. */
export function announcedSeed(): number {
  if (!announced) console.log(`seed ${SEED} (repeat with LEAT_SEED=${SEED})`);
  announced = true;
  return SEED;
}

export interface Random {
  /** An integer of 0 up to, but without, `bound`. */
  below(bound: number): number;
  pick<Item>(items: readonly Item[]): Item;
  bytes(length: number): Uint8Array;
}

/** From the seed of this run. Pass a number of your own to have one sequence a test. */
export function seededRandom(salt = 0): Random {
  return randomFrom(announcedSeed() + salt);
}

/** A small generator (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  };
  return {
    below,
    pick: (items) => items[below(items.length)]!,
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}

/**
 * Cuts `bytes` into copies of the given sizes, the last of which is used again until the end:
 * `chop(bytes, [1])` is byte by byte. Copies, so that a decoder that writes to a chunk, or keeps
 * looking at the bytes around it, is found out.
 */
export function chop(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = sizes[Math.min(pieces.length, sizes.length - 1)] ?? bytes.length;
    if (!(size > 0)) throw new Error(`a piece of ${size} bytes never gets to the end`);
    pieces.push(new Uint8Array(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}

/** Cuts `bytes` into pieces of 1 to `most` bytes. */
export function chopAtRandom(bytes: Uint8Array, random: Random, most: number): Uint8Array[] {
  return chop(
    bytes,
    Array.from({ length: bytes.length }, () => 1 + random.below(most)),
  );
}

/** One array out of many. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes that live arrays and buffers hold outside the heap: garbage is collected first. */
export function bytesHeld(): number {
  Bun.gc(true);
  return process.memoryUsage().external;
}
