/** The files of a report. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chartsOf } from "./chart-specs.ts";
import { changesHtml, changesMarkdown } from "./changes.ts";
import { draw, standalone } from "./draw.ts";
import { markdownReport } from "./markdown.ts";
import { htmlReport } from "./page.ts";
import type { Run } from "./run.ts";

/** NAME.json. @returns its path */
export function writeRun(run: Run, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${run.name}.json`);
  writeFileSync(path, `${JSON.stringify(run, null, 1)}\n`);
  return path;
}

/** REPORT.md, report.html, and each chart in charts/. @returns the paths of the first two */
export function writeReport(
  run: Run,
  folder: string,
  titles: ReadonlyMap<string, string>,
): string[] {
  const charts = join(folder, "charts");
  rmSync(charts, { recursive: true, force: true });
  mkdirSync(charts, { recursive: true });
  for (const chart of chartsOf(run)) {
    writeFileSync(
      join(charts, `${fileName(chart.spec.suite, chart.title)}.svg`),
      standalone(draw(chart)),
    );
  }
  return [
    written(folder, "REPORT.md", markdownReport(run)),
    written(folder, "report.html", htmlReport(run, titles)),
  ];
}

/** CHANGES.md and changes.html. @returns their paths */
export function writeChanges(before: Run, after: Run, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return [
    written(folder, "CHANGES.md", changesMarkdown(before, after)),
    written(folder, "changes.html", changesHtml(before, after)),
  ];
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function fileName(suite: string, title: string): string {
  return `${suite} ${title}`
    .toLowerCase()
    .replaceAll("×", "x")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
}
