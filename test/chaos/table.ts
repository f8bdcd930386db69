/** What chaos runs came to, a line for each kind, as docs/reliability.md shows it. */
import type { Violation } from "./checker.ts";
import type { Call } from "./history.ts";
import { KINDS } from "./plan.ts";
import type { Result } from "./run.ts";

const WRONG: readonly Violation["what"][] = [
  "lost",
  "spliced",
  "wrong",
  "visible",
  "stuck",
  "leaked",
  "broken",
];

type Row = Record<string, number>;

/** @returns the table, in Markdown */
export function tableOf(results: readonly Result[]): string {
  const kinds = KINDS.filter((kind) => results.some((result) => result.kind === kind));
  const rows = kinds.map((kind) => rowOf(results.filter((result) => result.kind === kind)));
  const sum = rowOf(results);
  const columns = Object.keys(sum);
  const lines = [
    ["kind", ...columns],
    ["---", ...columns.map(() => "---:")],
    ...kinds.map((kind, n) => [`\`${kind}\``, ...cells(rows[n]!, columns)]),
    ["**all**", ...cells(sum, columns)],
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** How steps ended, the most frequent first. */
export function endingsOf(results: readonly Result[]): string {
  const counts = new Map<string, number>();
  for (const { step, ending } of results.flatMap(({ history }) => history.calls)) {
    const how =
      ending === undefined ? "killed" : ending.how === "failed" ? ending.code : ending.how;
    const key = `${step.do} ${how}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([key, count]) => `${key} ${count}`).join(", ");
}

function cells(row: Row, columns: readonly string[]): string[] {
  return columns.map((column) => row[column]!.toLocaleString("en"));
}

function rowOf(results: readonly Result[]): Row {
  const calls = results.flatMap(({ history }) => history.calls);
  const done = (kind: Call["step"]["do"]): number =>
    calls.filter(({ step, ending }) => step.do === kind && ending?.how === "done").length;
  const counts = (name: keyof Result["counts"]): number =>
    sum(results.map((result) => result.counts[name]));
  const kills = results.map(({ blows }) => sum(Object.values(blows)) - (blows["stop-server"] ?? 0));
  const wrong = (...kinds: Violation["what"][]): number =>
    results.flatMap(({ violations }) => violations).filter(({ what }) => kinds.includes(what))
      .length;
  return {
    runs: results.length,
    steps: calls.length,
    "uploads acknowledged": done("put"),
    "downloads whole": done("get"),
    continued: sum(calls.map(({ resumes }) => resumes)),
    kills: sum(kills),
    stops: sum(results.map(({ blows }) => blows["stop-server"] ?? 0)),
    "cuts, resets": counts("cuts") + counts("resets"),
    stalls: counts("stalls"),
    "bits flipped": counts("flips"),
    lost: wrong("lost"),
    spliced: wrong("spliced", "wrong", "visible"),
    stuck: wrong("stuck"),
    leaked: wrong("leaked", "broken"),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** A run that failed, and how it is repeated. */
export function failureOf({ kind, seed, violations, log }: Result): string {
  const found = WRONG.flatMap((kindOf) => violations.filter(({ what }) => what === kindOf));
  return [
    `FAILED  ${kind}, seed ${seed}; again: bun run chaos --kind ${kind} --seed ${seed} --runs 1`,
    ...found.map(({ what, text }) => `  ${what}: ${text}`),
    ...(log === "" ? [] : [`  the server's log:\n${log.slice(-2000)}`]),
  ].join("\n");
}
