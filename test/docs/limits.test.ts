/** docs/limits.md has every bound of src/limits.ts with its value, and adds up right. */
import { expect, test } from "bun:test";
import * as limits from "../../src/limits.ts";
import { part, readDocument, rows } from "./document.ts";

const UNITS: Readonly<Record<string, number>> = {
  KiB: limits.KiB,
  MiB: limits.MiB,
  GiB: limits.GiB,
  ms: 1,
  s: 1000,
  h: 3_600_000,
};

const { KiB: _kib, MiB: _mib, GiB: _gib, ...bounds } = limits;
const document = readDocument("limits.md");

/** `1 MiB + 1 KiB`, `64 KiB to 16 MiB`, `1/16`, `4,096`, `107, 103 on macOS`. */
function valueOf(cell: string): unknown {
  const [, linux, darwin] = /^(.+), (.+) on macOS$/.exec(cell) ?? [];
  if (linux !== undefined) return { linux: evaluate(linux), darwin: evaluate(darwin!) };
  if (cell.includes(" to ")) {
    const [least, most] = cell.split(" to ").map(valueOf);
    return { least, most };
  }
  if (cell.includes("/")) return Number(cell.split("/")[0]) / Number(cell.split("/")[1]);
  return evaluate(cell);
}

/** Sums and products of amounts and of names of bounds. */
function evaluate(text: string): number {
  const sum = text.split("+").map((term) =>
    term
      .split("×")
      .map(amount)
      .reduce((a, b) => a * b),
  );
  return sum.reduce((a, b) => a + b);
}

function amount(text: string): number {
  const [figure = "", unit] = text.trim().split(" ");
  const bound = bounds[figure as keyof typeof bounds];
  if (typeof bound === "number") return bound;
  return Number(figure.replaceAll(",", "")) * (unit === undefined ? 1 : UNITS[unit]!);
}

test("every bound is there, with its value", () => {
  const start = document.indexOf("## The bounds");
  const tables = document
    .slice(start, document.indexOf("\n## ", start + 1))
    .split("### ")
    .slice(1);
  const written = tables.flatMap(rows).map(([name, value]) => [name, valueOf(value!)]);
  expect(Object.fromEntries(written)).toEqual({ ...bounds });
  expect(written.length).toBe(Object.keys(bounds).length);
});

test.each(["connection", "server"])("the sums of a %s are right", (name) => {
  for (const [what, bound, most] of rows(part(document, name))) {
    const unit = UNITS[most!.split(" ")[1]!]!;
    const rounded = Math.round((evaluate(bound!) / unit) * 100) / 100;
    expect([what, rounded < 1 ? rounded : Math.round(rounded)]).toEqual([
      what,
      Number(most!.split(" ")[0]),
    ]);
  }
});

test("a thousand peers at their worst cost what the text says", () => {
  const sum = (name: string): number =>
    rows(part(document, name)).reduce((all, [, , most]) => all + evaluate(most!), 0);
  const gib = (limits.MAX_CONNECTIONS * sum("connection")) / limits.GiB;
  expect(/at every line of the table above, need (.*?) GiB/.exec(document)?.[1]).toBe(
    gib.toFixed(1),
  );
});
