/** What all forms of charts share: size, letters, axes, the colour of each program. */
import type { EChartsCoreOption } from "echarts/core";
import { numberText } from "./tables.ts";

/** CSS variables, so that a chart is readable on light and on dark. */
const LIGHT =
  "--card:#f6f8fa;--ink:#1f2328;--soft:#59636e;--line:#d8dee4;--leat:#0969da;--leat2:#8cbef2;--other:#a0a8b0;--other2:#d5dade;--c0:#b85c00;--c1:#00785a;--c2:#a8457d;--c3:#6b6f76;--c4:#8a6d00;--c5:#3d8fb8";
const DARK =
  "--card:#151b23;--ink:#e6edf3;--soft:#9aa5b1;--line:#30363d;--leat:#4aa3ff;--leat2:#1f5fa8;--other:#6e7681;--other2:#3d444d;--c0:#f0a04b;--c1:#3fc79a;--c2:#e58dbb;--c3:#a3a9b1;--c4:#d9bd45;--c5:#7cc7e8";

/** After Okabe and Ito: most eyes tell them apart. */
export const COLOURS = { light: LIGHT, dark: DARK };

/** leat is always the accent. */
export const MARKS = {
  ink: "var(--ink)",
  soft: "var(--soft)",
  rule: "var(--line)",
  accent: "var(--leat)",
  paleAccent: "var(--leat2)",
  plain: "var(--other)",
  palePlain: "var(--other2)",
  others: [0, 1, 2, 3, 4, 5].map((index) => `var(--c${index})`),
} as const;

/** Narrow enough to be read on a phone, where it is scaled to four fifths. In units of the SVG. */
export const WIDTH = 460;

export interface Drawing {
  readonly option: EChartsCoreOption;
  readonly height: number;
}

export const FONT = { fontFamily: "system-ui, sans-serif", fontSize: 12 } as const;

/** Of a row: its name stands above its marks, so that none is cut off, whatever letters the reader has. */
export const ROW = 38;

/** From the middle of a row down to its marks. */
export const BELOW = 8;

/** The names of rows, above their marks. */
export const ROW_NAMES = {
  ...FONT,
  color: MARKS.ink,
  interval: 0,
  inside: true,
  margin: 0,
  align: "left",
  verticalAlign: "bottom",
  padding: [0, 0, 7, 0],
} as const;

/** About as wide as the letters get. In units of the SVG. */
export function textWidth(text: string): number {
  return 7.6 * text.length;
}

/** leat itself, and the model that it runs with by itself. */
export function isLeat(who: string): boolean {
  return /^leat\b|^event loop$/.test(who);
}

export interface Style {
  readonly color: string;
  readonly dash: "solid" | "dashed" | "dotted";
  readonly symbol: string;
}

const DASHES = ["solid", "dashed", "dotted"] as const;
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin"] as const;

/** leat has the accent colour, and its variants have dashes; every other program has a colour and a sign. */
export function styles(whos: readonly string[]): Map<string, Style> {
  const ours = whos.filter(isLeat);
  const others = whos.filter((who) => !isLeat(who));
  return new Map(
    whos.map((who) => {
      const own = ours.indexOf(who);
      const index = others.indexOf(who) % MARKS.others.length;
      const style: Style =
        own >= 0
          ? {
              color: MARKS.accent,
              dash: DASHES[own % 3]!,
              symbol: own === 0 ? "circle" : "emptyCircle",
            }
          : { color: MARKS.others[index]!, dash: "solid", symbol: SYMBOLS[(index + 1) % 6]! };
      return [who, style];
    }),
  );
}

/** "throughput, MB/s", but not "files, files/s". */
export function axisTitle(measure: string, unit: string): string {
  return unit.startsWith(measure) ? unit : `${measure}, ${unit}`;
}

/** With units above; logarithmic where a straight axis would hide the small ones. */
export function valueAxis(values: readonly number[], name: string, logarithmic: boolean) {
  const least = Math.min(...values);
  const from = logarithmic && least > 0;
  return {
    type: from ? "log" : "value",
    ...(from ? { min: 10 ** Math.floor(Math.log10(least) + 1e-9) } : {}),
    name,
    nameTextStyle: { ...FONT, color: MARKS.soft, align: "left" },
    axisLabel: { ...FONT, color: MARKS.soft, formatter: axisNumber, hideOverlap: true },
    axisLine: { show: false },
    axisTick: { show: false },
    minorTick: { show: false },
    splitLine: { lineStyle: { color: MARKS.rule } },
    splitNumber: 4,
  };
}

export function isWide(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least > 30;
}

/** Names at the top, in as many rows as they need: one legend each, for ECharts guesses widths. */
export function legend(whos: readonly string[], itemWidth: number) {
  const rows: string[][] = [[]];
  let used = 0;
  for (const who of whos) {
    const width = textWidth(who) + itemWidth + 20;
    if (used + width > WIDTH && used > 0) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(who);
    used += width;
  }
  return {
    height: rows.length * 22,
    option: rows.map((data, row) => ({
      type: "plain",
      top: row * 22 - 5,
      left: -5,
      itemWidth,
      itemHeight: 9,
      itemGap: 20,
      textStyle: { ...FONT, color: MARKS.ink },
      data,
    })),
  };
}

/** `1k`, `250`, `0.1` */
function axisNumber(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e6) return `${value / 1e6}M`;
  if (Math.abs(value) >= 1e4) return `${value / 1e3}k`;
  return Math.abs(value) >= 1 ? value.toLocaleString("en") : numberText(value).replace(/0+$/, "");
}
