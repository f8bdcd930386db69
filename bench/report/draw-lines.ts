/** A line for each program over the values at which it was measured, with a band from the least to the most. */
import type { Chart } from "./chart-specs.ts";
import type { Measured } from "./run.ts";
import {
  type Drawing,
  FONT,
  type Style,
  WIDTH,
  axisTitle,
  isLeat,
  legend,
  styles,
  valueAxis,
  MARKS,
} from "./drawing.ts";
import { placeText } from "./tables.ts";

const PLOT = 210;

export function lines({ measured: rows, spec }: Chart): Drawing {
  const whos = [...new Set(rows.map(({ who }) => who))];
  const looks = styles(whos);
  const top = legend(whos, 28);
  const places = [...new Set(rows.map(({ at }) => at!))].toSorted((a, b) => a - b);
  const { measure, unit, axis } = rows[0]!;
  const values = rows.flatMap(({ min, max }) => [min, max]);
  return {
    height: top.height + PLOT + 66,
    option: {
      legend: top.option,
      grid: { left: 54, right: 16, top: top.height + 28, bottom: 44, width: WIDTH - 70 },
      xAxis: {
        type: "category",
        data: places.map((at) => placeText(axis, at)),
        name: axis ?? "",
        nameLocation: "middle",
        nameGap: 28,
        nameTextStyle: { ...FONT, color: MARKS.soft },
        axisLine: { lineStyle: { color: MARKS.rule } },
        axisTick: { show: false },
        axisLabel: { ...FONT, color: MARKS.soft },
      },
      yAxis: {
        ...valueAxis(values, axisTitle(measure, unit), spec.logarithmic === true),
        nameTextStyle: { ...FONT, color: MARKS.soft, align: "left", padding: [0, 0, 0, -46] },
      },
      // leat last: it lies above the others.
      series: whos
        .toSorted((a, b) => Number(isLeat(a)) - Number(isLeat(b)))
        .flatMap((who) => {
          const own = places.map((at) => rows.find((row) => row.who === who && row.at === at));
          return [line(who, own, looks.get(who)!), band(who, own, looks.get(who)!)];
        }),
    },
  };
}

type Row = Measured | undefined;

function line(name: string, rows: readonly Row[], { color, dash, symbol }: Style) {
  return {
    type: "line",
    name,
    silent: true,
    z: 3,
    data: rows.map((row) => row?.median ?? "-"),
    connectNulls: true,
    symbol,
    symbolSize: 7,
    lineStyle: { color, type: dash, width: isLeat(name) ? 2.5 : 1.75 },
    itemStyle: { color },
  };
}

/** A polygon: up along the most, back along the least. */
function band(name: string, rows: readonly Row[], { color }: Style) {
  const there = rows.flatMap((row, index) => (row === undefined ? [] : [[index, row] as const]));
  return {
    type: "custom",
    name,
    silent: true,
    // The axis reaches as far as the data; what is drawn hangs at the first.
    data: there.flatMap(([index, { min, max }]) => [
      [index, min],
      [index, max],
    ]),
    renderItem: ({ dataIndex }: { dataIndex: number }, api: { coord(at: number[]): number[] }) =>
      dataIndex === 0 && {
        type: "polygon",
        shape: {
          points: [
            ...there.map(([index, { max }]) => api.coord([index, max])),
            ...there.toReversed().map(([index, { min }]) => api.coord([index, min])),
          ],
        },
        style: { fill: color, opacity: 0.13 },
      },
  };
}
