/** The figures of README.md are those of the run that is kept, and its charts are there. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Kept, machineName, ROWS, withRun } from "../../bench/readme.ts";
import { type Measured, readRun, type Run, Start } from "../../bench/report/run.ts";
import { numberText } from "../../bench/report/tables.ts";
import { Recorder } from "../../bench/support/record.ts";
import { PACKAGE } from "../cli/support.ts";
import { plain, readDocument, rows } from "./document.ts";

const kept = (source: string): Kept => ({ source, run: readRun(join(PACKAGE, source)) });
const MAIN = kept("bench/results/full.json");
const OTHERS = [kept("bench/results/xeon.json")];
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
  expect(OTHERS.map(ahead)).toEqual([[false, true, false, true]]);
});

test("the table of decision 13 is that of the runs, and so is the gain that docs/cli.md tells", () => {
  const machines = {
    "AMD EPYC": kept("bench/results/epyc-earlier.json").run,
    "Intel Xeon": kept("bench/results/xeon-earlier.json").run,
  };
  const of = (run: Run, work: string, who: string, measure: string): Measured =>
    run.measurements.find(
      (one) => one.work === work && one.who === who && one.measure === measure,
    )!;
  const cells = (run: Run, work: string, who: string): string[] => [
    rangeText(of(run, work, who, "throughput")),
    ...["server CPU", "client CPU"].map((measure) =>
      numberText(of(run, work, who, measure).median),
    ),
  ];
  const found = rows(readDocument("decisions/0013-kernel-copy.md"));
  const expected = Object.entries(machines).flatMap(([name, run]) =>
    ["1 GiB", "64 × 16 MiB by 4 clients"].map((work) => [
      `${work}, ${name}`,
      ...["leat", "leat, kernel copy"].flatMap((who) => cells(run, `download ${work}`, who)),
    ]),
  );
  expect(found).toEqual(expected);
  const [without, by] = ["leat", "leat, kernel copy"].map((who) =>
    of(machines["Intel Xeon"], "download 64 × 16 MiB by 4 clients", who, "throughput"),
  );
  expect((by!.median / without!.median).toFixed(2)).toBe("1.27");
  expect(readDocument("cli.md")).toMatch(/became 1\.27\s+times as fast on an Intel Xeon/);
});

const rangeText = ({ median, min, max }: Measured): string =>
  `${numberText(median)} (${numberText(min)}–${numberText(max)})`;

describe("the tables of docs/performance.md beside the same calls in C", () => {
  const WORKS: Readonly<Record<string, string>> = {
    down: "download 1 GiB",
    up: "upload 1 GiB",
    "64 × 16 MiB by 4 clients down": "download 64 × 16 MiB by 4 clients",
    "64 × 16 MiB by 4 clients up": "upload 64 × 16 MiB by 4 clients",
  };

  test.each([
    ["AMD EPYC", MAIN],
    ["Intel Xeon", OTHERS[0]!],
  ] as const)("are those of the run of its machine: %s", (name, { run }) => {
    const lines = readDocument("performance.md").split("\n");
    const first = lines.findIndex((line) => line.startsWith(`| 1 GiB, ${name}`));
    const found = rows(lines.slice(first, first + 2 + Object.keys(WORKS).length).join("\n"));
    expect(found.map(([work]) => work)).toEqual(Object.keys(WORKS));
    for (const [text, ...cells] of found) {
      const figures = ["leat", "the same calls in C"].flatMap((who) => {
        const of = (measure: string) =>
          run.measurements.find(
            (one) => one.work === WORKS[text!] && one.who === who && one.measure === measure,
          )!;
        const [server, client] = [of("server CPU"), of("client CPU")];
        return [rangeText(of("throughput")), numberText(server.median), numberText(client.median)];
      });
      expect([text, ...cells]).toEqual([text, ...figures]);
    }
  });
});

test.each([
  ["AMD EPYC", MAIN],
  ["Intel Xeon", OTHERS[0]!],
] as const)(
  "the newest runs of docs/performance.md are those of README.md: %s",
  (name, { run }) => {
    const lines = readDocument("performance.md").split("\n");
    const first = lines.findIndex((line) => line.startsWith(`| newest run, ${name}`));
    const found = rows(lines.slice(first, first + 11).join("\n"));
    expect(found).toHaveLength(9);
    for (const [text, ...cells] of found) {
      const work = text!.replace(/, [^,]*$/, "");
      const expected = ["leat", "rsync", "nginx + curl", "the same calls in C"].map((who) => {
        const measured = run.measurements.find(
          (one) =>
            one.work === work &&
            one.who === who &&
            /^(throughput|files|entries)$/.test(one.measure),
        );
        return measured === undefined ? "" : rangeText(measured);
      });
      expect([work, ...cells]).toEqual([work, ...expected]);
    }
  },
);
