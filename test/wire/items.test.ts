/** Items of a walk that are written and read without objects, beside their twins: the objects that protobuf makes. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ENUMS, type Entry, type TreeItem } from "../../src/wire/gen/messages.ts";
import { ItemPageWriter, leaving } from "../../src/wire/item-page.ts";
import { ItemReader } from "../../src/wire/item-reader.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/plain.ts";
import { readVarint, varintLength } from "../../src/wire/varint.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "./any-message.ts";

const runs = { seed: announcedSeed(), numRuns: 1000 };

const entry = fc.record({
  name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }),
  kind: fc.constantFrom<Entry["kind"]>("FILE", "FILE", "DIRECTORY", "OTHER"),
  size: fc.maxSafeNat(),
  modified: fc.option(
    fc.record({ seconds: fc.integer({ min: -1000 }), nanoseconds: fc.nat(999_999_999) }),
    { nil: undefined },
  ),
  mode: fc.option(fc.nat(0o777), { nil: undefined }),
  version: fc.constant(""),
  link: fc.boolean(),
  target: fc.constantFrom("", "a"),
});

/** The messages of a sequence. */
function itemsOf(bytes: Uint8Array): TreeItem[] {
  const items: TreeItem[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = readVarint(bytes, at, bytes.length);
    const start = at + varintLength(length);
    at = start + length;
    items.push(decodeMessage("TreeItem", bytes, start, at));
  }
  return items;
}

const itemOf = (found: object): TreeItem =>
  decodeMessage("TreeItem", encodeMessage("TreeItem", { entry: found }));

describe("a writer", () => {
  test("makes of entries what protobuf makes, in runs that end with a folder", () => {
    const writer = new ItemPageWriter();
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), fc.nat(300), (entries, leave) => {
        writer.begin();
        for (const { name, ...facts } of entries) {
          const bytes = Buffer.from(name);
          writer.take(bytes, 0, bytes.length, facts);
        }
        const found = writer.finish();
        expect(found.flatMap(({ encoded }) => itemsOf(encoded))).toEqual(entries.map(itemOf));
        for (const [index, { encoded, kind, name }] of found.entries()) {
          const items = itemsOf(encoded);
          const isEnd = (item: TreeItem): boolean =>
            item.entry!.kind === "DIRECTORY" && !item.entry!.link;
          expect(items.findIndex(isEnd)).toBe(kind === "DIRECTORY" ? items.length - 1 : -1);
          if (kind === "DIRECTORY") expect(items.at(-1)!.entry!.name).toBe(name);
          else expect(index).toBe(found.length - 1);
          const [first, ...rest] = items;
          expect(itemsOf(leaving(leave, encoded))).toEqual([{ ...first!, leave }, ...rest]);
        }
      }),
      runs,
    );
  });
});

describe("a reader", () => {
  /** What it has read; undefined where it leaves the item to protobuf. */
  function read(bytes: Uint8Array): object | undefined {
    const reader = new ItemReader();
    const next = reader.read(bytes, 0, bytes.length);
    if (next === 0) return undefined;
    expect(next).toBe(bytes.length);
    const { nameStart, nameEnd, kind, size, seconds, nanoseconds, mode } = reader;
    const name = Buffer.from(bytes.subarray(nameStart, nameEnd)).toString();
    return { name, kind, size, seconds, nanoseconds, mode };
  }

  const twin = (item: TreeItem): object => {
    const { name, kind, size, modified, mode = -1 } = item.entry!;
    const { seconds = -1, nanoseconds = 0 } = modified ?? {};
    return { name, kind: ENUMS.Kind![kind], size, seconds, nanoseconds, mode };
  };

  test("finds what protobuf finds in every file, and leaves all else to it", () => {
    fc.assert(
      fc.property(entry, fc.constantFrom(0, 0, 1), fc.boolean(), (found, leave, contents) => {
        const bytes = encodeMessage("TreeItem", { leave, entry: found, contents }, true);
        const isPlain =
          found.kind === "FILE" && !found.link && found.target === "" && leave === 0 && !contents;
        const isUsual = isPlain && (found.modified?.seconds ?? 0) >= 0 && bytes.length <= 128;
        expect(read(bytes)).toEqual(isUsual ? twin(itemOf(found)) : undefined);
        expect(read(bytes.subarray(0, -1))).toBeUndefined();
      }),
      runs,
    );
  });

  test("takes nothing that is damaged for something else", () => {
    fc.assert(
      fc.property(anyMessage("TreeItem"), fc.nat(), fc.nat(255), (item, place, byte) => {
        const bytes = encodeMessage("TreeItem", item, true);
        bytes[place % bytes.length] = byte;
        const reader = new ItemReader();
        const next = reader.read(bytes, 0, bytes.length);
        if (next === 0) return;
        const { name: _name, ...facts } = twin(decodeMessage("TreeItem", bytes, 1, next)) as Entry;
        expect(reader).toMatchObject(facts);
      }),
      { ...runs, numRuns: 5000 },
    );
  });
});
