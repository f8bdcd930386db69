/** Measurements in the order and the words in which they are shown, as text and as a page. */
import { type Figure, figure, noisy, sizeText } from "../support/figures.ts";
import type { Measured, Run } from "./run.ts";

/** Everything that was measured of one piece of work; or one measure of many works, which are alike. */
export interface Table {
  readonly suite: string;
  readonly caption: string;
  /** What `at` of the rows counts. */
  readonly axis: string | undefined;
  /** Whose name each row begins with. */
  readonly subject: "who" | "work";
  /** Above the cells of the rows. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Whether any row can be seen as a share of a ceiling. */
  readonly hasCeiling: boolean;
}

export interface Row {
  readonly name: string;
  readonly at: number | undefined;
  /** One for each column. */
  readonly cells: readonly (Measured | undefined)[];
  /** Of the first measure that has a ceiling: round by round. */
  readonly ofCeiling: Figure | undefined;
  readonly notes: readonly string[];
}

/** From so many works on with the same measures by the same ones, they share their tables. */
const ALIKE = 6;

export function tablesOf(run: Run): Table[] {
  const works = [...groups(run.measurements, ({ suite, work }) => `${suite}\n${work}`).values()];
  return [...groups(works, shapeOf).values()].flatMap((alike) =>
    alike.length < ALIKE ? alike.map(workTable) : measureTables(alike.flat()),
  );
}

/** What works have in common that fit into one table; those over `at` fit into none. */
function shapeOf(measured: readonly Measured[]): string {
  const { suite, work } = measured[0]!;
  if (measured.some(({ at }) => at !== undefined)) return `${suite}\n${work}`;
  const names = measured.flatMap(({ who, measure }) => [who, measure]);
  return [suite, ...new Set(names.toSorted())].join("\n");
}

/** A row for everyone, a column for each measure. */
function workTable(measured: readonly Measured[]): Table {
  const { suite, work } = measured[0]!;
  const measures = groups(measured, ({ measure }) => measure);
  const rows = [...groups(measured, ({ who, at }) => `${at ?? ""}\n${who}`).values()]
    .map((of) => rowOf(of, [...measures.keys()], measured))
    .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
  return {
    suite,
    caption: work,
    axis: measured.find(({ axis }) => axis)?.axis,
    subject: "who",
    columns: [...measures.values()].map(([first]) => `${first!.measure}, ${first!.unit}`),
    rows,
    hasCeiling: rows.some(({ ofCeiling }) => ofCeiling !== undefined),
  };
}

/** A table for each measure: a row for each work, a column for everyone. */
function measureTables(measured: readonly Measured[]): Table[] {
  const whos = [...groups(measured, ({ who }) => who).keys()];
  return [...groups(measured, ({ measure }) => measure).values()].map((of) => ({
    suite: of[0]!.suite,
    caption: `${of[0]!.measure}, ${of[0]!.unit}`,
    axis: undefined,
    subject: "work",
    columns: whos,
    rows: [...groups(of, ({ work }) => work)].map(([work, those]) => ({
      name: work,
      at: undefined,
      cells: whos.map((who) => those.find((one) => one.who === who)),
      ofCeiling: undefined,
      notes: [...new Set(those.flatMap(({ who, note }) => (note ? `${who}: ${note}` : [])))],
    })),
    hasCeiling: false,
  }));
}

function rowOf(
  of: readonly Measured[],
  measures: readonly string[],
  all: readonly Measured[],
): Row {
  const { who, at } = of[0]!;
  const limited = of.find(({ ceiling }) => ceiling !== undefined);
  return {
    name: who,
    at,
    cells: measures.map((measure) => of.find((one) => one.measure === measure)),
    ofCeiling: limited && shareOfCeiling(limited, all),
    notes: [...new Set(of.flatMap(({ note }) => note ?? []))],
  };
}

/** The share of its ceiling that a program reaches: 1 is all of it. */
function shareOfCeiling(one: Measured, all: readonly Measured[]): Figure | undefined {
  const ceiling = all.find(
    ({ who, at, measure }) => who === one.ceiling && at === one.at && measure === one.measure,
  );
  return shareOf(one, ceiling);
}

/**
 * How much of another's figure one reaches, the n-th sample by the n-th: 2 is twice as good.
 * @returns undefined without another, and where noise reaches to nothing or below
 */
export function shareOf(one: Measured, other: Measured | undefined): Figure | undefined {
  if (other === undefined) return undefined;
  const pairs = one.samples
    .slice(0, other.samples.length)
    .map((value, round) => [value, other.samples[round]!] as const);
  if (pairs.some(([value, most]) => value <= 0 || most <= 0)) return undefined;
  return figure(
    pairs.map(([value, most]) => (one.better === "more" ? value / most : most / value)),
  );
}

/** What `at` of an axis is called: "1,000", "64 GiB". */
export function placeText(axis: string | undefined, at: number | undefined): string {
  if (at === undefined) return "";
  return axis === "file size" ? sizeText(at) : at.toLocaleString("en");
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
