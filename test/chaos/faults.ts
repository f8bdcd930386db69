/** What happens to the bytes of each connection of a chaos run. */
import { MiB } from "../../src/limits.ts";
import { type Random, randomFrom } from "../support/chop.ts";
import type { Fault } from "../support/fault-line.ts";
import type { Kind } from "./plan.ts";

/** Of so many connections some are bad; those behind them are sound, so that a run has an end. */
const BAD_CONNECTIONS = 64;

/** Percent of the connections, the first of which are all of one client each. */
const CHANCE: Readonly<Record<Kind, number>> = {
  "server-kill": 10,
  "client-kill": 10,
  "worker-kill": 10,
  proxy: 70,
  flip: 80,
  disk: 20,
  descriptors: 0,
  mixed: 40,
};

/** @param garbled bits may be flipped anywhere, not only in payload */
export function drawFault(kind: Kind, garbled: boolean, seed: number, connection: number): Fault {
  const random = randomFrom(seed * 31 + connection * 7919 + 1);
  if (connection >= BAD_CONNECTIONS || random.below(100) >= CHANCE[kind]) return {};
  if (garbled) return anywhere(random);
  if (kind === "flip") return inPayload(random);
  if (kind === "mixed" && random.below(4) === 0) return { ...inPayload(random), ...breaks(random) };
  return breaks(random);
}

function breaks(random: Random): Fault {
  const kind = random.below(10);
  const up = random.below(2) === 0;
  const bytes = drawBytes(random);
  if (kind < 5) return { [up ? "cutUp" : "cutDown"]: bytes, reset: random.below(2) === 0 };
  if (kind < 7) return { [up ? "stallUp" : "stallDown"]: bytes, stallFor: 20 + random.below(400) };
  if (kind < 8) return { delay: 1 + random.below(8) };
  // A cut among single bytes: each place within a head is met.
  const slices = { oneByOne: 100 + random.below(900) };
  if (random.below(2) === 0) return slices;
  return { ...slices, [up ? "cutUp" : "cutDown"]: 1 + random.below(slices.oneByOne) };
}

function inPayload(random: Random): Fault {
  return { payloadDown: bits(random, 6 * MiB), payloadUp: bits(random, 6 * MiB) };
}

function anywhere(random: Random): Fault {
  const most = random.pick([100, 2000, MiB]);
  return random.below(2) === 0 ? { flipUp: bits(random, most) } : { flipDown: bits(random, most) };
}

/** One to four bits of so many bytes. */
function bits(random: Random, bytes: number): number[] {
  const most = Math.min(bytes, drawBytes(random));
  return Array.from({ length: 1 + random.below(4) }, () => random.below(most * 8)).toSorted(
    (a, b) => a - b,
  );
}

/** Bytes, the small numbers as often as the large ones. */
function drawBytes(random: Random): number {
  return 1 + random.below(random.pick([200, 4096, 300_000, 2 * MiB, 8 * MiB]));
}
