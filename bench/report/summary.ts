/** A run on a terminal: what was compared, as bars that begin at nothing (mitata's begin at the least), or as a table. */
import { aboutLines } from "./about.ts";
import { type Chart, chartsOf } from "./chart-specs.ts";
import { type Ratios, ratiosOf, RATIOS_TITLE } from "./ratios.ts";
import type { Measured, Run } from "./run.ts";
import { numberText, placeText } from "./tables.ts";

const WIDTH = 30;

export function summaryText(run: Run): string {
  const charts = chartsOf(run).filter(({ spec }) => spec.beside === undefined);
  const ratios = ratiosOf(run);
  const parts = [
    ...charts.map((chart) => (chart.spec.form === "bars" ? bars(chart) : table(chart))),
    ...(ratios === undefined ? [] : [ratioLines(ratios)]),
    aboutLines(run).join("\n"),
  ];
  return `${parts.join("\n\n")}\n`;
}

function ratioLines({ head, lines }: Ratios): string {
  const all = [head, ...lines];
  const widths = head.map((_, at) => Math.max(...all.map((cells) => cells[at]!.length)));
  const line = (cells: readonly string[]): string =>
    ["", ...cells.map((cell, at) => cell.padEnd(widths[at]!))].join("  ").trimEnd();
  return [RATIOS_TITLE, ...all.map(line)].join("\n");
}

function bars({ title, spec, measured }: Chart): string {
  const better = measured[0]!.better === "more" ? -1 : 1;
  const sorted = measured.toSorted((a, b) => better * (a.median - b.median));
  const most = Math.max(...measured.map(({ median }) => median), Number.MIN_VALUE);
  const name = Math.max(...measured.map(({ who }) => who.length));
  const rows = sorted.map(({ who, median, unit }) => {
    const bar = "■".repeat(Math.max(1, Math.round((WIDTH * median) / most)));
    return `  ${who.padEnd(name)}  ${numberText(median).padStart(9)} ${unit}  ${bar}`;
  });
  return [`${spec.suite}: ${title}`, ...rows].join("\n");
}

/** A column for everyone, a row for each place or each work. */
function table({ title, spec, measured }: Chart): string {
  const rowName = ({ at, axis, work }: Measured): string =>
    spec.form === "dots" ? work : placeText(axis, at);
  const whos = [...new Set(measured.map(({ who }) => who))];
  const places = measured.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)).map(rowName);
  const names = [...new Set(places)];
  const corner = spec.form === "dots" ? "" : (measured[0]!.axis ?? "");
  const left = Math.max(corner.length, ...names.map((name) => name.length));
  const widths = whos.map((who) => Math.max(9, who.length));
  const line = (name: string, cells: readonly string[]): string =>
    ["", name.padEnd(left), ...cells.map((cell, at) => cell.padStart(widths[at]!))].join("  ");
  const rows = names.map((name) => {
    const of = measured.filter((one) => rowName(one) === name);
    const cells = whos.map((who) => of.find((one) => one.who === who));
    return line(
      name,
      cells.map((one) => (one ? numberText(one.median) : "")),
    );
  });
  return [`${spec.suite}: ${title}, ${measured[0]!.unit}`, line(corner, whos), ...rows].join("\n");
}
