/** What a report says of leat beside its peers, in each of its forms. */
import { describe, expect, test } from "bun:test";
import { cpus, release } from "node:os";
import { markdownReport } from "../../bench/report/markdown.ts";
import { htmlReport } from "../../bench/report/page.ts";
import { type Run, Start } from "../../bench/report/run.ts";
import { summaryText } from "../../bench/report/summary.ts";
import { type Measure, Recorder } from "../../bench/support/record.ts";

/** @param works figures of each, by the name of the work and of the measure */
function runOf(works: Record<string, Partial<Record<Measure, Record<string, number[]>>>>): Run {
  const record = new Recorder();
  for (const [work, measures] of Object.entries(works)) {
    for (const [measure, figures] of Object.entries(measures)) {
      for (const [who, samples] of Object.entries(figures)) {
        const more = who === "cp -r" ? {} : { ceiling: "cp -r" };
        record.add({ suite: "peers", work, who, measure: measure as Measure }, samples, more);
      }
    }
  }
  const about = { name: "ratios", quick: true, suites: ["peers"], failure: undefined };
  return JSON.parse(JSON.stringify(new Start().finish(record, about)));
}

/** The cells below the ratios' heads, in each form of the report. */
function ratioRows(run: Run): string[][][] {
  const between = (text: string, from: string, to: string): string =>
    (text.split(from)[1] ?? "").split(to)[0]!;
  const markdown = between(markdownReport(run), "## leat divided by the best", "\n## peers");
  const html = between(htmlReport(run, new Map()), "<h2>leat divided by the best</h2>", "</table>");
  const terminal = between(summaryText(run), "leat divided by the best\n", "\n\n");
  const lines = terminal.split("\n");
  const columns = [...(lines[0] ?? "").matchAll(/(?<= {2})\S/g)].map(({ index }) => index);
  return [
    markdown
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(2)
      .map((line) => line.slice(2, -2).split(" | ")),
    [...between(html, "<tbody>", "</tbody>").matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
      [...row!.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell]) => cell!),
    ),
    lines.slice(1).map((line) => columns.map((at, i) => line.slice(at, columns[i + 1]).trim())),
  ].map((rows) => rows.map((cells) => cells.map((cell) => cell.trim())));
}

describe("the ratios of a report", () => {
  test("are to the best peer, to the best that verifies, and to the same calls in C", () => {
    const rows = ratioRows(
      runOf({
        "download 1 GiB": {
          throughput: {
            leat: [100, 200, 400],
            "leat, fsync": [9000, 9000, 9000],
            rsync: [100, 100, 100],
            "OpenSSH sftp": [10, 10, 10],
            "nginx + curl": [400, 200, 200],
            "the same calls in C": [800, 800, 800],
            "cp -r": [9000, 9000, 9000],
          },
          "server CPU": { leat: [1], rsync: [1] },
        },
        // The less, the better.
        "download 4 KiB": { duration: { leat: [30], rsync: [120], "nginx + curl": [6] } },
        // Noise may reach to nothing, by which nothing is divided.
        "an idle connection": { "memory each": { leat: [4], rsync: [400], nginx: [0] } },
        "list 10 names": { entries: { rsync: [1], "cp -r": [1] } },
        "list 20 names": { entries: { leat: [1], "cp -r": [1] } },
      }),
    );
    for (const form of rows) {
      expect(form).toEqual([
        [
          "download 1 GiB",
          "200 MB/s",
          "rsync: 2.00 (1.00–4.00) noisy",
          "nginx + curl: 1.00 (0.25–2.00) noisy",
          "0.25 (0.13–0.50) noisy",
        ],
        ["download 4 KiB", "30.0 ms", "rsync: 4.00", "nginx + curl: 0.20", ""],
        ["an idle connection", "4.00 KiB", "rsync: 100", "", ""],
      ]);
    }
  });

  test("are left out when leat was not compared", () => {
    const run = runOf({ "list 10 names": { entries: { leat: [1], "cp -r": [1] } } });
    expect(ratioRows(run)).toEqual([[], [], []]);
    expect(summaryText(run)).not.toContain("divided");
  });
});

test("a report names its machine, its versions and its commit in each of its forms", () => {
  const run = runOf({ "list 10 names": { entries: { leat: [1] } } });
  const names = [cpus()[0]!.model, `${cpus().length} × `, release(), `Bun ${Bun.version}`];
  for (const text of [markdownReport(run), htmlReport(run, new Map()), summaryText(run)]) {
    for (const name of [...names, run.commit, run.began.slice(0, 10)]) expect(text).toContain(name);
  }
});
