/** A chart as SVG, by ECharts without a browser. */
import { CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Chart } from "./chart-specs.ts";
import { bars } from "./draw-bars.ts";
import { dots, spans } from "./draw-dots.ts";
import { lines } from "./draw-lines.ts";
import { COLOURS, WIDTH } from "./drawing.ts";
import { figureText, placeText } from "./tables.ts";

use([CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer]);

const FORMS = { bars, lines, dots, spans };

export function draw(chart: Chart): string {
  const { option, height } = FORMS[chart.spec.form](chart);
  const surface = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    surface.setOption({ animation: false, ...option });
    return describe(surface.renderToSVGString({ useViewBox: true }), chart);
  } finally {
    surface.dispose();
  }
}

/** An SVG that stands alone: it brings its colours along. */
export function standalone(svg: string): string {
  const style = `<style>:root{${COLOURS.light}}@media(prefers-color-scheme:dark){:root{${COLOURS.dark}}}</style>`;
  return svg.replace("</desc>", () => `</desc>${style}`);
}

/** The text for screen readers: the title, and every figure. */
function describe(svg: string, { title, spec, measured, beside }: Chart): string {
  const told = [...measured, ...beside].map((row) => {
    const place =
      row.at === undefined ? "" : ` at ${placeText(row.axis, row.at)} ${row.axis ?? ""}`;
    return `${row.work}, ${row.who}${place}: ${row.measure} ${figureText(row)} ${row.unit}`;
  });
  const text = escapeText([spec.read, ...told].join(" ; "));
  // The inside of hollow signs: white for ECharts, whatever lies below.
  return svg
    .replaceAll('fill="#fff"', 'fill="var(--card)"')
    .replace(/^<svg ([^>]*)>/, (_, attributes: string) => {
      const kept = attributes.replace(/\b(width|height)="[^"]*"\s*/g, "");
      return `<svg role="img" ${kept}><title>${escapeText(title)}</title><desc>${text}</desc>`;
    });
}

export const escapeText: (text: string) => string = Bun.escapeHTML;
