/** The entries of a page in columns, beside their twins: the objects that protobuf makes of them. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { PageRows } from "../../src/client/calls/page-rows.ts";
import { ENUMS, type Entry } from "../../src/wire/gen/messages.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/plain.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "../wire/any-message.ts";

const runs = { seed: announcedSeed(), numRuns: 1000 };
const NONE = new Uint8Array(0);

/** The same columns for all pages, as a list has them. */
const columns = new PageRows();

function rows(bytes: Uint8Array, last: Uint8Array = NONE): object[] | undefined {
  if (!columns.read(bytes, last)) return undefined;
  return Array.from({ length: columns.count }, (_, index) => ({
    name: Buffer.from(columns.name(index)).toString(),
    kind: columns.kinds[index],
    size: columns.sizes[index],
    seconds: columns.seconds[index],
  }));
}

const twins = (bytes: Uint8Array): object[] =>
  decodeMessage("EntryPage", bytes).entries.map(({ name, kind, size, modified }) => ({
    name,
    kind: ENUMS.Kind![kind],
    size,
    seconds: modified?.seconds ?? -1,
  }));

/** Whether these are names, each behind the one before it. */
function isOrdered(names: readonly string[], last = ""): boolean {
  const before = [last, ...names];
  return names.every(
    (name, index) =>
      !name.includes("/") && Buffer.compare(Buffer.from(name), Buffer.from(before[index]!)) > 0,
  );
}

const usual = fc.record({
  name: fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 1, maxLength: 200 }),
    fc.constantFrom("a", "ab", "a/b", "\u{10000}", "\uff5e"),
  ),
  kind: fc.constantFrom<Entry["kind"]>("FILE", "DIRECTORY", "OTHER"),
  size: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  modified: fc.option(
    fc.record({
      seconds: fc.oneof(fc.nat(200), fc.maxSafeNat()),
      nanoseconds: fc.nat(999_999_999),
    }),
    { nil: undefined },
  ),
  mode: fc.nat(0o777),
  link: fc.boolean(),
});

const sorted = <Named extends { readonly name: string }>(entries: readonly Named[]): Named[] =>
  entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));

test("are read of a page of the usual form where its names go up, and are refused where not", () => {
  let read = 0;
  const property = fc.property(
    fc.array(usual, { maxLength: 6 }),
    fc.constantFrom("", "", "a", "b"),
    fc.boolean(),
    (all, last, isSorted) => {
      const entries = isSorted ? sorted(all) : all;
      const bytes = encodeMessage("EntryPage", { entries });
      const names = entries.map(({ name }) => name);
      const expected = isOrdered(names, last) ? twins(bytes) : undefined;
      expect(rows(bytes, Buffer.from(last))).toEqual(expected!);
      if (expected !== undefined) read += expected.length;
    },
  );
  fc.assert(property, runs);
  expect(read).toBeGreaterThan(500);
});

test("are what protobuf finds in a damaged page, or the page is left to it", () => {
  const entries = fc.array(
    fc.oneof(usual, anyMessage("Entry") as fc.Arbitrary<Entry>).filter(({ name }) => name !== ""),
    { maxLength: 4 },
  );
  const property = fc.property(entries, fc.nat(), fc.nat(255), (all, place, byte) => {
    const bytes = encodeMessage("EntryPage", { entries: sorted(all as Entry[]) });
    if (bytes.length > 0) bytes[place % bytes.length] = byte;
    const found = rows(bytes);
    if (found !== undefined) expect(found).toEqual(twins(bytes));
  });
  fc.assert(property, { ...runs, numRuns: 10_000 });
});

test("are as many as a page has, and tell the largest file and the latest time", () => {
  const count = 5000;
  const entries = Array.from({ length: count }, (_, index) => ({
    name: String(index).padStart(5, "0"),
    kind: index % 2 === 0 ? ("FILE" as const) : ("DIRECTORY" as const),
    size: index,
    modified: { seconds: 2 * index, nanoseconds: 0 },
  }));
  const bytes = encodeMessage("EntryPage", { entries });
  expect(rows(bytes)).toEqual(twins(bytes));
  const { largest, latest } = columns;
  expect({ count: columns.count, largest, latest }).toEqual({
    count,
    largest: count - 2,
    latest: 2 * (count - 1),
  });
  expect(rows(NONE)).toEqual([]);
  expect({ ...columns }).toMatchObject({ count: 0, largest: 0, latest: 0 });
});

test.each<[string, readonly number[]]>([
  ["a name that is not UTF-8", [10, 3, 10, 1, 0xff]],
  ["a name beyond its entry", [10, 3, 10, 2, 0x61]],
  ["an entry beyond the page", [10, 9, 10, 1, 0x61]],
  ["an entry without a name", [10, 2, 16, 1]],
  ["an entry without a length", [10]],
  ["a length that is cut", [10, 0x80]],
  ["a name twice in an entry", [10, 6, 10, 1, 0x61, 10, 1, 0x62]],
  ["the same name twice", [10, 3, 10, 1, 0x61, 10, 3, 10, 1, 0x61]],
  ["a name with a slash", [10, 3, 10, 1, 0x2f]],
  ["fields out of order", [10, 5, 16, 1, 10, 1, 0x61]],
  ["a time beyond its entry", [10, 5, 10, 1, 0x61, 34, 2, 8, 1]],
  ["a time that ends before its fields", [10, 7, 10, 1, 0x61, 34, 1, 8, 1]],
  ["an unknown kind", [10, 5, 10, 1, 0x61, 16, 4]],
  ["a varint without an end", [10, 5, 10, 1, 0x61, 24, 0x80]],
  ["a size above 2^53", [10, 13, 10, 1, 0x61, 24, ...Array<number>(8).fill(0xff), 0x7f]],
  ["an unknown field", [10, 5, 10, 1, 0x61, 120, 1]],
])("%s is left to protobuf", (_what, bytes) => {
  expect(rows(Uint8Array.from(bytes))).toBeUndefined();
});
