/** A chart as SVG. Colours are CSS variables, so that it is readable on light and on dark. */
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Chart } from "./chart-specs.ts";
import type { Measured } from "./run.ts";
import { numberText } from "./tables.ts";

use([BarChart, LineChart, CustomChart, GridComponent, LegendComponent, SVGRenderer]);

const WIDTH = 640;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** What the variables are, in light and in dark: Okabe and Ito's colours, which most eyes tell apart. */
export const COLOURS = {
  light:
    "--ink:#1f2328;--soft:#656d76;--line:#d8dee4;--leat:#0969da;--leat2:#8cbef2;--other:#a0a8b0;--other2:#d5dade;--top:#c9d1d9;--c0:#0969da;--c1:#d55e00;--c2:#009e73;--c3:#b8529a;--c4:#b08800;--c5:#6e7781",
  dark: "--ink:#e6edf3;--soft:#9198a1;--line:#30363d;--leat:#4aa3ff;--leat2:#1f5fa8;--other:#6e7681;--other2:#3d444d;--top:#444c56;--c0:#4aa3ff;--c1:#ff8c42;--c2:#2fc79a;--c3:#e08bc6;--c4:#e3b341;--c5:#9198a1",
};

export function draw(chart: Chart): string {
  const bars = chart.spec.form === "bars";
  const people = new Set(chart.measured.map(({ who }) => who)).size;
  const height = bars ? 70 + 26 * people : 320;
  const surface = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    surface.setOption(bars ? barOptions(chart) : lineOptions(chart));
    const svg = surface.renderToSVGString();
    const label = `<title>${escapeText(chart.title)}</title><desc>${escapeText(chart.spec.read)}</desc>`;
    return svg.replace(/^<svg([^>]*)>/, (_, attributes: string) => {
      const scaling = attributes.replace(/ (width|height)="\d+"/g, "");
      return `<svg${scaling} viewBox="0 0 ${WIDTH} ${height}" role="img">${label}`.replace(
        / viewBox="[^"]*"(?=.* viewBox=)/,
        "",
      );
    });
  } finally {
    surface.dispose();
  }
}

/** An SVG that stands alone: it brings its colours along. */
export function standalone(svg: string): string {
  const style = `<style>:root{${COLOURS.light}}@media(prefers-color-scheme:dark){:root{${COLOURS.dark}}}</style>`;
  return svg.replace("</desc>", `</desc>${style}`);
}

const TEXT = { fontFamily: FONT, fontSize: 12 };
const axisLabel = {
  ...TEXT,
  color: "var(--soft)",
  formatter: (value: number) => shortNumber(value),
};

function valueAxis(chart: Chart): object {
  const { logarithmic } = chart.spec;
  return {
    type: logarithmic === true ? "log" : "value",
    name: chart.measured[0]!.unit,
    nameLocation: "end",
    nameTextStyle: { ...TEXT, color: "var(--soft)" },
    axisLabel: { ...axisLabel, hideOverlap: true },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: "var(--line)" } },
    ...(logarithmic === true ? { min: lowerDecade(chart.measured) } : {}),
  };
}

function lowerDecade(measured: readonly Measured[]): number {
  const least = Math.min(...measured.map(({ median, min }) => (min > 0 ? min : median)));
  return 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)) - 0.001);
}

/** leat stands out, what no one can beat steps back. */
function barColour(one: Measured, ceilings: ReadonlySet<string>, second = false): string {
  if (ceilings.has(one.who)) return "var(--top)";
  const name = one.who.startsWith("leat") ? "leat" : "other";
  return `var(--${name}${second ? "2" : ""})`;
}

function barOptions(chart: Chart): Record<string, unknown> {
  const { measured, beside } = chart;
  const better = measured[0]!.better === "more" ? 1 : -1;
  const total = (one: Measured): number =>
    one.median + (beside.find(({ who }) => who === one.who)?.median ?? 0);
  const sorted = measured.toSorted((a, b) => better * (total(a) - total(b)));
  const ceilings = new Set(measured.flatMap(({ ceiling }) => ceiling ?? []));
  const seconds = sorted.map(({ who }) => beside.find((one) => one.who === who));
  const bar = { type: "bar", stack: "one", barWidth: 15 };
  const label = (texts: readonly string[]) => ({
    show: true,
    position: "right",
    distance: beside.length > 0 ? 5 : 8,
    ...TEXT,
    color: "var(--ink)",
    formatter: ({ dataIndex }: { dataIndex: number }) => texts[dataIndex],
  });
  const texts = sorted.map((one) => numberText(total(one)));
  return {
    animation: false,
    grid: { left: 8, right: 76, top: 8, bottom: 24, containLabel: true },
    xAxis: { ...valueAxis(chart), nameLocation: "end" },
    yAxis: {
      type: "category",
      data: sorted.map(({ who }) => who),
      axisLabel: { ...TEXT, color: "var(--ink)" },
      axisLine: { lineStyle: { color: "var(--line)" } },
      axisTick: { show: false },
    },
    series: [
      {
        ...bar,
        data: sorted.map((one) => ({
          value: one.median,
          itemStyle: { color: barColour(one, ceilings) },
        })),
      },
      ...(beside.length === 0
        ? []
        : [
            {
              ...bar,
              data: sorted.map((one, index) => ({
                value: seconds[index]?.median ?? 0,
                itemStyle: { color: barColour(one, ceilings, true) },
              })),
              label: label(texts),
            },
          ]),
      ...(beside.length === 0 ? [whiskers(sorted, texts)] : []),
    ],
  };
}

/** From the least to the most, and the number behind it. */
function whiskers(sorted: readonly Measured[], texts: readonly string[]): object {
  return {
    type: "custom",
    z: 5,
    data: sorted.map(({ min, max, median }, index) => [min, max, median, index]),
    renderItem(_: unknown, api: { value(at: number): number; coord(at: number[]): number[] }) {
      const [low, high] = [0, 1].map((at) => api.coord([api.value(at), api.value(3)]));
      const [x1, y] = low!;
      const x2 = high![0]!;
      const line = { stroke: "var(--ink)", lineWidth: 1 };
      const tick = (x: number) => ({
        type: "line",
        shape: { x1: x, x2: x, y1: y! - 3, y2: y! + 3 },
        style: line,
      });
      const text = {
        text: texts[api.value(3)],
        x: x2 + 6,
        y,
        fill: "var(--ink)",
        verticalAlign: "middle",
      };
      const font = `12px ${FONT}`;
      return {
        type: "group",
        children: [
          { type: "line", shape: { x1, x2, y1: y, y2: y }, style: line },
          tick(x1!),
          tick(x2),
          { type: "text", style: { ...text, font } },
        ],
      };
    },
    encode: { x: [0, 1], y: 3 },
  };
}

function lineOptions(chart: Chart): Record<string, unknown> {
  const { measured } = chart;
  const names = [...new Set(measured.map(({ who }) => who))];
  const places = [...new Set(measured.map(({ at }) => at!))].toSorted((a, b) => a - b);
  const ceilings = new Set(measured.flatMap(({ ceiling }) => ceiling ?? []));
  const symbols = ["circle", "rect", "triangle", "diamond", "roundRect"];
  return {
    animation: false,
    grid: { left: 8, right: 24, top: 58, bottom: 34, containLabel: true },
    legend: {
      top: 0,
      left: 0,
      itemWidth: 18,
      textStyle: { ...TEXT, color: "var(--ink)" },
      data: names,
    },
    xAxis: {
      type: "category",
      data: places.map((place) => place.toLocaleString("en")),
      name: measured[0]!.axis,
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: { ...TEXT, color: "var(--soft)" },
      axisLabel: { ...TEXT, color: "var(--soft)" },
      axisLine: { lineStyle: { color: "var(--line)" } },
      axisTick: { show: false },
    },
    yAxis: valueAxis(chart),
    series: names.map((name, index) => ({
      type: "line",
      name,
      symbol: symbols[index % symbols.length],
      symbolSize: 7,
      lineStyle: { width: 2, type: ceilings.has(name) ? "dashed" : "solid" },
      itemStyle: { color: ceilings.has(name) ? "var(--c5)" : `var(--c${index % 5})` },
      connectNulls: true,
      data: places.map(
        (place) => measured.find(({ who, at }) => who === name && at === place)?.median ?? null,
      ),
    })),
  };
}

/** 20k, 1.5M: of an axis. */
function shortNumber(value: number): string {
  if (Math.abs(value) >= 1e6) return `${value / 1e6}M`;
  return Math.abs(value) >= 1e4 ? `${value / 1e3}k` : value.toLocaleString("en");
}

export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
