/**
 * Writes the figures of a run into the tables of docs/models.md and docs/models.zh-CN.md.
 *
 *   bun bench/models/tables.ts bench/results/NAME.json && bun run format
 *
 * The heads of the tables and all other text stay. `~` marks a figure whose range is wider than a
 * quarter of it, and `(64/256)` that 64 of 256 clients were let in.
 */
import { join, relative } from "node:path";
import { type Figure, noisy } from "../support/figures.ts";
import { type Measured, readRun } from "../report/run.ts";
import type { Measure } from "../support/record.ts";

export const ROOT = join(import.meta.dir, "../..");
export const DOCUMENTS = ["docs/models.md", "docs/models.zh-CN.md"];

const CLIENTS = [1, 4, 16, 64, 256];

/** Each model as it is recorded, and the flag that a reader types. */
const WHO = {
  iterative: "--model iterative",
  processes: "--model processes",
  threads: "--model threads",
  "event loop": "--model event-loop",
  workers: "--workers auto",
};

const DOWNLOAD = "connect and download 4 MiB";
const SUM = "sha256 of 32 MiB";

type Cell = readonly [work: string, measure: Measure, clients?: number];
const overClients = (work: string, measure: Measure): Cell[] =>
  CLIENTS.map((clients) => [work, measure, clients]);

/** The columns of each table, by the name of its part in the documents. */
const TABLES: Readonly<Record<string, readonly Cell[]>> = {
  cost: [
    ["start the server", "duration"],
    ["connect and stat", "duration"],
    ["server without clients", "server memory"],
    ["idle client", "memory each"],
  ],
  slow: [["connect and list beside a slow client", "duration"]],
  downloads: overClients(DOWNLOAD, "throughput"),
  "download-waits": overClients(DOWNLOAD, "latency p50"),
  "longest-download-waits": overClients(DOWNLOAD, "latency p99"),
  sums: overClients(SUM, "requests"),
  "sum-waits": overClients(SUM, "latency p50"),
};

/** @param source where the figures are from, relative to the root @returns the document with them */
export function withFigures(document: string, source: string, found: readonly Measured[]): string {
  const named = document.replaceAll(/bench\/results\/[\w.-]+\.json/g, source);
  return Object.entries(TABLES).reduce((text, [name, cells]) => {
    const body = new RegExp(`(<!-- ${name} -->\\n+\\|.*\\n\\|.*\\n)(?:\\|.*\\n)*`);
    if (!body.test(text)) throw new Error(`the document has no table "${name}"`);
    return text.replace(body, (_, head: string) => head + tableBody(cells, found));
  }, named);
}

function tableBody(cells: readonly Cell[], found: readonly Measured[]): string {
  const lines = Object.entries(WHO).map(([who, flag]) => {
    const row = cells.map(([work, measure, at]) =>
      cellText(
        found.find(
          (one) =>
            one.suite === "models" &&
            one.who === who &&
            one.work === work &&
            one.measure === measure &&
            one.at === at,
        ),
      ),
    );
    return `| \`${flag}\` | ${row.join(" | ")} |\n`;
  });
  return lines.join("");
}

function cellText(found: Measured | undefined): string {
  if (found === undefined) return "–";
  const letIn = /(\d+) of (\d+) let in/.exec(found.note ?? "");
  const some = letIn === null ? "" : ` (${letIn[1]}/${letIn[2]})`;
  return `${number(found)}${noisy(found) ? " ~" : ""}${some}`;
}

/** Three figures, which are as many as tell something. */
function number({ median }: Figure): string {
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  return median.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

if (import.meta.main) {
  const path = process.argv[2];
  if (path === undefined) throw new Error("usage: bun bench/models/tables.ts RESULT.json");
  const { measurements } = readRun(path);
  for (const name of DOCUMENTS) {
    const document = Bun.file(join(ROOT, name));
    const text = withFigures(await document.text(), relative(ROOT, path), measurements);
    await Bun.write(document, text);
  }
}
