import { describe, expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import { MAX_HELLO } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { MAGIC, type FirstFrame } from "../../src/wire/opening.ts";
import { chop, join } from "../support/chop.ts";
import { decode, MAX_FRAME } from "./events.ts";
import { refusal } from "./refusal.ts";

const hello = encodeFrame(0, { case: "hello", value: { magic: MAGIC, maximumVersion: 1 } });
const welcome = encodeFrame(0, { case: "welcome", value: { magic: MAGIC, version: 1 } });
const failure = encodeFrame(0, { case: "failure", value: { code: "UNAUTHENTICATED" } });
const goAway = encodeFrame(0, { case: "goAway", value: { code: "UNAVAILABLE" } });
const ping = encodeFrame(0, { case: "ping", value: { nonce: 1 } });

const options = (firstFrame: FirstFrame) => ({ maxFrame: MAX_FRAME, firstFrame });

/** How many bytes were pushed, one at a time, when the decoder refused; and why. */
function refusedAfter(bytes: Uint8Array, firstFrame: FirstFrame): [number, LeatError] {
  const decoder = new FrameDecoder(options(firstFrame));
  for (let at = 0; at < bytes.length; at++) {
    decoder.push(bytes.slice(at, at + 1));
    try {
      while (decoder.next() !== undefined);
    } catch (error) {
      return [at + 1, error as LeatError];
    }
  }
  throw new Error("nothing was refused");
}

describe("what may come first", () => {
  test.each([
    ["hello", "hello", hello],
    ["welcome", "welcome", welcome],
    ["welcome", "failure", failure],
    ["welcome", "goAway", goAway],
  ] as const)("for %s: %s", (first, expected, frame) => {
    const bytes = join([frame, ping]);
    for (const size of [bytes.length, 1]) {
      const events = decode(chop(bytes, [size]), options(first));
      expect(events).toMatchObject([{ body: { case: expected } }, { body: { case: "ping" } }]);
    }
  });

  test("a stream of 0 may be written out", () => {
    const bytes = delimit(join([Uint8Array.of(0x08, 0), hello.subarray(1)]));
    for (const size of [bytes.length, 1]) {
      expect(decode(chop(bytes, [size]), options("hello"))).toHaveLength(1);
    }
  });

  test("unknown fields may follow the magic", () => {
    const body = join([hello.subarray(3), Uint8Array.of(0xa0, 0x06, 1)]);
    const bytes = delimit(join([Uint8Array.of(0x6a), delimit(body)]));
    expect(decode([bytes], options("hello"))).toHaveLength(1);
  });
});

describe("what may not", () => {
  test.each([
    ["hello", "welcome", welcome, 2],
    ["hello", "failure", failure, 2],
    ["hello", "ping", ping, 2],
    ["hello", "an empty frame", Uint8Array.of(0), 1],
    ["welcome", "hello", hello, 2],
    ["welcome", "ping", ping, 2],
    ["welcome", "a failure of a stream", encodeFrame(1, { case: "failure", value: {} }), 3],
    ["hello", "a hello without magic", encodeFrame(0, { case: "hello", value: {} }), 3],
    ["hello", "another magic", encodeFrame(0, { case: "hello", value: { magic: MAGIC + 1 } }), 5],
    ["hello", "a hello on a stream", encodeFrame(1, { case: "hello", value: { magic: MAGIC } }), 3],
  ] as const)("for %s: %s", (first, _, frame, after) => {
    refusal("PROTOCOL_ERROR", () => decode([frame], options(first)));
    const [count, error] = refusedAfter(join([frame, hello]), first);
    expect(error).toHaveProperty("code", "PROTOCOL_ERROR");
    expect(error.message).toStartWith("the peer does not speak leat");
    expect(count).toBe(after);
  });

  test("a second hello in the frame that takes the magic back", () => {
    const fields = join([hello.subarray(1), Uint8Array.of(0x6a, 0x05, 0x0d, 1, 1, 1, 1)]);
    refusal("PROTOCOL_ERROR", () => decode([delimit(fields)], options("hello")));
  });

  test("a magic that stands in the next frame", () => {
    const bytes = join([Uint8Array.of(2, 0x6a, 0), Uint8Array.of(0x0d, 0x6c, 0x65, 0x61, 0x74)]);
    refusal("PROTOCOL_ERROR", () => decode([bytes], options("hello")));
  });

  test("every wrong byte of the magic, as it arrives", () => {
    for (let at = 3; at < 8; at++) {
      const bytes = hello.slice();
      bytes[at]! ^= 1;
      const [count] = refusedAfter(bytes, "hello");
      expect(count).toBe(at + 1);
    }
  });

  test("a hello above its limit, once its length is there", () => {
    const value = { magic: MAGIC, agent: "a".repeat(MAX_HELLO) };
    const frame = encodeFrame(0, { case: "hello", value });
    const error = refusal("TOO_LARGE", () => decode([frame.subarray(0, 3)], options("hello")));
    expect(error.message).toContain(`at most ${MAX_HELLO} are accepted`);
  });

  test("the limit of the first frame is not that of the second", () => {
    const value = { operation: { case: "stat", value: { path: "a".repeat(MAX_HELLO) } } } as const;
    const request = encodeFrame(1, { case: "request", value });
    expect(decode([hello, request], options("hello"))).toHaveLength(2);
  });
});

describe("a stranger is named by what it says", () => {
  test.each([
    ["HTTP/1.1 400 Bad Request\r\n", '"HTTP/1.1 400 Bad"'],
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", '"GET / HTTP/1.1"'],
    ["SSH-2.0-OpenSSH_9.9\r\n", '"SSH-2.0-OpenSSH_"'],
    ["220 ready\r\n", '"220 ready"'],
    ["\x01\x02\x03", "the bytes 010203"],
  ])("%p", (text, quoted) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    for (const first of ["hello", "welcome"] as const) {
      const error = refusal("PROTOCOL_ERROR", () => decode([bytes], options(first)));
      expect(error.message).toBe(`the peer does not speak leat: it sent ${quoted}`);
      expect(refusedAfter(bytes, first)[0]).toBe(2);
    }
  });

  test.each([
    ["hello", "\x16\x03\x01\x02", /the client speaks TLS, and this server does not: .*tcp:/],
    ["welcome", "\x15\x03\x03\x00", /the server speaks TLS: .*tls:/],
  ] as const)("in place of %s: TLS", (first, text, message) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(refusal("PROTOCOL_ERROR", () => decode([bytes], options(first))).message).toMatch(
      message,
    );
  });
});
