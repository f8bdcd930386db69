import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Digest, checkBlock, checkFinish } from "../../src/transfer/digest.ts";
import { seededRandom } from "../support/chop.ts";
import { refusal } from "../wire/refusal.ts";

const random = seededRandom(403);
const BYTES = random.bytes(5000);

describe("a digest", () => {
  test("sums blocks and the whole, wherever blocks end", () => {
    for (let round = 0; round < 50; round++) {
      const digest = new Digest(round % 2 === 0);
      let at = 0;
      let block = 0;
      while (at < BYTES.length) {
        const behind = Math.min(BYTES.length, at + random.below(900));
        digest.update(BYTES.subarray(at, behind));
        at = behind;
        expect(digest.crc32).toBe(crc32(BYTES.subarray(0, at)));
        if (random.below(3) > 0) continue;
        expect(digest.endBlock()).toBe(crc32(BYTES.subarray(block, at)));
        block = at;
        expect(digest.crc32).toBe(crc32(BYTES.subarray(0, at)));
      }
      expect(digest.bytes).toBe(BYTES.length);
      const sha256 = createHash("sha256").update(BYTES).digest();
      expect(digest.sha256).toEqual(round % 2 === 0 ? sha256 : undefined);
    }
  });

  test("of nothing is that of nothing", () => {
    const digest = new Digest(true);
    expect([digest.bytes, digest.crc32, digest.endBlock(), digest.crc32]).toEqual([0, 0, 0, 0]);
    expect(digest.sha256).toEqual(createHash("sha256").digest());
  });
});

test("a block that came damaged is named by its number", () => {
  checkBlock(1 << 20, 5, 5);
  for (const [behind, block] of [
    [1, 0],
    [1 << 20, 0],
    [(1 << 20) + 1, 1],
    [5 << 20, 4],
  ] as const) {
    const error = refusal("CHECKSUM_MISMATCH", () => checkBlock(behind, 1, 0xabc));
    expect(error.message).toStartWith(`block ${block} arrived damaged: CRC-32 00000abc`);
  }
});

describe("a Finish", () => {
  const digest = (sha256 = false): Digest => {
    const made = new Digest(sha256);
    made.update(BYTES);
    return made;
  };
  const finish = { size: 5000, crc32: crc32(BYTES), skippedNames: 0 };
  const sha256 = createHash("sha256").update(BYTES).digest();

  test("that says what came is right", () => {
    checkFinish(finish, 5000, digest());
    checkFinish({ ...finish, sha256 }, 5000, digest(true));
    // A SHA-256 that nobody asked for is not looked at.
    checkFinish({ ...finish, sha256: new Uint8Array(3) }, 5000, digest());
  });

  test.each([
    ["SIZE_MISMATCH", "another size", { ...finish, size: 4999 }, false],
    ["CHECKSUM_MISMATCH", "another CRC", { ...finish, crc32: 1 }, false],
    ["CHECKSUM_MISMATCH", "another SHA-256", { ...finish, sha256: new Uint8Array(32) }, true],
    ["CHECKSUM_MISMATCH", "a short SHA-256", { ...finish, sha256: sha256.subarray(1) }, true],
    ["PROTOCOL_ERROR", "no SHA-256 that was asked for", finish, true],
    ["PROTOCOL_ERROR", "no size", { crc32: finish.crc32, skippedNames: 0 }, false],
    ["PROTOCOL_ERROR", "no CRC", { size: 5000, skippedNames: 0 }, false],
  ] as const)("is refused with %s for %s", (code, _what, wrong, asked) => {
    refusal(code, () => checkFinish(wrong, 5000, digest(asked)));
  });
});
