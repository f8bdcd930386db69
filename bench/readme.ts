/**
 * Writes the part "Figures" of README.md from a run of everything, and from runs of `peers` on other
 * machines:
 *
 *   bun bench/readme.ts bench/results/full.json bench/results/xeon.json && bun run format
 *
 * The charts are those beside the first run: `bun run bench --out bench/results` leaves both.
 */
import { basename, dirname, join, relative } from "node:path";
import { numberText } from "./report/tables.ts";
import { type Measured, type Run, readRun } from "./report/run.ts";
import type { Measure } from "./support/record.ts";

const ROOT = join(import.meta.dir, "..");

/** Which measurement. Without `at`: the one place where there is one, or the farthest. */
type Cell = readonly [suite: string, work: string, who: string, measure: Measure, at?: number];
type Row = readonly [text: string, cell: Cell];

const LEAT = "leat, one connection";
const BARE = "bare socket loop";

const FILE: readonly Row[] = [
  [
    "download, verified and written to a file by the client",
    ["transfer", "download 1 GiB", LEAT, "throughput"],
  ],
  [
    "download with a bare loop over a Bun socket, which verifies nothing",
    ["transfer", "download 1 GiB", BARE, "throughput"],
  ],
  [
    "upload, verified and written to a file by the server",
    ["transfer", "upload 1 GiB", LEAT, "throughput"],
  ],
  ["upload with the same bare loop", ["transfer", "upload 1 GiB", BARE, "throughput"]],
];

const MANY: readonly Row[] = [
  [
    "peak memory of the server while 64 clients download 16 MiB each",
    ["memory", "download 16 MiB each", "leat", "server memory", 64],
  ],
  [
    "peak memory of the server while 64 clients upload 16 MiB each",
    ["memory", "upload 16 MiB each", "leat", "server memory", 64],
  ],
  [
    "memory that the server adds for 200 clients that ask for 1 GiB each and read nothing",
    ["memory", "growth with 200 silent readers of 1 GiB", "leat", "server memory"],
  ],
  [
    "memory that the kernel adds for their TCP connections",
    ["memory", "growth with 200 silent readers of 1 GiB", "leat", "kernel memory"],
  ],
  [
    "time that another client's `list` takes meanwhile, 99th percentile",
    ["memory", "list beside 200 silent readers", "leat", "latency p99"],
  ],
  [
    "time that a small request (`stat`) takes during 64 downloads, 99th percentile",
    ["memory", "stat beside 64 downloads", "leat", "latency p99"],
  ],
  [
    "time to the first page of a list of a million files",
    ["growth", "the first page of a folder", "leat", "duration", 1_000_000],
  ],
];

/** Works of the suite `peers`, each with the measure that counts. */
const BESIDE: readonly (readonly [text: string, work: string, measure: Measure])[] = [
  ["1 GiB down, MB/s", "download 1 GiB", "throughput"],
  ["1 GiB up, MB/s", "upload 1 GiB", "throughput"],
  ["64 × 16 MiB down by 4 clients, MB/s", "download 64 × 16 MiB by 4 clients", "throughput"],
  ["64 × 16 MiB up by 4 clients, MB/s", "upload 64 × 16 MiB by 4 clients", "throughput"],
  ["5,000 × 4 KiB down, files/s", "download 5,000 × 4 KiB", "files"],
  ["5,000 × 4 KiB up, files/s", "upload 5,000 × 4 KiB", "files"],
  ["50,000 × 4 KiB down, files/s", "download 50,000 × 4 KiB", "files"],
  ["50,000 × 4 KiB up, files/s", "upload 50,000 × 4 KiB", "files"],
  ["list of 100,000 names, names/s", "list 100,000 names", "entries"],
];

/** The tools with a column of their own; the report has all of them. Of several, the first that was measured. */
const COLUMNS = [
  ["leat"],
  ["nginx + curl"],
  ["pure-ftpd + lftp", "vsftpd + lftp"],
  ["rsync"],
  ["OpenSSH sftp"],
];

export const ROWS: readonly Row[] = [...FILE, ...MANY];

/** Of the run's charts, by the names of their files. */
const CHARTS: readonly (readonly [file: string, title: string])[] = [
  ["peers-download-1-gib-throughput", "One file of 1 GiB, compared with other tools"],
  [
    "peers-download-5-000-x-4-kib-files-per-second",
    "5,000 files of 4 KiB, compared with the same tools",
  ],
];

const PART = /(?<=## Figures\n)[^]*?(?=\n## )/;

/** A run that is kept. */
export interface Kept {
  /** Its file, relative to the root. */
  readonly source: string;
  readonly run: Run;
}

/** @param others runs of `peers` on other machines @returns README with its figures @throws when one is missing */
export function withRun(readme: string, main: Kept, others: readonly Kept[]): string {
  if (!PART.test(readme)) throw new Error("README.md has no part Figures");
  return readme.replace(PART, () => figures(main, others));
}

/** `AMD EPYC, 2 cores`, without the signs of its maker. */
export function machineName({ machine }: Run): string {
  const cpu = machine.cpu.replaceAll(/\((?:R|TM)\)|\b(?:Processor|CPU)\b/g, " ");
  return `${cpu.replaceAll(/\s+/g, " ").replace("GHz", " GHz").trim()}, ${machine.cores} cores`;
}

function figures(main: Kept, others: readonly Kept[]): string {
  const folder = dirname(main.source);
  const charts = CHARTS.map(([file, title]) => `![${title}](${folder}/charts/${file}.svg)`);
  const about = ({ run }: Kept): string =>
    [
      `Bun ${run.versions["Bun"]}`,
      run.machine.system,
      `commit ${run.commit} of ${run.began.slice(0, "2026-11-26".length)}`,
    ].join(", ");
  return `
All files are in memory (\`/dev/shm\`), and client and server run on the same machine. The figures are medians. Where
brackets follow, they hold the smallest and the largest value. leat was measured on two machines:

- ${machineName(main.run)} (${about(main)}).
  [REPORT.md](${folder}/REPORT.md) has all figures of this machine, and
  [${basename(main.source)}](${main.source}) every single value. The charts below are of this machine, too.
${others
  .map(
    (other) =>
      `- ${machineName(other.run)} (${about(other)}).\n  Only the comparison with other tools is shown here. [${basename(other.source)}](${other.source}) has its values.`,
  )
  .join("\n")}

[docs/performance.md](docs/performance.md#how-it-was-measured) says what has changed in leat since then.

${charts.join("\n")}

${[main, ...others].map(({ run }) => beside(run)).join("\n\n")}

In these two tables, a figure covers a whole client process from its start to its end, and no tool waits for the disk (no
fsync). – means that the tool was left out, because it would take too long. leat and rsync compare checksums, sftp
encrypts, and the other tools do neither.
[bench/peers/README.md](bench/peers/README.md) explains the rows.

Which tool is fastest depends on the processor. On both machines, leat moves one large file faster than rsync, and small
files faster than all others. nginx with curl is behind on the first machine. On the second one its downloads are as fast,
and its uploads faster. With four clients, leat is
behind rsync, nginx with curl and pure-ftpd on both, and in lists behind nginx with curl.
[docs/performance.md](docs/performance.md#another-processor) shows which part of the work takes longer.

| ${machineName(main.run)}: one file of 1 GiB, between two running processes, no fsync | |
| --- | --- |
${table(FILE, main.run)}

| ${machineName(main.run)}: many clients or many files | |
| --- | --- |
${table(MANY, main.run)}

\`bun run bench\` measures these figures on your machine.
`;
}

function table(rows: readonly Row[], run: Run): string {
  return rows.map(([text, cell]) => `| ${text} | ${valueText(found(run, cell))} |`).join("\n");
}

/** Medians, without their ranges: those are in the report. */
function beside(run: Run): string {
  const median = (work: string, measure: Measure, who: string): string => {
    const [one] = measured(run, ["peers", work, who, measure]);
    return one === undefined ? MISSING : numberText(one.median);
  };
  const there = new Set(run.measurements.map(({ who }) => who));
  const columns = COLUMNS.map((whos) => whos.find((who) => there.has(who)) ?? whos[0]!);
  const lines = [
    [`${machineName(run)}: whole client processes, no fsync`, ...columns],
    ["---", ...columns.map(() => "---:")],
    ...BESIDE.map(([text, work, measure]) => [
      text,
      ...columns.map((who) => median(work, measure, who)),
    ]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const MISSING = "–";

/** At every place. */
function measured({ measurements }: Run, [suite, work, who, measure]: Cell): Measured[] {
  return measurements.filter(
    (one) => one.suite === suite && one.work === work && one.who === who && one.measure === measure,
  );
}

function found(run: Run, cell: Cell): Measured {
  const [suite, work, who, measure, at] = cell;
  const all = measured(run, cell);
  const one = at === undefined ? all.at(-1) : all.find((other) => other.at === at);
  if (one === undefined) throw new Error(`the run has no ${measure} of ${who}: ${suite}, ${work}`);
  return one;
}

function valueText({ median, min, max, unit }: Measured): string {
  const range = min === max ? "" : ` (${numberText(min)}–${numberText(max)})`;
  return `${numberText(median)}${range} ${unit}`;
}

if (import.meta.main) {
  const [main, ...others] = process.argv
    .slice(2)
    .map((path) => ({ source: relative(ROOT, path), run: readRun(path) }));
  if (main === undefined) throw new Error("usage: bun bench/readme.ts RESULT.json [PEERS.json...]");
  const readme = join(ROOT, "README.md");
  const text = await Bun.file(readme).text();
  await Bun.write(readme, withRun(text, main, others));
}
