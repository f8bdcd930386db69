import { describe, expect, test } from "bun:test";
import { Leases } from "../../src/connection/leases.ts";
import { seededRandom } from "../support/chop.ts";

function leasesOf(): { leases: Leases; freed: Uint8Array[]; chunk: () => Uint8Array } {
  const freed: Uint8Array[] = [];
  const leases = new Leases({ free: (chunk) => void freed.push(chunk) });
  return { leases, freed, chunk: () => new Uint8Array(4096) };
}

describe("the memory of a chunk", () => {
  test("goes back when the last of its bytes is consumed, and not earlier", () => {
    const { leases, freed, chunk } = leasesOf();
    const one = chunk();
    leases.begin(one);
    leases.lend(1, 50);
    leases.lend(3, 2000);
    leases.consumed(1, 50, false);
    leases.end(false);
    expect(freed).toEqual([]);
    leases.consumed(3, 1999, false);
    expect(freed).toEqual([]);
    leases.consumed(3, 1, false);
    expect(freed).toEqual([one]);
  });

  test("goes back at once when all was consumed while it was read", () => {
    const { leases, freed, chunk } = leasesOf();
    const one = chunk();
    leases.begin(one);
    leases.lend(1, 10);
    leases.consumed(1, 10, false);
    expect(freed).toEqual([]);
    leases.end(false);
    expect(freed).toEqual([one]);
    leases.consumed(1, 10, false);
    expect(freed).toHaveLength(1);
  });

  test("with nothing lent goes back at its end", () => {
    const { leases, freed, chunk } = leasesOf();
    leases.begin(chunk());
    leases.end(false);
    expect(freed).toHaveLength(1);
  });

  test.each<[string, (leases: Leases) => void]>([
    ["something else may be a view of it", (leases) => leases.end(true)],
    [
      "a consumer may keep it",
      (leases) => {
        leases.consumed(1, 5, true);
        leases.end(false);
      },
    ],
    [
      "its stream ended before all was consumed",
      (leases) => {
        leases.end(false);
        leases.forget(1);
      },
    ],
    ["few of its bytes wait at its end: copies of them do", (leases) => leases.end(false)],
  ])("is left to the collector when %s", (_why, end) => {
    const { leases, freed, chunk } = leasesOf();
    leases.begin(chunk());
    leases.lend(1, 1000);
    end(leases);
    leases.consumed(1, 1000, false);
    expect(freed).toEqual([]);
  });

  test("that is small is not worth it", () => {
    const { leases, freed } = leasesOf();
    leases.begin(new Uint8Array(100));
    leases.lend(1, 10);
    leases.end(false);
    leases.consumed(1, 10, false);
    expect(freed).toEqual([]);
  });

  test("is not that of a chunk that was put aside: nobody's bytes count for nobody", () => {
    const { leases, freed, chunk } = leasesOf();
    leases.lend(1, 10);
    const one = chunk();
    leases.begin(one);
    leases.lend(1, 2005);
    leases.end(false);
    leases.consumed(1, 2014, false);
    expect(freed).toEqual([]);
    leases.consumed(1, 1, false);
    expect(freed).toEqual([one]);
  });

  test("is right for any order of streams and chunks", () => {
    const random = seededRandom(302);
    for (let round = 0; round < 200; round++) {
      const { leases, freed, chunk } = leasesOf();
      /** Bytes of each chunk that nobody has consumed, and what each stream has of which. */
      const left = new Map<Uint8Array, number>();
      const lent = new Map<number, { chunk: Uint8Array; bytes: number }[]>();
      const letGo = new Set<Uint8Array>();
      for (let step = 0; step < 60; step++) {
        if (random.below(2) === 0) {
          const one = chunk();
          leases.begin(one);
          left.set(one, 0);
          for (let pieces = random.below(4); pieces > 0; pieces--) {
            const [stream, bytes] = [random.below(3), 1 + random.below(1300)];
            leases.lend(stream, bytes);
            left.set(one, left.get(one)! + bytes);
            lent.set(stream, [...(lent.get(stream) ?? []), { chunk: one, bytes }]);
          }
          leases.end(false);
          if (left.get(one)! > 0 && left.get(one)! < 1024) letGo.add(one);
        } else {
          const stream = random.below(3);
          const queue = lent.get(stream) ?? [];
          const held = queue.reduce((sum, part) => sum + part.bytes, 0);
          let bytes = random.below(held + 1);
          leases.consumed(stream, bytes, false);
          while (bytes > 0) {
            const part = queue[0]!;
            const count = Math.min(bytes, part.bytes);
            part.bytes -= count;
            bytes -= count;
            left.set(part.chunk, left.get(part.chunk)! - count);
            if (part.bytes === 0) queue.shift();
          }
        }
        const done = [...left]
          .filter(([one, bytes]) => bytes === 0 && !letGo.has(one))
          .map(([one]) => one);
        expect(new Set(freed)).toEqual(new Set(done));
        expect(freed.length).toBe(done.length);
      }
    }
  });
});
