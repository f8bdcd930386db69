/** Lines that are made of a page as it came, beside their twins: those that are made of its entries. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { PageOrder } from "../../src/client/calls/page.ts";
import { entriesText, type ListFlags } from "../../src/cli/commands/entries-text.ts";
import { rowsText, showsRows } from "../../src/cli/commands/rows-text.ts";
import type { Output } from "../../src/cli/terminal/output.ts";
import { LeatError } from "../../src/errors.ts";
import type { Entry } from "../../src/wire/gen/messages.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { announcedSeed } from "../support/chop.ts";

const flags = (more: Partial<ListFlags>): ListFlags => ({ glob: true, ...more });
const piped = { stdoutIsTerminal: false, name: (text: string) => text } as Output;

const entry: fc.Arbitrary<Entry> = fc.record({
  name: fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.constantFrom("a", "a/b", "ü", "😀"),
  ),
  kind: fc.constantFrom<Entry["kind"]>("FILE", "DIRECTORY", "OTHER", "KIND_UNSPECIFIED"),
  size: fc.oneof(
    fc.nat(2000),
    fc.maxSafeNat(),
    fc.constantFrom(Number.MAX_SAFE_INTEGER, 9_007_199_254_740_959),
  ),
  modified: fc.option(
    fc.record({
      seconds: fc.oneof(
        fc.integer({ min: 1.7e9, max: 1.8e9 }),
        fc.integer({ min: -10, max: 300_000_000_000 }),
        fc.constantFrom(
          0,
          86_399,
          86_400,
          253_402_300_799,
          253_402_300_800,
          Number.MAX_SAFE_INTEGER,
        ),
      ),
      nanoseconds: fc.nat(999_999_999),
    }),
    { nil: undefined },
  ),
  version: fc.constant(""),
  mode: fc.nat(0o777),
  link: fc.boolean(),
  target: fc.constant(""),
});

const sorted = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));

test("are the same, and the same pages are refused", () => {
  let shown = 0;
  const property = fc.property(
    fc.array(entry, { maxLength: 6 }).map((all) => sorted(all)),
    fc.array(entry, { maxLength: 3 }),
    fc.boolean(),
    (first, second, long) => {
      const [order, twin] = [new PageOrder(""), new PageOrder("")];
      for (const [entries, isLast] of [
        [first, false],
        [second, true],
      ] as const) {
        const rows = order.rows(encodeMessage("EntryPage", { entries }), isLast);
        const refusal = refused(() => twin.check(entries, isLast));
        // Objects tell what is wrong.
        if (rows === undefined)
          return void expect(refused(() => order.check(entries, isLast))).toBe(refusal);
        expect(refusal).toBeUndefined();
        if (!showsRows(rows, flags({ long }), piped)) continue;
        shown += entries.length;
        expect(Buffer.from(rowsText(rows, long)).toString()).toBe(
          entriesText(entries, flags({ long }), piped),
        );
      }
    },
  );
  const largest: Entry = {
    name: "a",
    kind: "FILE",
    size: Number.MAX_SAFE_INTEGER - 6,
    modified: undefined,
    version: "",
    mode: 0,
    link: false,
    target: "",
  };
  const examples: [Entry[], Entry[], boolean][] = [[[largest], [], true]];
  fc.assert(property, { seed: announcedSeed(), numRuns: 2000, examples });
  expect(shown).toBeGreaterThan(500);
});

function refused(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    return LeatError.from(thrown).message;
  }
}

test("are not for terminals, sizes with units, JSON, and years beyond 9999", () => {
  const rows = { latest: 0 };
  expect(showsRows(rows, flags({}), piped)).toBe(true);
  expect(showsRows(rows, flags({}), { ...piped, stdoutIsTerminal: true } as Output)).toBe(false);
  expect(showsRows(rows, flags({ json: true }), piped)).toBe(false);
  expect(showsRows(rows, flags({ long: true, humanReadable: true }), piped)).toBe(false);
  expect(showsRows({ latest: 253_402_300_800 }, flags({ long: true }), piped)).toBe(false);
});
