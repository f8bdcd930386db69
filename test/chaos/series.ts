/** Chaos runs, one after another. */
import { History } from "./history.ts";
import { drawPlan, KINDS, type Kind, type Plan } from "./plan.ts";
import { type Result, runPlan } from "./run.ts";
import { noMount } from "../support/mounted.ts";
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
  const no = kinds.includes("disk") ? noMount() : undefined;
  if (no !== undefined) console.error(`chaos: no runs of kind disk: ${no}`);
  return kinds.filter((kind) => kind !== "disk" || no === undefined);
}

export async function* series(options: SeriesOptions): AsyncGenerator<Result> {
  const { versions, seed, kinds, runs, until } = options;
  for (let run = 0; run < runs && performance.now() < until; run += 1) {
    const plan = drawPlan(kinds[run % kinds.length]!, seed + run);
    yield await runPlan(plan, versions).catch((thrown: unknown) =>
      brokenRun(plan, thrown, versions),
    );
  }
}

/** Of a run that did not come to its end, for whatever reason: that is a failure, too. */
function brokenRun({ kind, seed }: Plan, thrown: unknown, versions: Versions): Result {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return {
    kind,
    seed,
    violations: [{ what: "broken", text }],
    counts: { cuts: 0, resets: 0, stalls: 0, flips: 0, delayed: 0, slices: 0 },
    blows: {},
    history: new History(versions),
    seconds: 0,
    log: "",
  };
}
