/** What came of the fault matrix, as text. */
import type { Cell } from "./matrix.ts";

/** One cell that went wrong, as a line. */
export function failureOf({ phase, faults, outcome, violations }: Cell): string {
  const failing = faults.map(({ call, errno, when }) => `${call} ${errno} at call ${when}`);
  return `${phase}; ${failing.join(", ")}; ${outcome}: ${violations.join("; ")}`;
}

export function isWrong({ violations }: Cell): boolean {
  return violations.length > 0;
}

/** A row for each phase, in Markdown. */
export function tableOf(cells: readonly Cell[]): string {
  const phases = Map.groupBy(cells, ({ phase }) => phase);
  const rows = [...phases].map(([phase, own]) => rowOf(`\`${phase}\``, own));
  const head = ["phase", "calls", "errors", "one fault", "two faults", "met", "refused", "wrong"];
  const rule = head.map((_title, column) => (column === 0 ? "---" : "--:"));
  return [head, rule, ...rows, rowOf("**all**", cells)]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

function rowOf(name: string, cells: readonly Cell[]): string[] {
  const faults = cells.flatMap((cell) => cell.faults);
  const count = (matches: (cell: Cell) => boolean): number => cells.filter(matches).length;
  const numbers = [
    new Set(faults.map(({ call }) => call)).size,
    new Set(faults.map(({ errno }) => errno)).size,
    count((cell) => cell.faults.length === 1),
    count((cell) => cell.faults.length === 2),
    count(({ hits }) => hits > 0),
    count(({ outcome }) => outcome !== "done"),
    count(isWrong),
  ];
  return [name, ...numbers.map(String)];
}
