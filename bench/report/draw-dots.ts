/** Dots on rows: a row for each program from median to tail, or for each work with a dot for each program. */
import type { Chart } from "./chart-specs.ts";
import {
  type Drawing,
  FONT,
  ROW,
  ROW_NAMES,
  isLeat,
  isWide,
  legend,
  styles,
  valueAxis,
  MARKS,
} from "./drawing.ts";

/** Each program from its median to its tail. */
export function spans({ measured, beside }: Chart): Drawing {
  const rows = [...measured, ...beside];
  const whos = [...new Set(rows.map(({ who }) => who))];
  const measures = [...new Set(rows.map(({ measure }) => measure))];
  const name = `${measures.join(" to ")}, ${rows[0]!.unit}`;
  const series = whos.map((who) => {
    const own = rows.filter((row) => row.who === who);
    const color = isLeat(who) ? MARKS.accent : MARKS.soft;
    return {
      type: "line",
      silent: true,
      lineStyle: { color, width: 2 },
      symbolSize: 9,
      showSymbol: true,
      data: own.map(({ median, measure }) => ({
        value: [median, who],
        symbol: measure === measures[0] && measures.length > 1 ? "emptyCircle" : "circle",
        itemStyle: { color },
      })),
    };
  });
  return grid(
    whos,
    rows.map(({ median }) => median),
    name,
    series,
  );
}

/** Every work a row, everyone a dot. */
export function dots({ measured: rows }: Chart): Drawing {
  const whos = [...new Set(rows.map(({ who }) => who))];
  const works = [...new Set(rows.map(({ work }) => work))];
  const looks = styles(whos);
  const top = legend(whos, 10);
  const short = (work: string): string => work.replace(/^\w+ /, "");
  const series = whos
    .toSorted((a, b) => Number(isLeat(a)) - Number(isLeat(b)))
    .map((who) => {
      const { color, symbol } = looks.get(who)!;
      const own = rows.filter((row) => row.who === who);
      return {
        type: "scatter",
        name: who,
        silent: true,
        symbol,
        symbolSize: isLeat(who) ? 11 : 9,
        itemStyle: { color, opacity: 0.9 },
        data: own.map(({ median, work }) => [median, short(work)]),
      };
    });
  const { measure, unit } = rows[0]!;
  const drawing = grid(
    works.map(short),
    rows.map(({ median }) => median),
    `${measure}, ${unit}`,
    series,
    top.height + 6,
  );
  return { ...drawing, option: { ...drawing.option, legend: top.option } };
}

function grid(
  names: readonly string[],
  values: readonly number[],
  name: string,
  series: readonly object[],
  top = 6,
): Drawing {
  return {
    height: names.length * ROW + 50 + top,
    option: {
      grid: { left: 6, right: 24, top, bottom: 48 },
      yAxis: {
        type: "category",
        inverse: true,
        data: names,
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: ROW_NAMES,
        splitLine: { show: true, lineStyle: { color: MARKS.rule, type: "dotted" } },
      },
      xAxis: {
        ...valueAxis(values, name, isWide(values)),
        nameLocation: "middle",
        nameGap: 28,
        nameTextStyle: { ...FONT, color: MARKS.soft },
      },
      series,
    },
  };
}
