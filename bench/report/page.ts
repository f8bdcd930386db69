/** report.html: one file, nothing from the network. */
import { aboutLines, command, HOW_TO_READ } from "./about.ts";
import { chartsOf, type Chart } from "./chart-specs.ts";
import { draw, escapeText } from "./draw.ts";
import { COLOURS } from "./drawing.ts";
import { ratiosOf, RATIOS_TEXT, RATIOS_TITLE } from "./ratios.ts";
import type { Run } from "./run.ts";
import { figureText, groups, placeText, type Table, tablesOf } from "./tables.ts";

const STYLE = `
:root{color-scheme:light dark;--page:#fff;${COLOURS.light}}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;${COLOURS.dark}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1360px;padding:2rem 1.25rem;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.7rem;margin:0 0 .5rem}h2{margin:3rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}
p{max-width:75ch;margin:.4rem 0}.soft,figcaption,caption{color:var(--soft)}
nav a{margin-right:1rem}a{color:var(--leat)}code{background:var(--card);padding:.1em .35em;overflow-wrap:anywhere;border-radius:4px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem;margin:1rem 0}
figure{margin:0;padding:1rem;background:var(--card);border:1px solid var(--line);border-radius:8px}
figure h3{margin:0 0 .1rem;font-size:1rem}figcaption{font-size:.85rem;margin-bottom:.5rem}
figure svg{width:100%;height:auto;display:block}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.85rem;margin:1rem 0}
caption{text-align:left;font-weight:600;padding:.3rem 0;color:var(--ink)}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th.who,td.who,td.note,.what{text-align:left}td.what{white-space:normal;min-width:16rem}th{color:var(--soft);font-weight:500}
summary{cursor:pointer;color:var(--leat)}
@media(max-width:30rem){body{padding:1rem .5rem}figure{padding:.75rem .5rem}}
`;

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';img-src data:;style-src 'unsafe-inline'">
<link rel="icon" href="data:,"><title>${escapeText(title)}</title><style>${STYLE}</style></head>
<body>
${body}
</body></html>
`;
}

/** @param titles what each suite is about, by its name */
export function htmlReport(run: Run, titles: ReadonlyMap<string, string>): string {
  const charts = groups(chartsOf(run), ({ spec }) => spec.suite);
  const tables = groups(tablesOf(run), ({ suite }) => suite);
  const suites = [...tables].map(
    ([suite, of]) => `<h2 id="${escapeText(suite)}">${escapeText(suite)}</h2>
<p>${escapeText(sentence(titles.get(suite) ?? ""))}</p>
<div class="charts">${(charts.get(suite) ?? []).map(figureElement).join("\n")}</div>
<details><summary>All figures of ${escapeText(suite)}</summary>${of.map(tableElement).join("\n")}</details>`,
  );
  const links = [...tables.keys()].map(
    (suite) => `<a href="#${escapeText(suite)}">${escapeText(suite)}</a>`,
  );
  return page(
    `leat bench: ${run.name}`,
    `<h1>leat bench: ${escapeText(run.name)}</h1>
${aboutLines(run)
  .map((line) => `<p class="soft">${escapeText(line)}</p>`)
  .join("\n")}
<p><code>${escapeText(command(run))}</code> measures the same on your machine.</p>
<p>${escapeText(HOW_TO_READ)} In the charts leat is blue, the thin line or the band ends at the least and the most, and ~ marks what is noisy.</p>
<nav>${links.join(" ")}</nav>
${ratiosPart(run)}${suites.join("\n")}
${absences(run)}`,
  );
}

/** Above the suites: what most readers look for. */
function ratiosPart(run: Run): string {
  const ratios = ratiosOf(run);
  if (ratios === undefined) return "";
  const row = (cells: readonly string[], tag: "th" | "td"): string =>
    `<tr>${cells.map((cell, at) => `<${tag}${at === 0 ? ' class="who"' : ""}>${escapeText(cell)}</${tag}>`).join("")}</tr>`;
  return `<h2>${escapeText(RATIOS_TITLE)}</h2>
<p>${escapeText(RATIOS_TEXT)}</p>
<div class="wide"><table><thead>${row(ratios.head, "th")}</thead>
<tbody>${ratios.lines.map((line) => row(line, "td")).join("\n")}</tbody></table></div>
`;
}

function figureElement(chart: Chart): string {
  return `<figure><h3>${escapeText(chart.title)}</h3><figcaption>${escapeText(chart.spec.read)}${legend(chart)}</figcaption>${draw(chart)}</figure>`;
}

/** Which part of a stacked bar is whose. */
function legend({ spec }: Chart): string {
  return spec.beside === undefined || spec.form !== "bars"
    ? ""
    : ` The full colour is the server, the pale one the client.`;
}

function tableElement({ caption, axis, subject, columns, rows, hasCeiling }: Table): string {
  const noted = rows.some(({ notes }) => notes.length > 0);
  const heads = [
    ...(axis === undefined ? [] : [`<th scope="col">${escapeText(axis)}</th>`]),
    `<th scope="col" class="who">${subject}</th>`,
    ...columns.map((title) => `<th scope="col">${escapeText(title)}</th>`),
    ...(hasCeiling ? [`<th scope="col">of the ceiling</th>`] : []),
    ...(noted ? [`<th scope="col" class="who">note</th>`] : []),
  ];
  const lines = rows.map(({ name, at, cells, ofCeiling, notes }) =>
    [
      ...(axis === undefined ? [] : [`<td>${placeText(axis, at)}</td>`]),
      `<td class="who">${escapeText(name)}</td>`,
      ...cells.map((cell) => `<td>${escapeText(figureText(cell))}</td>`),
      ...(hasCeiling ? [`<td>${figureText(ofCeiling)}</td>`] : []),
      ...(noted ? [`<td class="note">${escapeText(notes.join("; "))}</td>`] : []),
    ].join(""),
  );
  return `<div class="wide"><table><caption>${escapeText(caption)}</caption><thead><tr>${heads.join("")}</tr></thead>
<tbody>${lines.map((line) => `<tr>${line}</tr>`).join("\n")}</tbody></table></div>`;
}

function absences({ absences: absent }: Run): string {
  if (absent.length === 0) return "";
  const items = absent.map(
    ({ suite, who, why }) => `<li>${escapeText(`${suite}: ${who}: ${why}`)}</li>`,
  );
  return `<h2>Not measured</h2><ul>${items.join("\n")}</ul>`;
}

function sentence(text: string): string {
  return text === ""
    ? ""
    : `${text[0]!.toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
