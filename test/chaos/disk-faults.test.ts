/** Some cells of the fault matrix; `bun run chaos faults` tries all. */
import { expect, test } from "bun:test";
import { noStrace } from "../support/straced-server.ts";
import { tryFaults } from "./disk-faults/matrix.ts";
import { failureOf, isWrong } from "./disk-faults/report.ts";

/** Which cells: the same ones each time, unless LEAT_SEED draws others. */
const SEED = Number(process.env["LEAT_SEED"] ?? 1);

const why = noStrace();

test.skipIf(why !== undefined)(
  `a call of the store that fails ends what it stops, and nothing else${why === undefined ? "" : ` [${why}]`}`,
  async () => {
    const cells = await tryFaults({ seed: SEED, every: 60, pairs: 1 });
    expect(cells.filter(isWrong).map(failureOf)).toEqual([]);
    // strace does what it was asked for: most faults are met, and are seen by the client.
    expect(cells.filter(({ hits }) => hits > 0).length).toBeGreaterThan(cells.length / 2);
    expect(cells.some(({ outcome }) => outcome !== "done")).toBe(true);
  },
  120_000,
);
