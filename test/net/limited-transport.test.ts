/** A transport with a limited rate keeps the rules of all transports, and its rate. */
import { describe, expect, test } from "bun:test";
import { RATE_PAUSE } from "../../src/limits.ts";
import { limited } from "../../src/net/limited-transport.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { TokenBucket } from "../../src/net/token-bucket.ts";
import { join, seededRandom } from "../support/chop.ts";
import { until } from "../support/until.ts";
import { type Line, peerTo, transportContract } from "./contract.ts";

async function line(sent: number, received: number): Promise<Line> {
  const [one, other] = [peerTo(), peerTo()];
  const limits = { sent: new TokenBucket(sent), received: new TokenBucket(received) };
  memoryPair(limited(one.accept, limits), other.accept);
  const [a, b] = [await one.peer, await other.peer];
  const close = () => [a, b].forEach(({ transport }) => transport.close());
  return { a, b, [Symbol.asyncDispose]: async () => close() };
}

transportContract("a transport that may send 64 MiB a second", () => line(2 ** 26, 2 ** 40));
transportContract("a transport that may receive 64 MiB a second", () => line(2 ** 40, 2 ** 26));

describe("a bucket", () => {
  test("gives out its rate, and no more than a tenth of a second at once", () => {
    let now = 0;
    const bucket = new TokenBucket(1000, () => now);
    expect([bucket.take(1000), bucket.take(1)]).toEqual([100, 0]);
    now += 50;
    expect(bucket.take(1000)).toBe(50);
    now += 10_000;
    expect([bucket.take(60), bucket.take(60)]).toEqual([60, 40]);
    bucket.give(5);
    expect(bucket.take(60)).toBe(5);
  });

  test("gives each that waits an equal part", async () => {
    const bucket = new TokenBucket(100_000);
    const taken = [0, 0, 0];
    bucket.take(1e6);
    for (const index of taken.keys()) {
      const ready = (): void => {
        taken[index]! += bucket.take(1e6);
        if (taken[index]! < 3_000) bucket.wait(ready);
      };
      bucket.wait(ready);
    }
    expect(bucket.take(1)).toBe(0);
    while (taken.some((bytes) => bytes < 3_000)) await Bun.sleep(1);
    expect(Math.max(...taken)).toBeLessThan(2 * Math.min(...taken));
  });

  test("serves those that wait before one that comes", () => {
    let now = 0;
    const bucket = new TokenBucket(1000, () => now);
    const ready = (): void => {};
    bucket.take(100);
    bucket.wait(ready);
    now += 50;
    expect(bucket.take(10)).toBe(0);
    expect([bucket.forget(ready), bucket.forget(ready)]).toEqual([true, false]);
    expect(bucket.take(10)).toBe(10);
  });

  test("that is forgotten by all runs no timer", () => {
    const bucket = new TokenBucket(1);
    const ready = () => {
      throw new Error("called");
    };
    bucket.wait(ready);
    bucket.forget(ready);
  });
});

test.each([
  ["sent", 50_000, 1e12],
  ["received", 1e12, 50_000],
])("bytes that are %s take their time, and arrive all", async (_, sent, received) => {
  const bytes = seededRandom(7).bytes(20_000);
  await using both = await line(sent, received);
  const { a, b } = both;
  const began = performance.now();
  a.send(bytes);
  b.send(bytes);
  a.finish();
  b.finish();
  await Promise.all([a.ended(), b.ended()]);
  expect(join(a.chunks)).toEqual(bytes);
  expect(join(b.chunks)).toEqual(bytes);
  // 20,000 bytes, of which 5,000 may move at once, at 50 bytes a millisecond. It may take longer.
  expect(performance.now() - began).toBeGreaterThanOrEqual(290);
});

test("a few bytes are not handed on one by one as they become free", async () => {
  const rate = 100_000;
  await using both = await line(1e12, rate);
  const { a, b } = both;
  const bytes = seededRandom(8).bytes(40_000);
  b.send(bytes);
  b.finish();
  await a.ended();
  expect(join(a.chunks)).toEqual(bytes);
  const least = (rate * RATE_PAUSE) / 1000;
  expect(a.chunks.length).toBeLessThanOrEqual(bytes.length / least + 4);
});

test("those that take their bytes only when it is their turn get equal parts, too", async () => {
  const bucket = new TokenBucket(100_000);
  const taken = [0, 0];
  bucket.take(1e6);
  let turns = 0;
  for (const index of taken.keys()) {
    const later = (): void => {
      taken[index]! += bucket.take(1e6, ready);
      turns += 1;
      bucket.wait(ready);
    };
    const ready = (): void => void setImmediate(later);
    bucket.wait(ready);
  }
  await until(() => turns >= 8);
  expect(Math.max(...taken)).toBeLessThan(2 * Math.min(...taken));
});
