/** Measurements in the order and the words in which they are shown, as text and as a page. */
import { type Figure, figure, noisy } from "../support/figures.ts";
import type { Measure } from "../support/record.ts";
import type { Measured, Run } from "./run.ts";

/** Everything that was measured of one piece of work. */
export interface Table {
  readonly suite: string;
  readonly work: string;
  /** What `at` of the rows counts. */
  readonly axis: string | undefined;
  readonly columns: readonly { readonly measure: Measure; readonly unit: string }[];
  readonly rows: readonly Row[];
  /** Whether any row can be seen as a share of a ceiling. */
  readonly hasCeiling: boolean;
}

export interface Row {
  readonly who: string;
  readonly at: number | undefined;
  /** One for each column. */
  readonly cells: readonly (Measured | undefined)[];
  /** Of the first measure that has a ceiling: round by round. */
  readonly ofCeiling: Figure | undefined;
  readonly notes: readonly string[];
}

export function tablesOf(run: Run): Table[] {
  return [...groups(run.measurements, ({ suite, work }) => `${suite}\n${work}`).values()].map(
    tableOf,
  );
}

function tableOf(measured: readonly Measured[]): Table {
  const { suite, work } = measured[0]!;
  const columns = [...groups(measured, ({ measure }) => measure).values()].map(([first]) => ({
    measure: first!.measure,
    unit: first!.unit,
  }));
  const rows = [...groups(measured, ({ who, at }) => `${at ?? ""}\n${who}`).values()]
    .map((of) => rowOf(of, columns, measured))
    .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
  const hasCeiling = rows.some(({ ofCeiling }) => ofCeiling !== undefined);
  return { suite, work, axis: measured.find(({ axis }) => axis)?.axis, columns, rows, hasCeiling };
}

function rowOf(of: readonly Measured[], columns: Table["columns"], all: readonly Measured[]): Row {
  const { who, at } = of[0]!;
  const limited = of.find(({ ceiling }) => ceiling !== undefined);
  return {
    who,
    at,
    cells: columns.map(({ measure }) => of.find((one) => one.measure === measure)),
    ofCeiling: limited && shareOfCeiling(limited, all),
    notes: [...new Set(of.flatMap(({ note }) => note ?? []))],
  };
}

/** How much of its ceiling somebody reaches, 1 for all of it: the n-th sample by the n-th. */
function shareOfCeiling(one: Measured, all: readonly Measured[]): Figure | undefined {
  const ceiling = all.find(
    ({ who, at, measure }) => who === one.ceiling && at === one.at && measure === one.measure,
  );
  if (ceiling === undefined) return undefined;
  const pairs = one.samples.slice(0, ceiling.samples.length);
  return figure(
    pairs.map((value, round) => {
      const most = ceiling.samples[round]!;
      return one.better === "more" ? value / most : most / value;
    }),
  );
}

export function groups<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Map<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = found.get(key);
    if (group === undefined) found.set(key, [item]);
    else group.push(item);
  }
  return found;
}

/** Three digits that count: 1,466; 73.4; 0.57. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** "1,466 (1,459–1,561)", and that it is noisy. */
export function figureText(value: Figure | undefined): string {
  if (value === undefined) return "";
  const middle = numberText(value.median);
  if (value.min === value.max) return middle;
  const range = `${middle} (${numberText(value.min)}–${numberText(value.max)})`;
  return noisy(value) ? `${range} noisy` : range;
}
