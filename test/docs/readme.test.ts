/** The figures of README.md are those of the run that is kept, and its charts are there. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Kept, machineName, ROWS, withRun } from "../../bench/readme.ts";
import { readRun, Start } from "../../bench/report/run.ts";
import { Recorder } from "../../bench/support/record.ts";
import { PACKAGE } from "../cli/support.ts";
import { plain } from "./document.ts";

const kept = (source: string): Kept => ({ source, run: readRun(join(PACKAGE, source)) });
const MAIN = kept("bench/results/full.json");
const OTHERS = [kept("bench/results/xeon-peers.json")];
const readme = await Bun.file(join(PACKAGE, "README.md")).text();

function runOf(rows: typeof ROWS): Kept {
  const record = new Recorder();
  for (const [, [suite, work, who, measure, at]] of rows) {
    record.add({ suite, work, who, measure, at, axis: "clients" }, [1234, 1200, 1300]);
  }
  const about = { name: "x", quick: false, suites: [], failure: undefined };
  return { source: MAIN.source, run: new Start().finish(record, about) };
}

describe("a run written into the README", () => {
  test("has each of its figures, and everything else stays", () => {
    const text = withRun(readme, runOf(ROWS), OTHERS);
    for (const [what] of ROWS) {
      expect(text).toContain(`| ${what} | 1,234 (1,200–1,300) `);
    }
    const parts = (all: string): string[] =>
      all.split("\n## ").filter((part) => !part.startsWith("Figures"));
    expect(parts(text)).toEqual(parts(readme));
    expect(withRun(text, runOf(ROWS), OTHERS)).toBe(text);
  });

  test("is refused when one is missing, and the figure named", () => {
    expect(() => withRun(readme, runOf(ROWS.slice(1)), OTHERS)).toThrow(
      "the run has no throughput of leat, one connection: transfer, download 1 GiB",
    );
  });
});

test("README.md is that of the runs that are kept, and names the machine of each", () => {
  expect(plain(readme)).toBe(plain(withRun(readme, MAIN, OTHERS)));
  for (const { run } of [MAIN, ...OTHERS]) expect(readme).toContain(machineName(run));
  for (const [, path] of readme.matchAll(/\]\((bench\/results\/[^)]+)\)/g)) {
    expect([path, existsSync(join(PACKAGE, path!))]).toEqual([path, true]);
  }
});

test("the order of which README.md speaks is that of the runs", () => {
  const ahead = ({ run }: Kept): boolean[] =>
    ["download 1 GiB", "upload 1 GiB"].flatMap((work) => {
      const of = (who: string): number =>
        run.measurements.find(
          (one) => one.work === work && one.who === who && one.measure === "throughput",
        )!.median;
      return ["nginx + curl", "rsync"].map((who) => of("leat") > of(who));
    });
  expect(ahead(MAIN)).toEqual([true, true, true, true]);
  expect(OTHERS.map(ahead)).toEqual([[false, false, false, false]]);
});
