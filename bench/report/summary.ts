/** A run on a terminal: what was compared, as bars. */
import { chartsOf, type Chart } from "./chart-specs.ts";
import type { Measured, Run } from "./run.ts";
import { numberText } from "./tables.ts";

const WIDTH = 30;

export function summaryText(run: Run): string {
  const charts = chartsOf(run).filter(({ spec }) => spec.beside === undefined);
  return `${charts.map((chart) => (chart.spec.form === "bars" ? bars(chart) : lines(chart))).join("\n\n")}\n`;
}

function bars({ title, spec, measured }: Chart): string {
  const better = measured[0]!.better === "more" ? -1 : 1;
  const sorted = measured.toSorted((a, b) => better * (a.median - b.median));
  const most = Math.max(...measured.map(({ median }) => median));
  const name = Math.max(...measured.map(({ who }) => who.length));
  const rows = sorted.map(({ who, median, unit }) => {
    const bar = "■".repeat(Math.max(1, Math.round((WIDTH * median) / most)));
    return `  ${who.padEnd(name)}  ${numberText(median).padStart(9)} ${unit}  ${bar}`;
  });
  return [`${spec.suite}: ${title}`, ...rows].join("\n");
}

/** A row for each of those who are compared, a column for each place. */
function lines({ title, spec, measured }: Chart): string {
  const names = [...new Set(measured.map(({ who }) => who))];
  const places = [...new Set(measured.map(({ at }) => at!))].toSorted((a, b) => a - b);
  const width = Math.max(...names.map((name) => name.length));
  const cell = (one: Measured | undefined): string => (one ? numberText(one.median) : "");
  const head = `  ${(measured[0]!.axis ?? "").padEnd(width)}${places.map((at) => at.toLocaleString("en").padStart(10)).join("")}`;
  const rows = names.map((name) => {
    const cells = places.map((at) =>
      cell(measured.find((one) => one.who === name && one.at === at)),
    );
    return `  ${name.padEnd(width)}${cells.map((text) => text.padStart(10)).join("")}`;
  });
  return [`${spec.suite}: ${title}, ${measured[0]!.unit}`, head, ...rows].join("\n");
}
