// Invariant: any bytes give events or a LeatError, never another exception; the same whole and byte
// by byte; and what is held never exceeds a small multiple of what has arrived.
import { expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import { FrameDecoder, type FrameDecoderOptions } from "../../src/wire/decoder.ts";
import { DelimitedDecoder } from "../../src/wire/delimited.ts";
import { chop, chopAtRandom, join, seededRandom, bytesHeld, type Random } from "../support/chop.ts";
import { LONG } from "../support/ways.ts";
import { framesOf } from "./events.ts";
import type { FrameEvent } from "../../src/wire/decoder.ts";
import { readAllVectors } from "./read-vectors.ts";

const ROUNDS = Number(process.env["LEAT_FUZZ_ROUNDS"] ?? (LONG ? 10_000 : 1000));
/** Long ones would only be noise in their payloads. */
const seeds = readAllVectors()
  .map((vector) => vector.bytes)
  .filter(({ length }) => length < 1000);

/** What a decoder made of the chunks: the frames before the end, and how it ended. */
function outcome(chunks: readonly Uint8Array[], options: FrameDecoderOptions): string {
  const decoder = new FrameDecoder(options);
  const events: FrameEvent[] = [];
  let end = "end";
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        events.push(event);
      }
    }
    decoder.end();
  } catch (error) {
    if (!(error instanceof LeatError)) throw error;
    end = error.code;
  }
  return JSON.stringify([whole(events), end]);
}

/** Frames, and of a Data frame that broke off only the head: slices depend on the cuts. */
function whole(events: FrameEvent[]): unknown {
  const last = events.findLastIndex((event) => event.type === "data");
  const rest = events.slice(last + 1);
  const complete =
    last === -1 || rest.some((event) => event.type !== "payload" || !event.remaining);
  const head = events[last];
  const empty = head?.type === "data" && head.length === 0;
  if (complete || empty) return framesOf(events);
  const slices = rest.flatMap((event) => (event.type === "payload" ? event.bytes : []));
  return [...framesOf(events.slice(0, last)), head, join(slices)];
}

/** Bytes near enough to the protocol to get deep into it. */
function mutated(random: Random): Uint8Array {
  const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(seeds));
  const bytes = join(parts);
  for (let count = random.below(6); count > 0 && bytes.length > 0; count--) {
    const at = random.below(bytes.length);
    switch (random.below(4)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 2:
        bytes.copyWithin(at, random.below(bytes.length));
        break;
      default:
        return bytes.slice(0, at);
    }
  }
  return bytes;
}

const OPTIONS: FrameDecoderOptions[] = [
  { maxFrame: 65536 },
  { maxFrame: 300 },
  { maxFrame: 65536, firstFrame: "hello" },
  { maxFrame: 65536, firstFrame: "welcome" },
];

test.each([
  ["noise", (random: Random) => random.bytes(random.below(200))],
  ["vectors, damaged", mutated],
])("frames: %s", (name, make) => {
  const random = seededRandom(name.length);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = make(random);
    const options = random.pick(OPTIONS);
    const expected = outcome([bytes], options);
    const label = `${bytes.toHex()} ${JSON.stringify(options)}`;
    expect([label, outcome(chop(bytes, [1]), options)]).toEqual([label, expected]);
    const pieces = chopAtRandom(bytes, random, 20);
    expect([label, outcome(pieces, options)]).toEqual([label, expected]);
  }
});

test("messages: noise", () => {
  const random = seededRandom(3);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = random.bytes(random.below(100));
    const results = [[bytes], chop(bytes, [1])].map((chunks) => {
      const decoder = new DelimitedDecoder({ maxLength: 50 });
      const messages: string[] = [];
      try {
        for (const chunk of chunks) {
          decoder.push(chunk);
          for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
            messages.push(next.toHex());
          }
        }
        decoder.end();
      } catch (error) {
        if (!(error instanceof LeatError)) throw error;
        messages.push(error.code);
      }
      return messages;
    });
    expect(results[1]).toEqual(results[0]!);
  }
});

test("a frame that declares 16 MiB and trickles in holds what has come, not what was declared", () => {
  const declared = Uint8Array.of(0x80, 0x80, 0x80, 0x08, 0x22, 0xfb, 0xff, 0xff, 0x07);
  const decoders: FrameDecoder[] = [];
  const before = bytesHeld();
  for (let count = 0; count < 50; count++) {
    const decoder = new FrameDecoder({ maxFrame: 16 * 1024 * 1024 });
    for (const chunk of [declared, ...chop(new Uint8Array(10_000), [7])]) {
      decoder.push(chunk);
      expect(decoder.next()).toBeUndefined();
    }
    decoders.push(decoder);
  }
  expect(bytesHeld() - before).toBeLessThan(50 * 3 * 10_000);
  expect(decoders).toHaveLength(50);
});
