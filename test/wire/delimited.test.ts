import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import {
  DelimitedDecoder,
  encodeDelimited,
  MessageDecoder,
  delimit,
} from "../../src/wire/delimited.ts";
import {
  announcedSeed,
  bytesHeld,
  chop,
  chopAtRandom,
  join,
  seededRandom,
} from "../support/chop.ts";
import { refusal } from "./refusal.ts";

function drain(decoder: DelimitedDecoder): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) messages.push(next);
  return messages;
}

function decode(chunks: readonly Uint8Array[], maxLength = 1 << 20): Uint8Array[] {
  const decoder = new DelimitedDecoder({ maxLength });
  const messages = chunks.flatMap((chunk) => {
    decoder.push(chunk);
    return drain(decoder);
  });
  decoder.end();
  return messages;
}

const random = seededRandom(1);
const CASES: [string, Uint8Array[]][] = [
  ["nothing", []],
  ["an empty message", [new Uint8Array(0)]],
  ["one byte", [Uint8Array.of(7)]],
  ["two empty messages", [new Uint8Array(0), new Uint8Array(0)]],
  ["127 and 128 bytes", [random.bytes(127), random.bytes(128)]],
  ["messages of all sorts", [0, 1, 300, 20_000, 2, 0].map((length) => random.bytes(length))],
];

describe.each(CASES)("%s", (_, messages) => {
  const bytes = join(messages.map(delimit));

  test("whole", () => expect(decode([bytes])).toEqual(messages));

  test("byte by byte", () => expect(decode(chop(bytes, [1]))).toEqual(messages));

  test("cut at random", () => {
    expect(decode(chopAtRandom(bytes, random, 200))).toEqual(messages);
  });

  test("with the beginning of another one behind it", () => {
    const decoder = new DelimitedDecoder({ maxLength: 1 << 20 });
    decoder.push(join([bytes, Uint8Array.of(3, 1, 2)]));
    expect(drain(decoder)).toEqual(messages);
    const error = refusal("CONNECTION_LOST", () => decoder.end());
    expect(error.message).toBe("the stream ended after 2 of the 3 bytes of a message");
    decoder.push(Uint8Array.of(9));
    expect(drain(decoder)).toEqual([Uint8Array.of(1, 2, 9)]);
    decoder.end();
  });

  test("all pushed before the first is asked for", () => {
    const decoder = new DelimitedDecoder({ maxLength: 1 << 20 });
    for (const chunk of chop(bytes, [3])) decoder.push(chunk);
    expect(drain(decoder)).toEqual(messages);
    decoder.end();
  });
});

test("any messages, cut anywhere, come out as they went in", () => {
  const message = fc.uint8Array({ maxLength: 400 });
  const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(message), sizes, (messages, cuts) => {
      expect(decode(chop(join(messages.map(delimit)), cuts))).toEqual(messages);
    }),
    { seed: announcedSeed() },
  );
});

describe("who owns the bytes", () => {
  test("a message whole in a chunk is a view of it", () => {
    const chunk = join([Uint8Array.of(1, 2, 3), Uint8Array.of(4)].map(delimit));
    const [first, second] = decode([chunk]);
    expect(first!.buffer).toBe(chunk.buffer);
    expect(second!.buffer).toBe(chunk.buffer);
  });

  test("a message over two chunks has a buffer of its own, of its own size", () => {
    const messages = [random.bytes(1000), random.bytes(1000)];
    const chunks = chop(join(messages.map(delimit)), [500]);
    for (const message of decode(chunks)) expect(message.buffer.byteLength).toBe(1000);
  });

  test("a message that was handed out never changes", () => {
    const messages = Array.from({ length: 200 }, () => random.bytes(random.below(300)));
    const decoder = new DelimitedDecoder({ maxLength: 300 });
    const kept: Uint8Array[] = [];
    const chunks = chopAtRandom(join(messages.map(delimit)), random, 90);
    for (const chunk of chunks) {
      decoder.push(chunk);
      // One at a time, so that chunks pile up behind what is not read yet.
      const next = decoder.next();
      if (next !== undefined) kept.push(next);
    }
    kept.push(...drain(decoder));
    expect(kept).toEqual(messages);
  });

  test("a Buffer gives plain arrays", () => {
    const [message] = decode([Buffer.from([2, 1, 2])]);
    expect(message!.constructor).toBe(Uint8Array);
  });
});

describe("lengths", () => {
  test("one above the limit is refused with both numbers, before any of it came", () => {
    const decoder = new DelimitedDecoder({ maxLength: 1000 });
    decoder.push(Uint8Array.of(0xe9, 0x07));
    const error = refusal("TOO_LARGE", () => decoder.next());
    expect(error.message).toBe(
      "a message of 1001 bytes was announced, but at most 1000 are accepted",
    );
  });

  test("one at the limit is taken", () => {
    expect(decode([delimit(new Uint8Array(1000))], 1000)).toHaveLength(1);
  });

  test("one that is only declared reserves nothing", () => {
    const gibibyte = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04, 1, 2, 3);
    const before = bytesHeld();
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = new DelimitedDecoder({ maxLength: 2 ** 30 });
      decoder.push(gibibyte);
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    expect(bytesHeld() - before).toBeLessThan(1 << 20);
    expect(decoders).toHaveLength(100);
  });

  test("an overlong one of five bytes is taken, six bytes are corrupt", () => {
    expect(decode([Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x00, 9)])).toEqual([Uint8Array.of(9)]);
    const decoder = new DelimitedDecoder({ maxLength: 1000 });
    for (const byte of [0x80, 0x80, 0x80, 0x80]) {
      decoder.push(Uint8Array.of(byte));
      expect(decoder.next()).toBeUndefined();
    }
    decoder.push(Uint8Array.of(0x80));
    refusal("PROTOCOL_ERROR", () => decoder.next());
  });

  test("an end inside a length is a loss", () => {
    const decoder = new DelimitedDecoder({ maxLength: 1000 });
    decoder.push(Uint8Array.of(0x80));
    expect(decoder.next()).toBeUndefined();
    refusal("CONNECTION_LOST", () => decoder.end());
  });

  test("after a refusal the same error comes again, and nothing is kept", () => {
    const decoder = new DelimitedDecoder({ maxLength: 1 });
    decoder.push(Uint8Array.of(2, 1, 1, 1, 1));
    const error = refusal("TOO_LARGE", () => decoder.next());
    decoder.push(Uint8Array.of(1, 1));
    expect(refusal("TOO_LARGE", () => decoder.next())).toBe(error);
    expect(refusal("TOO_LARGE", () => decoder.end())).toBe(error);
  });
});

describe("typed messages", () => {
  const Chat = protobuf
    .parse('syntax="proto3"; message Chat { string text = 1; }')
    .root.lookupType("Chat");
  const json = {
    encode: (value: { text: string }) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as { text: string },
  };
  /** As `{ encode: (m) => toBinary(ChatSchema, m), decode: (b) => fromBinary(ChatSchema, b) }`. */
  const es = {
    encode: (value: { text: string }) => new Uint8Array(Chat.encode(value).finish()),
    decode: (bytes: Uint8Array) => Chat.toObject(Chat.decode(bytes)) as { text: string },
  };
  /** As ts-proto makes it: encode gives a writer. */
  const writer = {
    encode: (value: { text: string }) => Chat.encode(value),
    decode: (bytes: Uint8Array) => Chat.toObject(Chat.decode(bytes)) as { text: string },
  };

  test.each([
    ["bytes", json],
    ["protobuf-es", es],
    ["ts-proto", writer],
  ])("%s there and back", (_, codec) => {
    const messages = [{ text: "one" }, { text: "two" }];
    const decoder = new MessageDecoder(codec, { maxLength: 100 });
    decoder.push(join(messages.map((message) => encodeDelimited(codec, message))));
    expect([decoder.next(), decoder.next(), decoder.next()]).toEqual([...messages, undefined]);
    decoder.end();
  });

  test("protobufjs types are codecs as they are", () => {
    const bytes = encodeDelimited(Chat, Chat.create({ text: "hi" }));
    expect(bytes.toHex()).toBe(
      new Uint8Array(Chat.encodeDelimited({ text: "hi" }).finish()).toHex(),
    );
    const decoder = new MessageDecoder(Chat, { maxLength: 100 });
    decoder.push(bytes);
    expect(decoder.next()).toMatchObject({ text: "hi" });
  });

  test("a message that the codec refuses does not cost the next one", () => {
    const decoder = new MessageDecoder(Chat, { maxLength: 100 });
    decoder.push(join([delimit(Uint8Array.of(0x0a, 9)), encodeDelimited(Chat, Chat.create({}))]));
    const error = refusal("PROTOCOL_ERROR", () => decoder.next());
    expect(error.message).toStartWith("a message of 2 bytes is not valid: index out of range");
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(decoder.next()).toEqual(Chat.create({}));
  });
});
