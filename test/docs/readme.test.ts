/** The figures of README.md are those of the run that is kept, and its charts are there. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROWS, withRun } from "../../bench/readme.ts";
import { readRun, Start } from "../../bench/report/run.ts";
import { Recorder } from "../../bench/support/record.ts";
import { PACKAGE } from "../cli/support.ts";
import { plain } from "./document.ts";

const SOURCE = "bench/results/full.json";
const readme = await Bun.file(join(PACKAGE, "README.md")).text();

function runOf(rows: typeof ROWS): ReturnType<typeof readRun> {
  const record = new Recorder();
  for (const [, [suite, work, who, measure, at]] of rows) {
    record.add({ suite, work, who, measure, at, axis: "clients" }, [1234, 1200, 1300]);
  }
  return new Start().finish(record, { name: "x", quick: false, suites: [], failure: undefined });
}

describe("a run written into the README", () => {
  test("has each of its figures, and everything else stays", () => {
    const text = withRun(readme, SOURCE, runOf(ROWS));
    for (const [what] of ROWS) {
      expect(text).toContain(`| ${what} | 1,234 (1,200–1,300) `);
    }
    const parts = (all: string): string[] =>
      all.split("\n## ").filter((part) => !part.startsWith("Figures"));
    expect(parts(text)).toEqual(parts(readme));
    expect(withRun(text, SOURCE, runOf(ROWS))).toBe(text);
  });

  test("is refused when one is missing, and the figure named", () => {
    expect(() => withRun(readme, SOURCE, runOf(ROWS.slice(1)))).toThrow(
      "the run has no throughput of leat, one connection: transfer, download 1 GiB",
    );
  });
});

test("README.md is that of the run that is kept", () => {
  expect(plain(readme)).toBe(plain(withRun(readme, SOURCE, readRun(join(PACKAGE, SOURCE)))));
  for (const [, path] of readme.matchAll(/\]\((bench\/results\/[^)]+)\)/g)) {
    expect([path, existsSync(join(PACKAGE, path!))]).toEqual([path, true]);
  }
});
