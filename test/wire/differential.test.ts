// The fast path against protobufjs: whatever form a Data frame has, both say the same of it.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { delimit } from "../../src/wire/delimited.ts";
import { announcedSeed, chop, join } from "../support/chop.ts";
import { LONG } from "../support/ways.ts";
import { oracle, ours } from "./oracle.ts";

function check(frame: Uint8Array, cuts: readonly number[] = [1]): void {
  const delimited = delimit(frame);
  const expected = oracle(delimited);
  expect(ours([delimited])).toBe(expected);
  expect(ours(chop(delimited, [1]))).toBe(expected);
  expect(ours(chop(delimited, cuts))).toBe(expected);
}

/** A varint in `padding` bytes more than it needs. */
function varint(value: bigint, padding = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  for (let count = 0; count < padding; count++) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

const field = (number: number, type: number, value: Uint8Array) =>
  join([varint(BigInt((number << 3) | type)), value]);

const delimitedField = (number: number, value: Uint8Array, padding: number) =>
  join([varint(BigInt((number << 3) | 2)), varint(BigInt(value.length), padding), value]);

const padding = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(4));
const integer = fc.oneof(
  fc.constantFrom(0n, 1n, 127n, 128n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n),
  fc.constantFrom(2n ** 56n - 1n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const varintField = (number: number) =>
  fc.tuple(integer, padding).map(([value, more]) => field(number, 0, varint(value, more)));
const fixed32 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const bytes = fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 200 }));

const unknown = fc.oneof(
  varintField(200),
  fixed32.map((value) => field(201, 5, value)),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => field(202, 1, value)),
  fc.tuple(bytes, padding).map(([value, more]) => delimitedField(203, value, more)),
  varintField(1).map((inside) => join([field(204, 3, inside), field(204, 4, new Uint8Array(0))])),
  // Known numbers with a type that is not theirs.
  fixed32.map((value) => field(1, 5, value)),
  varintField(3),
);

const offset = varintField(1);
const crc32 = fixed32.map((value) => field(2, 5, value));
const payload = fc.tuple(bytes, padding).map(([value, more]) => delimitedField(3, value, more));

/** Mostly in order and once, as an encoder writes them; sometimes anyhow. */
function fieldsOf(...known: fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Uint8Array> {
  const maybe = known.map((one) => fc.option(one, { nil: new Uint8Array(0) }));
  const anyhow = fc.array(fc.oneof(...known, unknown), { maxLength: 6 });
  return fc.oneof({ weight: 2, arbitrary: fc.tuple(...maybe) }, anyhow).map(join);
}

const data = fc
  .tuple(fieldsOf(offset, crc32, payload), padding)
  .map(([fields, more]) => delimitedField(2, fields, more));
const cancel = fc.constant(field(10, 2, Uint8Array.of(0)));
const frame = fc.oneof(
  { weight: 5, arbitrary: fieldsOf(varintField(1), data) },
  fieldsOf(varintField(1), data, cancel),
);
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

const RUNS = LONG ? 10_000 : 1000;

test("any form of a Data frame, cut anywhere", () => {
  fc.assert(fc.property(frame, cuts, check), { seed: announcedSeed(), numRuns: RUNS });
});

test("any form of a Data frame, with a byte changed, missing or too many", () => {
  const damage = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("change", "cut", "add"));
  const damaged = fc.tuple(frame, damage).map(([whole, [at, byte, how]]) => {
    const position = whole.length === 0 ? 0 : at % whole.length;
    if (how === "cut") return whole.subarray(0, position);
    if (how === "add") return join([whole, Uint8Array.of(byte)]);
    return whole.length === 0 ? whole : whole.with(position, byte);
  });
  fc.assert(fc.property(damaged, cuts, check), { seed: announcedSeed(), numRuns: RUNS });
});

describe("bounds", () => {
  const around = [2n ** 32n, 2n ** 53n, 2n ** 56n, 2n ** 63n, 2n ** 64n].flatMap((bound) => [
    bound - 2n,
    bound - 1n,
    ...(bound === 2n ** 64n ? [] : [bound, bound + 1n]),
  ]);

  test.each(around)("an offset of %d", (value) => {
    const fields = join([field(1, 0, varint(value)), field(3, 2, Uint8Array.of(1, 7))]);
    check(delimitedField(2, fields, 0));
  });

  test.each(around)("a stream of %d", (value) => {
    check(join([field(1, 0, varint(value)), delimitedField(2, Uint8Array.of(0x1a, 1, 7), 0)]));
  });
});
