/** A page that is encoded entry by entry, with its obvious twin: objects that are encoded together. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EntryPageWriter } from "../../src/wire/entry-page.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { Entry } from "../../src/wire/gen/messages.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "./any-message.ts";
import { refusal } from "./refusal.ts";

const encoder = new TextEncoder();

function written(entries: readonly Entry[]): EntryPageWriter {
  const page = new EntryPageWriter();
  for (const { name, ...facts } of entries) {
    const bytes = encoder.encode(`>${name}<`);
    page.take(bytes, 1, bytes.length - 1, facts);
  }
  return page;
}

test("has the same bytes, alone and in a frame", () => {
  // The store gives no empty name, which would be left out of the twin.
  const named = (anyMessage("Entry") as fc.Arbitrary<Entry>).filter(({ name }) => name !== "");
  fc.assert(
    fc.property(fc.array(named), (entries) => {
      const value = written(entries).finish();
      expect(value.encoded).toEqual(encodeMessage("EntryPage", { entries }));
      const response = (list: object) =>
        encodeFrame(300, { case: "response", value: { result: { case: "list", value: list } } });
      expect(response(value)).toEqual(response({ entries }));
    }),
    { seed: announcedSeed(), numRuns: 200 },
  );
});

test("has behind its entries what another page needs", () => {
  const entries: Entry[] = [
    { name: "ü", kind: "OTHER", size: 0, version: "", mode: 0, link: false, target: "" },
  ];
  for (const rest of [
    { cursor: "next" },
    { cursor: "", skippedNames: 3 },
    { skippedNames: 3 },
    {},
  ]) {
    expect(written(entries).finish(rest).encoded).toEqual(
      encodeMessage("EntryPage", { entries, ...rest }),
    );
  }
});

test("grows to the largest page", () => {
  const entries = Array.from({ length: 900 }, (_, i): Entry => {
    const name = String(i).padEnd(255, "x");
    return { name, kind: "FILE", size: i, version: "", mode: 0o644, link: false, target: "" };
  });
  expect(written(entries).finish().encoded).toEqual(encodeMessage("EntryPage", { entries }));
});

test("refuses what does not fit a field", () => {
  const page = new EntryPageWriter();
  refusal("INTERNAL", () => page.take(encoder.encode("a"), 0, 1, { size: -1 }));
});

test("usual entries, which are written in a way of their own, have the same bytes", () => {
  const usual = fc.record({
    name: fc.string({ minLength: 1, maxLength: 140 }),
    kind: fc.constantFrom<Entry["kind"]>("FILE", "DIRECTORY", "OTHER", "KIND_UNSPECIFIED"),
    size: fc.oneof(fc.nat(), fc.maxSafeNat()),
    modified: fc.option(
      fc.record({
        seconds: fc.oneof(fc.nat(), fc.maxSafeInteger()),
        nanoseconds: fc.nat(0xffff_ffff),
      }),
      { nil: undefined },
    ),
    version: fc.constantFrom("", "", "", "v"),
    mode: fc.oneof(fc.nat(0o777), fc.nat(0xffff_ffff)),
    link: fc.constantFrom(false, false, false, true),
    target: fc.constantFrom("", "", "", "t"),
  });
  fc.assert(
    fc.property(fc.array(usual), (entries) => {
      expect(written(entries).finish().encoded).toEqual(encodeMessage("EntryPage", { entries }));
    }),
    { seed: announcedSeed(), numRuns: 500 },
  );
});

test("an entry of any length of its name has the same bytes, with the largest numbers", () => {
  const facts = {
    kind: "FILE",
    size: Number.MAX_SAFE_INTEGER,
    modified: { seconds: Number.MAX_SAFE_INTEGER, nanoseconds: 0xffff_ffff },
    version: "",
    mode: 0xffff_ffff,
    link: false,
    target: "",
  } as const;
  for (let length = 1; length <= 255; length += 1) {
    const entries: Entry[] = [{ name: "x".repeat(length), ...facts }];
    expect(written(entries).finish().encoded).toEqual(encodeMessage("EntryPage", { entries }));
  }
});

test.each([
  { size: 2 ** 53 },
  { size: 0.5 },
  { mode: -1 },
  { mode: 2 ** 32 },
  { modified: { seconds: 2 ** 53, nanoseconds: 0 } },
  { modified: { seconds: 0, nanoseconds: 2 ** 32 } },
])("a usual entry but for %j is refused", (wrong) => {
  const page = new EntryPageWriter();
  const facts = {
    kind: "FILE",
    size: 1,
    mode: 1,
    modified: { seconds: 1, nanoseconds: 1 },
  } as const;
  refusal("INTERNAL", () => page.take(encoder.encode("a"), 0, 1, { ...facts, ...wrong }));
});
