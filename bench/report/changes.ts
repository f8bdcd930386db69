/** Two runs beside each other: what became better, what worse, and what is within the noise. */
import { keyText } from "../support/record.ts";
import { aboutLines } from "./about.ts";
import { escapeText } from "./draw.ts";
import { plain } from "./markdown.ts";
import { page } from "./page.ts";
import type { Measured, Run } from "./run.ts";
import { figureText, groups } from "./tables.ts";

/** A smaller change does not matter, even if the ranges do not overlap. */
const LEAST = 0.03;

/** "one sample" has no range that could tell a change from noise. */
export type Verdict = "better" | "worse" | "same" | "within noise" | "one sample";

export interface Change {
  readonly before: Measured;
  readonly after: Measured;
  /** Of the median: 0.2 is a fifth more. */
  readonly by: number;
  readonly verdict: Verdict;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** Keys that only one of the runs has. */
  readonly gone: readonly string[];
  readonly added: readonly string[];
}

export function changesOf(before: Run, after: Run): Changes {
  const old = new Map(before.measurements.map((one) => [keyText(one), one]));
  const now = new Map(after.measurements.map((one) => [keyText(one), one]));
  const changes = [...now].flatMap(([key, one]) => {
    const other = old.get(key);
    return other === undefined ? [] : [changeOf(other, one)];
  });
  return {
    changes: changes.toSorted((a, b) => rank(a) - rank(b) || Math.abs(b.by) - Math.abs(a.by)),
    gone: [...old.keys()].filter((key) => !now.has(key)),
    added: [...now.keys()].filter((key) => !old.has(key)),
  };
}

const rank = ({ verdict }: Change): number =>
  ["worse", "better", "one sample", "within noise", "same"].indexOf(verdict);

function changeOf(before: Measured, after: Measured): Change {
  const by = before.median === 0 ? 0 : after.median / before.median - 1;
  return { before, after, by, verdict: verdictOf(before, after, by) };
}

function verdictOf(before: Measured, after: Measured, by: number): Verdict {
  if (Math.abs(by) < LEAST) return "same";
  if (before.samples.length < 2 || after.samples.length < 2) return "one sample";
  if (before.min <= after.max && after.min <= before.max) return "within noise";
  return by > 0 === (after.better === "more") ? "better" : "worse";
}

const percent = (by: number): string => `${by > 0 ? "+" : ""}${(100 * by).toFixed(1)} %`;

const COLUMNS = ["change", "what", "before", "after", "unit"];

function lineOf({ before, after, by, verdict }: Change): string[] {
  const change = verdict === "same" ? percent(by) : `${percent(by)} ${verdict}`;
  return [change, keyText(after), figureText(before), figureText(after), after.unit];
}

function summary({ changes, gone, added }: Changes): string {
  const by = groups(changes, ({ verdict }) => verdict);
  const count = (verdict: Verdict): number => by.get(verdict)?.length ?? 0;
  return (
    `${count("worse")} worse, ${count("better")} better, ${count("within noise")} within noise (their ranges meet), ` +
    `${count("one sample")} of one sample, ` +
    `${count("same")} the same (less than ${100 * LEAST} % apart); only before: ${gone.length}, only after: ${added.length}.`
  );
}

/** How many lines a terminal shows. */
const MOST_LINES = 30;

/** For a terminal: the counts, and what changed most. */
export function changesText(before: Run, after: Run): string {
  const found = changesOf(before, after);
  const lines = found.changes
    .filter(({ verdict }) => verdict !== "same")
    .map(lineOf)
    .map(([change, what, old, now, unit]) => `${change}  ${what}: ${old} -> ${now} ${unit}`);
  const more = lines.length - MOST_LINES;
  const rest = more > 0 ? [`and ${more} more`] : [];
  return [summary(found), ...lines.slice(0, MOST_LINES), ...rest].join("\n");
}

export function changesMarkdown(before: Run, after: Run): string {
  const found = changesOf(before, after);
  const rows = [COLUMNS, COLUMNS.map(() => "---"), ...found.changes.map(lineOf)];
  const only = [
    ...found.gone.map((key) => plain(`- only before: ${key}`)),
    ...found.added.map((key) => plain(`- only after: ${key}`)),
  ];
  return [
    `# Bench: ${before.name} and ${after.name}`,
    `Before: ${aboutLines(before).join(" ")}`,
    `After: ${aboutLines(after).join(" ")}`,
    summary(found),
    rows.map((cells) => `| ${cells.map(plain).join(" | ")} |`).join("\n"),
    ...(only.length === 0 ? [] : [only.join("\n")]),
    "",
  ].join("\n\n");
}

export function changesHtml(before: Run, after: Run): string {
  const found = changesOf(before, after);
  const rows = found.changes.map(
    (change) =>
      `<tr>${lineOf(change)
        .map((cell, at) => `<td${at === 1 ? ' class="what"' : ""}>${escapeText(cell)}</td>`)
        .join("")}</tr>`,
  );
  const only = [
    ...found.gone.map((key) => `only before: ${key}`),
    ...found.added.map((key) => `only after: ${key}`),
  ];
  return page(
    `leat bench: ${before.name} and ${after.name}`,
    `<h1>leat bench: ${escapeText(before.name)} and ${escapeText(after.name)}</h1>
<p class="soft">Before: ${escapeText(aboutLines(before).join(" "))}</p>
<p class="soft">After: ${escapeText(aboutLines(after).join(" "))}</p>
<p>${escapeText(summary(found))}</p>
<div class="wide"><table><thead><tr>${COLUMNS.map((name) => `<th scope="col" class="${name}">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>
<ul>${only.map((line) => `<li>${escapeText(line)}</li>`).join("\n")}</ul>`,
  );
}
