/** Chaos runs, one after another. */
import { drawPlan, KINDS, type Kind } from "./plan.ts";
import { type Result, runPlan } from "./run.ts";
import { noSmallDisk } from "./small-disk.ts";
import type { Versions } from "./versions.ts";

export interface SeriesOptions {
  readonly versions: Versions;
  /** Of the first run; the next ones have those that follow it. */
  readonly seed: number;
  readonly kinds: readonly Kind[];
  /** At most. */
  readonly runs: number;
  /** When no other is begun, as `performance.now` counts. */
  readonly until: number;
}

/** @returns kinds that can be run here, and tells of the others */
export function possibleKinds(kinds: readonly Kind[] = KINDS): Kind[] {
  const no = kinds.includes("disk") ? noSmallDisk() : undefined;
  if (no !== undefined) console.error(`chaos: no runs of kind disk: ${no}`);
  return kinds.filter((kind) => kind !== "disk" || no === undefined);
}

export async function* series(options: SeriesOptions): AsyncGenerator<Result> {
  const { versions, seed, kinds, runs, until } = options;
  for (let run = 0; run < runs && performance.now() < until; run += 1) {
    const plan = drawPlan(kinds[run % kinds.length]!, seed + run);
    yield await runPlan(plan, versions);
  }
}
