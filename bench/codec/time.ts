/** How long a contest takes: mitata's clock, loop and batches. */
import { measure } from "mitata";
import type { Contest } from "./contests.ts";

/** Runs between two looks at the clock where one run is short. */
const BATCH = 64;

/**
 * @param time how long it is repeated, in milliseconds
 * @returns nanoseconds of one operation, the median: no rare collection of garbage counts
 * @throws what the contest throws
 */
export async function timeOf(contest: Contest, time: number): Promise<number> {
  // What the one before left in memory is cleared away first: large arrays took five times as long.
  const until = performance.now() + time / 2;
  while (performance.now() < until) await contest.run();
  const { p50 } = await measure(() => contest.run(), {
    min_cpu_time: time * 1e6,
    min_samples: 5,
    batch_samples: BATCH,
    gc: false, // one before each would take as long as the contest
  });
  return p50 / contest.operations;
}
