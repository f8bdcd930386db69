/** REPORT.md. */
import { aboutLines, command, HOW_TO_READ } from "./about.ts";
import { type Ratios, ratiosOf, RATIOS_TEXT, RATIOS_TITLE } from "./ratios.ts";
import type { Run } from "./run.ts";
import { figureText, groups, placeText, type Table, tablesOf } from "./tables.ts";

export function markdownReport(run: Run): string {
  const parts = [
    `# Bench: ${plain(run.name)}`,
    aboutLines(run).map(plain).join("\n"),
    `\`${command(run)}\` measures the same on your machine; [report.html](report.html) draws it.`,
    HOW_TO_READ,
  ];
  const ratios = ratiosOf(run);
  if (ratios !== undefined) parts.push(ratiosText(ratios));
  for (const [suite, tables] of groups(tablesOf(run), ({ suite }) => suite)) {
    parts.push(`## ${plain(suite)}`, ...tables.map(tableText));
  }
  if (run.absences.length > 0) {
    const lines = run.absences.map(({ suite, who, why }) => plain(`- ${suite}: ${who}: ${why}`));
    parts.push("## Not measured", lines.join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

function ratiosText({ head, lines }: Ratios): string {
  const rule = head.map((_, at) => (at === 0 ? "---" : "--:"));
  return [
    `## ${RATIOS_TITLE}\n\n${RATIOS_TEXT}\n`,
    ...[head, rule, ...lines].map((cells) => `| ${cells.map(plain).join(" | ")} |`),
  ].join("\n");
}

function tableText(table: Table): string {
  const { caption, axis, subject, columns, rows, hasCeiling } = table;
  const noted = rows.some(({ notes }) => notes.length > 0);
  const head = [
    ...(axis === undefined ? [] : [axis]),
    subject,
    ...columns,
    ...(hasCeiling ? ["of the ceiling"] : []),
    ...(noted ? ["note"] : []),
  ];
  const lines = rows.map(({ name, at, cells, ofCeiling, notes }) => [
    ...(axis === undefined ? [] : [placeText(axis, at)]),
    name,
    ...cells.map(figureText),
    ...(hasCeiling ? [figureText(ofCeiling)] : []),
    ...(noted ? [notes.join("; ")] : []),
  ]);
  const words = axis === undefined ? 1 : 2;
  const rule = head.map((_, at) => (at < words || head[at] === "note" ? "---" : "--:"));
  return [
    `### ${plain(caption)}\n`,
    ...[head, rule, ...lines].map((cells) => `| ${cells.map(plain).join(" | ")} |`),
  ].join("\n");
}

/** A text that cannot begin a line, cell or tag of its own, even if the file comes from a stranger. */
export function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\|<>`]/g, "\\$&");
}
