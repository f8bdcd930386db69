/** A row for each program, the best on top, with its range and its figure: a bar, or a dot where the axis has no zero. */
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { noisy } from "../support/figures.ts";
import type { Chart } from "./chart-specs.ts";
import { BELOW, type Drawing, FONT, MARKS, ROW, axisTitle, isLeat, valueAxis } from "./drawing.ts";
import type { Measured } from "./run.ts";
import { numberText } from "./tables.ts";

const THICK = 15;
/** So that the last number below the axis is whole. */
const MARGIN = 20;

/** With `beside`, what it adds stands behind each bar in the pale colour. */
export function bars({ measured, beside, spec }: Chart): Drawing {
  const sign = measured[0]!.better === "more" ? -1 : 1;
  const second = new Map(beside.map((row) => [row.who, row.median]));
  const total = (row: Measured): number => row.median + (second.get(row.who) ?? 0);
  const sorted = measured.toSorted((a, b) => sign * (total(a) - total(b)));
  const logarithmic = spec.logarithmic === true && sorted.every(({ median }) => median > 0);
  const rows = logarithmic ? sorted.map((row) => above(leastOf(sorted), row)) : sorted;
  const names = rows.map(({ who }) => who);
  const values = rows.flatMap((row) => [row.min, row.max, total(row)]);
  const others = beside[0] ? ` and ${beside[0].measure}` : "";
  const name = axisTitle(rows[0]!.measure + others, rows[0]!.unit);
  return {
    height: rows.length * ROW + 52,
    option: {
      grid: { left: 1, right: MARGIN, top: 4, bottom: 48 },
      yAxis: {
        type: "category",
        inverse: true,
        data: names,
        axisLine: { show: !logarithmic, lineStyle: { color: MARKS.rule } },
        axisTick: { show: false },
        axisLabel: { show: false },
      },
      xAxis: {
        ...valueAxis(logarithmic ? values : [0, ...values], name, logarithmic),
        nameLocation: "middle",
        nameGap: 28,
        nameTextStyle: { ...FONT, color: MARKS.soft },
      },
      series: [
        {
          type: "custom",
          silent: true,
          // The range belongs to the axis, too: it would end outside otherwise.
          data: rows.map((row, index) => [row.median, index, row.min, row.max, total(row)]),
          encode: { x: [0, 2, 3, 4], y: 1 },
          renderItem: (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
            const { dataIndex } = params;
            const left = (params.coordSys as unknown as { x: number }).x;
            const row = rows[dataIndex]!;
            const x = (value: number): number => api.coord([value, dataIndex])[0]!;
            const middle = api.coord([row.median, dataIndex])[1]!;
            const y = middle + BELOW;
            const body = logarithmic ? [dot(row, x, y)] : bar(row, total(row), x, y);
            const alone = beside.length > 0 || row.samples.length === 1;
            const range = alone ? [] : whisker(x(row.min), x(row.max), y);
            const marks = logarithmic ? [...range, ...body] : [...body, ...range];
            return { type: "group", children: [...marks, label(row, total(row), left, middle)] };
          },
        },
      ],
    },
  };
}

/** What a logarithmic axis can begin at: noise may reach down to nothing, and below. */
function leastOf(rows: readonly Measured[]): number {
  return Math.min(...rows.flatMap(({ min, median }) => (min > 0 ? min : median)));
}

function above(least: number, row: Measured): Measured {
  return { ...row, min: Math.max(row.min, least) };
}

type Scale = (value: number) => number;

function bar(row: Measured, total: number, x: Scale, y: number) {
  const strong = isLeat(row.who);
  const part = (from: number, to: number, fill: string) => ({
    type: "rect",
    shape: { x: Math.min(from, to), y: y - THICK / 2, width: Math.abs(to - from), height: THICK },
    style: { fill },
  });
  const pale = strong ? MARKS.paleAccent : MARKS.palePlain;
  return [
    part(x(0), x(row.median), strong ? MARKS.accent : MARKS.plain),
    ...(total === row.median ? [] : [part(x(row.median), x(total), pale)]),
  ];
}

function dot({ who, median }: Measured, x: Scale, y: number) {
  const fill = isLeat(who) ? MARKS.accent : MARKS.soft;
  return { type: "circle", shape: { cx: x(median), cy: y, r: 5 }, style: { fill } };
}

function whisker(min: number, max: number, y: number) {
  const line = (x1: number, x2: number, y1: number, y2: number) => ({
    type: "line",
    shape: { x1, x2, y1, y2 },
    style: { stroke: MARKS.ink, lineWidth: 1.25 },
  });
  return [line(min, max, y, y), line(min, min, y - 3, y + 3), line(max, max, y - 3, y + 3)];
}

/** Name and figure together above the bar: the figure of a noisy one would stand far behind its range. */
function label(row: Measured, total: number, x: number, middle: number) {
  const text = `${row.who}   ${numberText(total)}${noisy(row) ? " ~" : ""}`;
  const font = `${isLeat(row.who) ? "bold " : ""}${FONT.fontSize}px ${FONT.fontFamily}`;
  return {
    type: "text",
    style: { text, x, y: middle - 1, verticalAlign: "bottom", fill: MARKS.ink, font },
  };
}
