/** Packed names against an array of Buffers, sorted by Buffer.compare. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PackedNames } from "../../src/store/listing/packed-names.ts";

/** Raw names: any bytes but zero and slash. */
const rawName = fc
  .uint8Array({ min: 1, minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x2e : byte))));

/** Names that share long beginnings. */
const alikeName = fc
  .tuple(fc.nat({ max: 250 }), fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 4 }))
  .map(([length, end]) => Buffer.from("a".repeat(length + 1) + end));

const manyNames = fc.oneof(
  fc.array(rawName, { maxLength: 300 }),
  fc.array(alikeName, { maxLength: 300 }),
);

function pack(names: readonly Buffer[]): PackedNames {
  const packed = new PackedNames();
  for (const name of names) {
    // Amid other bytes, as directory entries have them.
    const around = Buffer.concat([Buffer.from("##"), name, Buffer.from([0, 0x23])]);
    packed.add(around, 2, 2 + name.length);
  }
  return packed;
}

const unpack = (packed: PackedNames): Buffer[] =>
  Array.from({ length: packed.count }, (_, i) => packed.name(i));

describe("packed names", () => {
  test("are put in the order of their bytes", async () => {
    await fc.assert(
      fc.asyncProperty(manyNames, async (names) => {
        const packed = pack(names);
        expect(unpack(packed)).toEqual([...names]);
        await packed.order();
        expect(unpack(packed)).toEqual(names.toSorted(Buffer.compare));
      }),
      { numRuns: 500 },
    );
  });

  test("the first of them are cut to size, without doubles", async () => {
    await fc.assert(
      fc.asyncProperty(manyNames, fc.nat({ max: 300 }), async (names, count) => {
        const packed = pack([...names, ...names.slice(0, 5)]);
        await packed.order();
        const sorted = unpack(packed).slice(0, count);
        const kept = await packed.first(sorted.length);
        const once = sorted.filter((name, i) => i === 0 || !name.equals(sorted[i - 1] ?? name));
        expect(unpack(kept)).toEqual(once);
        expect(kept.arePlain).toBe(
          once.every((name) => /^[\x20-\x7e]*$/.test(name.toString("latin1"))),
        );
        const bytes = once.reduce((sum, name) => sum + name.length + 1, 0);
        expect(kept.size).toBe(bytes + 4 * once.length);
      }),
      { numRuns: 500 },
    );
  });

  test("firstAfter finds the name that follows", async () => {
    await fc.assert(
      fc.asyncProperty(manyNames, rawName, async (names, name) => {
        const packed = pack(names);
        await packed.order();
        const sorted = names.toSorted(Buffer.compare);
        const wanted = (other: Buffer): number =>
          sorted.filter((n) => n.compare(other) <= 0).length;
        expect(packed.firstAfter(name)).toBe(wanted(name));
        for (const there of names.slice(0, 3)) {
          expect(packed.firstAfter(there)).toBe(wanted(there));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("100,000 in the order a quicksort likes least", async () => {
    const names = Array.from({ length: 100_000 }, (_, i) => Buffer.from(`${i % 1000}-${i}`));
    for (const given of [names, names.toReversed(), names.toSorted(Buffer.compare)]) {
      const packed = pack(given);
      await packed.order();
      expect(isSorted(packed)).toBe(true);
    }
  });
});

function isSorted(packed: PackedNames): boolean {
  for (let i = 1; i < packed.count; i++) {
    if (packed.compare(i - 1, packed.name(i)) > 0) return false;
  }
  return true;
}
