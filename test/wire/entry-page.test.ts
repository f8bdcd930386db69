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
