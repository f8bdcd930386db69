/** List pages that stay as they came, beside their twins: the objects that protobuf makes of them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ENUMS, type Entry, type EntryPage, type Response } from "../../src/wire/gen/messages.ts";
import { NOT_CANONICAL } from "../../src/wire/canonical-reader.ts";
import { PageReader } from "../../src/wire/page-reader.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/plain.ts";
import { receivedPage, ReceivedPage } from "../../src/wire/received-page.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "./any-message.ts";

const pages = anyMessage("EntryPage") as fc.Arbitrary<EntryPage>;
const entries = fc.array(anyMessage("Entry") as fc.Arbitrary<Entry>, { maxLength: 4 });
const runs = { seed: announcedSeed(), numRuns: 500 };

const NOTHING: EntryPage = { entries: [], skippedNames: 0 };

const contents = ({ entries, cursor, skippedNames }: ReceivedPage): EntryPage => ({
  entries,
  ...(cursor === undefined ? {} : { cursor }),
  skippedNames,
});

function decoded(frame: Uint8Array, keepsPages: boolean): unknown {
  const decoder = new FrameDecoder({ maxFrame: 1 << 20, keepsPages });
  decoder.push(frame);
  const event = decoder.next();
  expect(decoder.next()).toBeUndefined();
  return event;
}

/** The entries as a reader has them; undefined where the form is not the usual one. */
function rows(bytes: Uint8Array): object[] | undefined {
  const reader = new PageReader(bytes);
  const all: object[] = [];
  try {
    while (reader.next()) {
      const name = Buffer.from(bytes.subarray(reader.nameStart, reader.nameEnd)).toString();
      all.push({ name, kind: reader.kind, size: reader.size, seconds: reader.seconds });
    }
    return all;
  } catch (thrown) {
    if (thrown !== NOT_CANONICAL) throw thrown;
    return undefined;
  }
}

const twins = (bytes: Uint8Array): object[] =>
  decodeMessage("EntryPage", bytes).entries.map(({ name, kind, size, modified }) => ({
    name,
    kind: ENUMS.Kind![kind],
    size,
    seconds: modified?.seconds ?? -1,
  }));

describe("a frame", () => {
  test("with a page has the same in it, its entries decoded when they are asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), pages, (stream, all) => {
        const value: Response = { result: { case: "list", value: all } };
        const frame = encodeFrame(stream, { case: "response", value });
        expect(decoded(frame, true)).toMatchObject({
          stream,
          body: { value: { result: { value: expect.any(ReceivedPage) } } },
        });
        const kept = decoded(frame, true) as { body: { value: Response } };
        const page = kept.body.value.result!.value as ReceivedPage;
        const plain = decoded(frame, false) as { body: { value: Response } };
        expect(contents(page)).toEqual(plain.body.value.result!.value as EntryPage);
      }),
      runs,
    );
  });

  test("with more behind the page, or with less than it says, is no page", () => {
    const value: Response = { result: { case: "list", value: NOTHING } };
    const [length, ...head] = encodeFrame(3, { case: "response", value });
    // The page is empty: its length, 0, is the last byte, and that of the Response stands two before it.
    const [response, list] = [head.length - 3, head.length - 1];
    const framed = (bytes: readonly number[]): Uint8Array => Uint8Array.of(bytes.length, ...bytes);
    expect(length).toBe(head.length);
    expect(receivedPage(Uint8Array.from(head), 0, head.length)).toBeDefined();
    // An unknown field of the Frame, of the Response, and a page that is longer than what there is.
    const unknown = [0xf8, 0x3f, 1];
    const wrong = [
      [...head, ...unknown],
      head.with(response, head[response]! + unknown.length).concat(unknown),
      head.with(list, 5),
    ];
    for (const bytes of wrong) {
      expect(receivedPage(Uint8Array.from(bytes), 0, bytes.length)).toBeUndefined();
    }
    // Entries behind the cursor, and a cursor that is no text.
    for (const page of [
      [18, 0, 10, 3, 10, 1, 0x61],
      [18, 1, 0xff],
      [18, 2, 0x61],
      [10, 2, 10],
    ]) {
      const frame = [8, 3, 42, page.length + 2, 10, page.length, ...page];
      expect(receivedPage(Uint8Array.from(frame), 0, frame.length)).toBeUndefined();
    }
    const seen = [head, wrong[0]!, wrong[1]!].map((bytes) => decoded(framed(bytes), true));
    for (const event of seen.slice(1)) {
      expect(event).toMatchObject({ stream: 3, body: { value: { result: { case: "list" } } } });
    }
    expect(() => decoded(framed(wrong[2]!), true)).toThrow();
  });

  test("of any other kind, or damaged, is decoded as always", () => {
    fc.assert(
      fc.property(anyMessage("Frame"), fc.nat(), fc.nat(255), (message, place, byte) => {
        const frame = encodeMessage("Frame", message, true);
        if (frame.length > 8 && place % 2 === 0) frame[3 + (place % (frame.length - 3))] = byte;
        const outcome = (keepsPages: boolean): unknown => {
          try {
            const event = decoded(frame, keepsPages) as { body?: { value: Response } };
            const page = event.body?.value.result?.value;
            if (!(page instanceof ReceivedPage)) return event;
            return {
              ...event,
              body: {
                ...event.body,
                value: { result: { case: "list", value: contents(page) } },
              },
            };
          } catch (thrown) {
            return (thrown as { code?: string }).code;
          }
        };
        expect(outcome(true)).toEqual(outcome(false));
      }),
      runs,
    );
  });
});

describe("a reader", () => {
  test("finds what protobuf finds, or leaves the page to it", () => {
    const usual = fc.array(
      fc.record({
        name: fc.string({ unit: "grapheme", maxLength: 12 }),
        kind: fc.constantFrom<Entry["kind"]>("FILE", "DIRECTORY", "OTHER"),
        size: fc.maxSafeNat(),
        modified: fc.option(
          fc.record({ seconds: fc.maxSafeNat(), nanoseconds: fc.nat(999_999_999) }),
          { nil: undefined },
        ),
        mode: fc.nat(0o777),
        link: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(usual, (all) => {
        const bytes = encodeMessage("EntryPage", { entries: all });
        expect(rows(bytes)).toEqual(twins(bytes));
      }),
      runs,
    );
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (all, place, byte) => {
        const bytes = encodeMessage("EntryPage", { entries: all });
        if (bytes.length > 0) bytes[place % bytes.length] = byte;
        const found = rows(bytes);
        if (found !== undefined) expect(found).toEqual(twins(bytes));
      }),
      { ...runs, numRuns: 5000 },
    );
  });

  test.each<[string, readonly number[]]>([
    ["a name that is not UTF-8", [10, 3, 10, 1, 0xff]],
    ["a name beyond its entry", [10, 3, 10, 2, 0x61]],
    ["an entry beyond the page", [10, 9, 10, 1, 0x61]],
    ["a name twice", [10, 6, 10, 1, 0x61, 10, 1, 0x62]],
    ["fields out of order", [10, 5, 16, 1, 10, 1, 0x61]],
    ["a time beyond its entry", [10, 5, 10, 1, 0x61, 34, 2, 8, 1]],
    ["an unknown kind", [10, 5, 10, 1, 0x61, 16, 4]],
    ["a varint without an end", [10, 5, 10, 1, 0x61, 24, 0x80]],
    ["an unknown field", [10, 5, 10, 1, 0x61, 120, 1]],
  ])("leaves %s to protobuf", (_what, bytes) => {
    expect(rows(Uint8Array.from(bytes))).toBeUndefined();
  });
});
