import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import protobuf from "protobufjs/minimal.js";
import {
  INCOMPLETE,
  MAX_VARINT,
  NOT_CANONICAL,
  readVarint,
  varintLength,
  writeVarint,
} from "../../src/wire/varint.ts";
import { announcedSeed } from "../support/chop.ts";

const BOUNDS = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
for (let bits = 7; bits < 53; bits += 7) BOUNDS.push(2 ** bits - 1, 2 ** bits, 2 ** bits + 1);

/** The obvious way, as protobufjs does it. */
function oracle(value: number): string {
  return new Uint8Array(protobuf.Writer.create().uint64(value).finish()).toHex();
}

function written(value: number): Uint8Array {
  const bytes = new Uint8Array(MAX_VARINT + 2).fill(0xee);
  const end = writeVarint(bytes, 1, value);
  expect(bytes[0]).toBe(0xee);
  expect(bytes[end]).toBe(0xee);
  return bytes.subarray(1, end);
}

function check(value: number): void {
  const bytes = written(value);
  expect(bytes.toHex()).toBe(oracle(value));
  expect(varintLength(value)).toBe(bytes.length);
  expect(readVarint(bytes, 0, bytes.length)).toBe(value);
  for (let end = 0; end < bytes.length; end++) expect(readVarint(bytes, 0, end)).toBe(INCOMPLETE);
  const inside = Uint8Array.of(0xff, ...bytes, 0xff);
  expect(readVarint(inside, 1, inside.length)).toBe(value);
}

test.each(BOUNDS)("%d is written and read as protobufjs does", check);

test("any number up to 2^53 - 1 is written and read as protobufjs does", () => {
  fc.assert(fc.property(fc.maxSafeNat(), check), { seed: announcedSeed(), numRuns: 500 });
});

describe("what is not the shortest form of a number up to 2^53 - 1", () => {
  test.each([
    ["a padded zero", "8000"],
    ["a padded one", "8180808000"],
    ["2^53", "8080808080808010"],
    ["2^56 - 1", "ffffffffffffff7f"],
    ["nine bytes", "808080808080808001"],
    ["2^64 - 1", "ffffffffffffffffff01"],
    ["no end", "ffffffffffffffffffffffff"],
  ])("%s", (_, hex) => {
    const bytes = Uint8Array.fromHex(hex);
    expect(readVarint(bytes, 0, bytes.length)).toBe(NOT_CANONICAL);
  });
});
