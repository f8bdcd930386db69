/** What the tests of the bench share: keys that must be there, processes that must not stay. */
import { afterEach, beforeEach, expect, mock, spyOn, test } from "bun:test";
import { chmodSync, readFileSync, readdirSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { LONG } from "../support/ways.ts";
import type { Measure, Measurement, Recorder } from "../../bench/support/record.ts";

/**
 * A whole suite of measurements, small: with LEAT_TEST_LONG. Servers and clients of a dozen programs start one after
 * another, which takes most of a minute, and on a busy machine longer than the suites wait for them.
 */
export const testSuite = test.if(LONG);

/** The one measurement that was asked for. */
export function measured(
  record: Recorder,
  wanted: { work: string; who: string; at?: number; measure: Measure },
): Measurement {
  const found = record.measurements.filter(
    ({ work, who, at, measure }) =>
      work === wanted.work && who === wanted.who && at === wanted.at && measure === wanted.measure,
  );
  expect(found, JSON.stringify(wanted)).toHaveLength(1);
  return found[0]!;
}

/** Processes that this one started and that are still there. */
function children(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === process.pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[1]);
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** Runs something, and expects that no process of its own is left. */
export async function leavesNoProcess(work: () => Promise<void>): Promise<void> {
  const before = new Set(children());
  await work();
  expect(children().filter((pid) => !before.has(pid))).toEqual([]);
}

/** Has the bench work in a folder that is gone afterwards. Others than its owner may enter it. */
export async function inBenchFolder(run: (folder: string) => Promise<void>): Promise<void> {
  using folder = new TemporaryFolder();
  chmodSync(folder.path, 0o755);
  const before = process.env.LEAT_BENCH_DIR;
  process.env.LEAT_BENCH_DIR = folder.path;
  try {
    await run(folder.path);
  } finally {
    if (before === undefined) delete process.env.LEAT_BENCH_DIR;
    else process.env.LEAT_BENCH_DIR = before;
  }
}

/** Progress is for people who wait. */
export function beQuiet(): void {
  beforeEach(() => void spyOn(console, "error").mockImplementation(() => {}));
  afterEach(() => void mock.restore());
}
