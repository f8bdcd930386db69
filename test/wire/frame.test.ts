import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { join as joinPath } from "node:path";
import protobuf from "protobufjs";
import { dataHeadLength, encodeFrame, MAX_DATA_HEAD, writeDataHead } from "../../src/wire/frame.ts";
import { announcedSeed, join } from "../support/chop.ts";
import { refusal } from "./refusal.ts";

const PROTO = joinPath(import.meta.dir, "../../proto/leat/v1/leat.proto");
const Frame = protobuf.loadSync(PROTO).resolveAll().lookupType("leat.v1.Frame");

/** A whole Data frame as protobufjs writes it. */
function oracle(stream: number, offset: number, payload: Uint8Array, crc32: number | undefined) {
  const data = { offset, payload, ...(crc32 === undefined ? {} : { crc32 }) };
  return new Uint8Array(Frame.encodeDelimited({ stream, data }).finish());
}

function check(stream: number, offset: number, payload: Uint8Array, crc32: number | undefined) {
  const length = dataHeadLength(stream, offset, payload.length, crc32 !== undefined);
  expect(length).toBeLessThanOrEqual(MAX_DATA_HEAD);
  const into = new Uint8Array(length + 2).fill(0xee);
  expect(writeDataHead(into, 1, stream, offset, payload.length, crc32)).toBe(1 + length);
  expect([into[0], into[length + 1]]).toEqual([0xee, 0xee]);
  const expected = oracle(stream, offset, payload, crc32);
  expect(join([into.subarray(1, length + 1), payload])).toEqual(expected);
  const value = { offset, crc32, payload };
  expect(encodeFrame(stream, { case: "data", value })).toEqual(expected);
}

describe("a Data head and its payload are what protobufjs writes", () => {
  const offsets = [0, 1, 127, 128, 2 ** 28, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1];
  const lengths = [0, 1, 100, 113, 114, 115, 116, 117, 118, 119, 120, 127, 128, 16_370, 16_384];

  test.each([0, 1, 127, 128, 2 ** 32 - 1])("stream %d", (stream) => {
    for (const offset of offsets) {
      for (const length of lengths) {
        for (const crc32 of [undefined, 0, 0xffff_ffff]) {
          check(stream, offset, new Uint8Array(length).fill(length), crc32);
        }
      }
    }
  });

  test("a whole block", () => check(7, 2 ** 40, new Uint8Array(1 << 20).fill(9), 0xcbf43926));

  test("any values", () => {
    const crc32 = fc.option(fc.nat(0xffff_ffff), { nil: undefined });
    fc.assert(fc.property(fc.nat(0xffff_ffff), fc.maxSafeNat(), fc.uint8Array(), crc32, check), {
      seed: announcedSeed(),
    });
  });
});

test.each([
  ["a stream of 2^32", 2 ** 32, 0, 1, 0],
  ["a negative offset", 1, -1, 1, 0],
  ["an offset of 2^53", 1, 2 ** 53, 1, 0],
  ["half a byte", 1, 0, 0.5, 0],
  ["a signed CRC", 1, 0, 1, -1],
])("a head with %s is refused", (_, stream, offset, length, crc32) => {
  refusal("INTERNAL", () => writeDataHead(new Uint8Array(99), 0, stream, offset, length, crc32));
});

test("a head that does not fit is refused before anything is written", () => {
  const into = new Uint8Array(20).fill(0xee);
  const error = refusal("INTERNAL", () => writeDataHead(into, 10, 1, 2 ** 40, 1000, 1));
  expect(error.message).toBe("a Data head of 22 bytes does not fit the 10 at 10");
  expect(into).toEqual(new Uint8Array(20).fill(0xee));
});

test("a frame with a wrong value is refused by the name of the field", () => {
  const error = refusal("INTERNAL", () => encodeFrame(-1, { case: "cancel", value: {} }));
  expect(error.message).toBe("Frame.stream takes uint32, not -1");
});

test("the bytes of a frame are the caller's alone", () => {
  const first = encodeFrame(1, { case: "ping", value: { nonce: 1 } });
  const second = encodeFrame(1, { case: "ping", value: { nonce: 2 } });
  expect(first.constructor).toBe(Uint8Array);
  expect(first.buffer).not.toBe(second.buffer);
  expect(first.buffer.byteLength).toBe(first.length);
});
