import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../src/errors.ts";
import { FrameDecoder, type FrameEvent } from "../../src/wire/decoder.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { bytesHeld, chop, chopAtRandom, join, seededRandom } from "../support/chop.ts";
import { decode, drain, framesOf, MAX_FRAME } from "./events.ts";
import { refusal } from "./refusal.ts";

const random = seededRandom(2);
const payload = random.bytes(1000);
const data = encodeFrame(5, { case: "data", value: { offset: 3000, crc32: 7, payload } });
const cancel = encodeFrame(5, { case: "cancel", value: {} });
const begun = { type: "data", stream: 5, offset: 3000, length: 1000, crc32: 7 } as const;
const cancelled = {
  type: "frame",
  stream: 5,
  body: { case: "cancel", value: { keep: false } },
} as const;
const HEAD = data.length - payload.length;

/** The same frame with its fields in another order: not the fast path. */
const reordered = (() => {
  const fields = join([Uint8Array.of(0x1a), delimit(payload), Uint8Array.of(0x08, 0xb8, 0x17)]);
  const crc32 = Uint8Array.of(0x15, 7, 0, 0, 0);
  return delimit(join([Uint8Array.of(0x12), delimit(join([crc32, fields])), Uint8Array.of(8, 5)]));
})();

describe("a Data frame in the usual shape", () => {
  test("in one chunk with others: one view of it, no copy", () => {
    const chunk = join([cancel, data, cancel]);
    const events = decode([chunk]);
    const slice = events[2] as FrameEvent & { type: "payload" };
    expect(events).toStrictEqual([
      cancelled,
      begun,
      { type: "payload", bytes: payload, remaining: 0 },
      cancelled,
    ]);
    expect(slice.bytes.buffer).toBe(chunk.buffer);
    expect(slice.bytes.byteOffset).toBe(cancel.length + HEAD);
  });

  test("cut anywhere: each slice is a view of the chunk it came in", () => {
    for (let cut = 1; cut < data.length; cut++) {
      const chunks = chop(data, [cut]);
      const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
      const slices: Uint8Array[] = [];
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (const event of drain(decoder)) {
          if (event.type !== "payload") continue;
          expect(event.bytes.buffer).toBe(chunk.buffer);
          slices.push(event.bytes);
        }
      }
      decoder.end();
      expect(join(slices)).toEqual(payload);
      expect(slices.length).toBe(chunks.length - Math.floor(HEAD / cut));
    }
  });

  test("the head is told before any payload has come", () => {
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    decoder.push(data.slice(0, HEAD));
    expect(decoder.next()).toStrictEqual(begun);
    expect(decoder.next()).toBeUndefined();
    decoder.push(data.slice(HEAD, HEAD + 400));
    const first = { type: "payload", bytes: payload.slice(0, 400), remaining: 600 } as const;
    expect(drain(decoder)).toStrictEqual([first]);
    const error = refusal("CONNECTION_LOST", () => decoder.end());
    expect(error.message).toContain(`after ${HEAD - 2 + 400} of the ${data.length - 2} bytes`);
  });

  test("nothing of a payload is held: a block that trickles in costs its slices", () => {
    const block = new Uint8Array(1 << 20);
    const frame = encodeFrame(1, { case: "data", value: { payload: block } });
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    const before = bytesHeld();
    let seen = 0;
    for (let at = 0; at < frame.length; at += 1000) {
      decoder.push(frame.slice(at, at + 1000));
      for (const event of drain(decoder)) if (event.type === "payload") seen += event.bytes.length;
    }
    expect(bytesHeld() - before).toBeLessThan(block.length / 4);
    expect(seen).toBe(block.length);
    decoder.end();
  });

  test("an empty one has no payload event", () => {
    const empty = encodeFrame(5, { case: "data", value: { offset: 9 } });
    const event = { type: "data", stream: 5, offset: 9, length: 0, crc32: undefined } as const;
    expect(decode([join([empty, cancel])])).toStrictEqual([event, cancelled]);
    expect(decode(chop(join([empty, cancel]), [1]))).toStrictEqual([event, cancelled]);
  });
});

test("reads of as much as is wanted give each long payload in one piece", () => {
  const long = random.bytes(100_000);
  const frames = [1, 70_000, 65_536, 200, 99_999, 99_000, 3].map((length, i) => {
    const head = { offset: i * 2 ** (6 * i), crc32: i % 2 === 0 ? i : undefined };
    return encodeFrame(5, { case: "data", value: { ...head, payload: long.subarray(0, length) } });
  });
  const bytes = join([...frames, cancel, ...frames]);
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  const slices: number[] = [];
  expect(decoder.wanted).toBeUndefined();
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + (decoder.wanted ?? 10));
    at += chunk.length;
    decoder.push(chunk);
    if (chunk.length > 10) expect(decoder.wanted).toBeUndefined(); // it has not read that yet
    for (const event of drain(decoder)) {
      if (event.type === "payload" && event.bytes.length > 200) slices.push(event.bytes.length);
    }
  }
  decoder.end();
  const each = [70_000, 65_536, 99_999, 99_000];
  // The first bytes of a frame behind a short one come while its length is not known.
  expect(slices.map((length) => Math.ceil(length / 10) * 10)).toEqual(
    [...each, ...each].map((length) => Math.ceil(length / 10) * 10),
  );
});

describe("a Data frame in another shape", () => {
  test("when empty, leaves nothing behind for the next one", () => {
    const empty = Uint8Array.fromHex("0812041a0008090805");
    const events = decode([join([empty, data])]);
    const first = { type: "data", stream: 5, offset: 9, length: 0, crc32: undefined } as const;
    const slice = { type: "payload", bytes: payload, remaining: 0 } as const;
    expect(events).toStrictEqual([first, begun, slice]);
  });

  test("gives the same events, its payload in one piece", () => {
    const slice = { type: "payload", bytes: payload, remaining: 0 } as const;
    for (const size of [reordered.length, 400, 1]) {
      const events = decode(chop(join([reordered, cancel]), [size]));
      expect(events).toStrictEqual([begun, slice, cancelled]);
    }
  });

  test("is held up to the frame limit and no further", () => {
    const maxFrame = reordered.length - 3;
    refusal("TOO_LARGE", () => decode([reordered], { maxFrame }));
    expect(decode([reordered], { maxFrame: maxFrame + 1 })).toHaveLength(2);
  });
});

test("frames of all sorts, cut at random, come out as they do whole", () => {
  const frames = Array.from({ length: 200 }, () =>
    random.pick([data, cancel, reordered, encodeFrame(1, { case: "ping", value: { nonce: 1 } })]),
  );
  const bytes = join(frames);
  const expected = framesOf(decode([bytes]));
  expect(expected).toHaveLength(200);
  for (const most of [2, 5, 60, 3000]) {
    expect(framesOf(decode(chopAtRandom(bytes, random, most)))).toStrictEqual(expected);
  }
});

test("all chunks pushed before the first event is asked for", () => {
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  for (const chunk of chop(join([data, reordered, cancel]), [1])) decoder.push(chunk);
  const frames = framesOf(drain(decoder));
  expect(frames.map((frame) => frame.body?.case)).toEqual(["data", "data", "cancel"]);
  expect(frames[1]).toEqual(frames[0]!);
});

describe("frames without a body that is known", () => {
  test.each([
    ["an empty frame", "00", 0],
    ["a stream alone", "020805", 5],
    ["a body of a later version", "06080582010100", 5],
    ["a known number with another wire type", "0408052801", 5],
  ])("%s", (_, hex, stream) => {
    const bytes = Uint8Array.fromHex(hex);
    const expected = [{ type: "frame" as const, stream, body: undefined }, cancelled];
    expect(decode([join([bytes, cancel])])).toStrictEqual(expected);
    expect(decode(chop(join([bytes, cancel]), [1]))).toStrictEqual(expected);
  });
});

describe("the frame limit", () => {
  test("is checked on the length, before any of the frame came", () => {
    const decoder = new FrameDecoder({ maxFrame: 65536 });
    decoder.push(Uint8Array.of(0x81, 0x80, 0x04));
    const error = refusal("TOO_LARGE", () => decoder.next());
    expect(error.message).toBe(
      "a frame of 65537 bytes was announced, but at most 65536 are accepted",
    );
  });

  test("counts from the next frame on when it is changed", () => {
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    decoder.push(join([data.subarray(0, 500)]));
    expect(drain(decoder)).toHaveLength(2);
    decoder.maxFrame = 10;
    decoder.push(join([data.subarray(500), cancel, data]));
    expect(decoder.next()).toMatchObject({ type: "payload", remaining: 0 });
    expect(decoder.next()).toStrictEqual(cancelled);
    refusal("TOO_LARGE", () => decoder.next());
  });

  test("reserves nothing that is only declared", () => {
    const declared = Uint8Array.of(0x80, 0x80, 0x80, 0x08, 0x08, 0x05, 0x22, 0x01);
    const before = bytesHeld();
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = new FrameDecoder({ maxFrame: 1 << 24 });
      decoder.push(declared);
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    expect(bytesHeld() - before).toBeLessThan(1 << 20);
    expect(decoders).toHaveLength(100);
  });
});

const stat = (length: number) => {
  const value = { operation: { case: "stat", value: { path: "a".repeat(length) } } } as const;
  return encodeFrame(5, { case: "request", value });
};

describe("the limit of frames that are not Data", () => {
  const options = { maxFrame: MAX_FRAME, maxBody: 900 };
  test("is theirs, and not that of Data in any shape", () => {
    const unknown = delimit(
      join([reordered.subarray(2), Uint8Array.fromHex("c20c0100c50c00000000")]),
    );
    for (const frame of [data, reordered, unknown]) {
      expect(framesOf(decode([frame], options))).toHaveLength(1);
    }
    expect(decode([stat(800)], options)).toHaveLength(1);
    const error = refusal("TOO_LARGE", () => decode([stat(1000)], options));
    expect(error.message).toBe(
      "a frame has 1011 bytes, but at most 900 are accepted of one that is not Data",
    );
  });

  const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
  const long = new Uint8Array(1000);

  test.each<[what: string, frame: Uint8Array[]]>([
    ["a body of unknown kind", [hex("08 05 82 01 e8 07"), long]],
    ["an unknown field, and no body", [hex("08 05 c2 0c e8 07"), long]],
    ["an unknown group, and no body", [hex("08 05 c3 0c 12 e8 07"), long, hex("c4 0c")]],
    ["the stream again and again", Array.from({ length: 500 }, () => hex("08 05"))],
    ["data under the wrong wire type", [hex("08 05 10 01 c2 0c e8 07"), long]],
  ])("is that of %s", (_, parts) => {
    refusal("TOO_LARGE", () => decode([delimit(join(parts))], options));
  });

  test.each<[what: string, code: ErrorCode, frame: Uint8Array[]]>([
    ["a group without its end", "PROTOCOL_ERROR", [hex("c3 0c 12 e8 07"), long]],
    ["the end of another group", "PROTOCOL_ERROR", [hex("c3 0c 12 e8 07"), long, hex("cc 0c")]],
    ["field number 0", "PROTOCOL_ERROR", [hex("c2 0c e8 07"), long, hex("00 00")]],
    ["a wire type that is none", "PROTOCOL_ERROR", [hex("c2 0c e8 07"), long, hex("0f")]],
    ["a field that reaches beyond", "PROTOCOL_ERROR", [hex("c2 0c ff 7f"), long]],
    ["groups in groups without end", "PROTOCOL_ERROR", [new Uint8Array(1000).fill(0x1b)]],
    ["long Data, and a broken end", "PROTOCOL_ERROR", [hex("12 eb 07 1a e8 07"), long, hex("80")]],
    [
      "long Data, and a list behind it",
      "TOO_LARGE",
      [hex("12 eb 07 1a e8 07"), long, hex("2a 00")],
    ],
  ])("refuses %s", (_, code, parts) => {
    refusal(code, () => decode([delimit(join(parts))], options));
  });

  test("decodes no body that another one has replaced: a long list costs its bytes and no more", () => {
    const entries = new Uint8Array(200_000);
    for (let at = 0; at < entries.length; at += 2) entries[at] = 0x0a;
    const list = join([hex("0a c0 9a 0c"), entries]); // response: list: 100,000 empty entries
    const length = hex("c4 9a 0c");
    const frame = delimit(join([hex("08 05 2a"), length, list, hex("12 03 1a 01 77")]));
    const wide = { maxFrame: MAX_FRAME, maxBody: 900 };
    expect(framesOf(decode([frame], wide))).toMatchObject([
      { stream: 5, body: { case: "data", value: { payload: Uint8Array.of(0x77) } } },
    ]);
    const before = heapStats().objectCount;
    for (let i = 0; i < 5; i += 1) decode([frame], wide);
    expect(heapStats().objectCount - before).toBeLessThan(50_000);
  });

  test.each([
    ["behind an unknown field", (frame: Uint8Array) => [Uint8Array.fromHex("c00c01"), frame]],
    ["behind Data", (frame: Uint8Array) => [Uint8Array.fromHex("1200"), frame]],
    ["under an overlong tag", (frame: Uint8Array) => [Uint8Array.of(0xa2, 0), frame.subarray(3)]],
    ["before a broken end", (frame: Uint8Array) => [frame, Uint8Array.of(0x80)]],
  ])("can't be got around %s", (_, hide) => {
    const frame = delimit(join(hide(stat(1000).subarray(2))));
    refusal("TOO_LARGE", () => decode([frame], options));
  });
});

describe("after a refusal", () => {
  const broken = Uint8Array.of(2, 0, 0);

  test("events before it came out, and the same error comes again", () => {
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    decoder.push(join([cancel, broken, cancel]));
    expect(decoder.next()).toStrictEqual(cancelled);
    const error = refusal("PROTOCOL_ERROR", () => decoder.next());
    expect(error.cause).toBeInstanceOf(Error);
    decoder.push(cancel);
    expect(refusal("PROTOCOL_ERROR", () => decoder.next())).toBe(error);
    expect(refusal("PROTOCOL_ERROR", () => decoder.end())).toBe(error);
  });
});

describe("the end", () => {
  test("between frames is an end", () => {
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    decoder.end();
    decoder.push(join([cancel, data]));
    expect(drain(decoder)).toHaveLength(3);
    decoder.end();
  });

  test("anywhere inside a frame is a loss", () => {
    for (const frame of [data, reordered, cancel]) {
      for (let cut = 1; cut < frame.length; cut++) {
        refusal("CONNECTION_LOST", () => decode([frame.slice(0, cut)]));
      }
    }
  });

  test("before everything was read is a mistake of the caller", () => {
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    decoder.push(cancel);
    refusal("INTERNAL", () => decoder.end());
  });
});
