/** List pages that stay as they came, beside their twins: the objects that protobuf makes of them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { EntryPage, Response } from "../../src/wire/gen/messages.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { receivedPage, ReceivedPage } from "../../src/wire/received-page.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "./any-message.ts";

const pages = anyMessage("EntryPage") as fc.Arbitrary<EntryPage>;
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
