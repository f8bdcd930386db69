/** What a download holds before anybody takes it: bytes, not an object for each piece. */
import { expect, test } from "bun:test";
import { Leg } from "../../src/client/download/leg.ts";
import { VerifiedBlocks } from "../../src/client/download/verified-blocks.ts";
import type { LeatError } from "../../src/errors.ts";
import type { StoreEntry } from "../../src/store/store.ts";
import { join, seededRandom } from "../support/chop.ts";

const SIZE = 100_000;
const bytes = seededRandom(9).bytes(SIZE);
const entry = {
  name: "f",
  kind: "FILE",
  size: SIZE,
  version: "v",
  modified: 0,
  mode: 0o644,
} as unknown as StoreEntry;

function legOf(): { leg: Leg; cancels: () => number } {
  let cancelled = 0;
  const stream = { consumed() {}, cancel: () => void (cancelled += 1) };
  return {
    leg: new Leg({ entry, offset: 0, length: SIZE }, stream),
    cancels: () => cancelled,
  };
}

test("single bytes are joined until they are taken, and Finish comes behind them", () => {
  const { leg } = legOf();
  for (let at = 0; at < SIZE; at += 1) {
    leg.onData(bytes.subarray(at, at + 1), at === SIZE - 1 ? 7 : undefined);
  }
  leg.onFinish({ size: SIZE, skippedNames: 0 });
  const taken: Uint8Array[] = [];
  const told: unknown[] = [];
  leg.take({
    data: (piece, crc32) => void (taken.push(piece), crc32 !== undefined && told.push(crc32)),
    finish: () => void told.push("finish"),
    failed: (error) => void told.push(error),
  });
  expect(told).toEqual([7, "finish"]);
  expect(taken.length).toBeLessThan(20);
  expect(Buffer.compare(join(taken), bytes)).toBe(0);
});

test("a CRC for each byte ends it: they are not kept", () => {
  const { leg, cancels } = legOf();
  leg.onData(bytes.subarray(0, 1), 1);
  leg.onData(bytes.subarray(1, 2), 2);
  leg.onData(bytes.subarray(2, 3), 3);
  const failures: LeatError[] = [];
  leg.take({ data() {}, finish() {}, failed: (error) => void failures.push(error) });
  expect([cancels(), failures.map((error) => error.code)]).toEqual([1, ["PROTOCOL_ERROR"]]);
});

test("blocks that wait for their checksum, or for a reader, are joined as well", async () => {
  const { leg } = legOf();
  const blocks = new VerifiedBlocks();
  for (let at = 0; at < SIZE; at += 1) blocks.push({ bytes: bytes.subarray(at, at + 1), leg });
  blocks.end();
  const taken: Uint8Array[] = [];
  for await (const piece of blocks) taken.push(piece.bytes);
  expect(taken.length).toBeLessThan(20);
  expect(Buffer.compare(join(taken), bytes)).toBe(0);
});
