/** A few seconds of fuzzing; `bun run fuzz` goes on for as long as it is asked to. */
import { expect, test } from "bun:test";
import { announcedSeed } from "../support/chop.ts";
import { LONG } from "../support/ways.ts";
import { type Finding, series } from "./series.ts";
import { TARGETS, type TargetName } from "./targets.ts";

const COUNTS = { frames: LONG ? 1_000_000 : 3_000, sequences: LONG ? 10_000 : 100 } as const;

test.each(Object.keys(TARGETS) as TargetName[])("%s: nothing is wrong", async (name) => {
  await using target = TARGETS[name]();
  const findings: Finding[] = [];
  const count = COUNTS[target.unit];
  const onFinding = (finding: Finding): void => void findings.push(finding);
  const tried = await series(target, { seed: announcedSeed(), count, onFinding });
  expect(findings).toEqual([]);
  expect(tried).toBe(count);
});
