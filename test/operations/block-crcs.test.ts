import { describe, expect, test } from "bun:test";
import { BLOCK_SIZE, GiB, MiB } from "../../src/limits.ts";
import { BlockCrcs } from "../../src/operations/block-crcs.ts";
import { seededRandom } from "../support/chop.ts";

describe("CRCs of blocks", () => {
  test("are known by the version of their file, and by no other", () => {
    const crcs = new BlockCrcs();
    const size = 5 * BLOCK_SIZE + 1;
    crcs.of("one", size)!.set(0, 7);
    crcs.of("one", size)!.set(5, 0xffff_ffff);
    crcs.of("two", size)!.set(0, 8);
    const known = (version: string) => {
      const file = crcs.of(version, size)!;
      return [0, 1, 2, 3, 4, 5].map((block) => file.get(block));
    };
    expect(known("one")).toEqual([7, undefined, undefined, undefined, undefined, 0xffff_ffff]);
    expect(known("two")).toEqual([8, undefined, undefined, undefined, undefined, undefined]);
    expect(known("three")).toEqual(Array(6).fill(undefined));
  });

  test("are not kept of a file of one block, nor of one without a version", () => {
    const crcs = new BlockCrcs();
    expect(crcs.of("one", BLOCK_SIZE)).toBeUndefined();
    expect(crcs.of("", GiB)).toBeUndefined();
    expect(crcs.coming(BLOCK_SIZE)).toBeUndefined();
  });

  test("0 is a CRC like any other", () => {
    const file = new BlockCrcs().of("one", GiB)!;
    file.set(3, 0);
    expect([file.get(3), file.get(4)]).toEqual([0, undefined]);
  });

  test("of a file that came are known by the version that it got", () => {
    const crcs = new BlockCrcs();
    for (const declared of [undefined, 700 * MiB]) {
      const coming = crcs.coming(declared)!;
      for (let block = 0; block < 700; block += 1) coming.set(block, block + 1);
      coming.become(`of ${declared}`, 700 * MiB);
      coming.forget(); // what follows a commit changes nothing
      const file = crcs.of(`of ${declared}`, 700 * MiB)!;
      for (let block = 0; block < 700; block += 1) expect(file.get(block)).toBe(block + 1);
    }
  });

  test("of uploads do not meet, and leave nothing when they are given up or turn out small", () => {
    const crcs = new BlockCrcs();
    const [one, two, small] = [crcs.coming()!, crcs.coming()!, crcs.coming()!];
    one.set(0, 1);
    two.set(0, 2);
    small.set(0, 3);
    expect([one.get(0), two.get(0)]).toEqual([1, 2]);
    one.forget();
    two.forget();
    small.become("small", 10);
    expect(crcs.bytes).toBe(0);
  });

  test("stay within their memory, whatever the files: the least used go", () => {
    const random = seededRandom(91);
    const crcs = new BlockCrcs(64 * 1024);
    const used = crcs.of("used", 4 * MiB)!;
    used.set(1, 42);
    for (let n = 0; n < 5000; n += 1) {
      const size = 2 * MiB + random.below(2 ** 20) * random.pick([1, 2 ** 10, 2 ** 30]);
      const file = crcs.of(`file ${random.below(300)}`, size)!;
      file.set(random.below(Math.ceil(size / BLOCK_SIZE)), n);
      expect(crcs.bytes).toBeLessThanOrEqual(64 * 1024);
      expect(used.get(1)).toBe(42);
    }
    for (let n = 0; n < 500; n += 1) crcs.of(`more ${n}`, GiB)!.set(0, n);
    expect([used.get(1), crcs.of("more 499", GiB)!.get(0)]).toEqual([undefined, 499]);
  });
});
