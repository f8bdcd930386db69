import { describe, expect, test } from "bun:test";
import { DATA_PAYLOAD, DATA_PAYLOAD_LEAST, KiB, LARGE_PAYLOAD } from "../../src/limits.ts";
import { Pace } from "../../src/net/pace.ts";

/** A link that takes so many bytes a millisecond, for as many drains. */
function after(rate: number, drains: number): number {
  const pace = new Pace(DATA_PAYLOAD);
  for (let now = 1; now <= 1 + drains * 10; now += 10) {
    pace.drained(now);
    pace.sent(rate * 10);
  }
  return pace.payload;
}

describe("a write", () => {
  test.each([DATA_PAYLOAD, LARGE_PAYLOAD])("has %p until anything was measured", (first) => {
    const pace = new Pace(first);
    pace.sent(1);
    expect(pace.payload).toBe(first);
    pace.drained(1000);
    expect(pace.payload).toBe(first);
  });

  // What 50 ms of the link take, in whole sixteenths of a block.
  test.each([
    [100 * KiB, LARGE_PAYLOAD],
    [20.5 * KiB, LARGE_PAYLOAD],
    [10 * KiB, 448 * KiB],
    [5.2 * KiB, 256 * KiB],
    [5 * KiB, 192 * KiB],
    [3 * KiB, 128 * KiB],
    [2 * KiB, 64 * KiB],
    [1.3 * KiB, 64 * KiB],
    [1.2 * KiB, DATA_PAYLOAD_LEAST],
    [1, DATA_PAYLOAD_LEAST],
  ])("on a link of %p bytes a millisecond has %p of payload", (rate, payload) => {
    expect(after(rate, 20)).toBe(payload);
  });

  test("grows again with the link", () => {
    const pace = new Pace(DATA_PAYLOAD);
    let now = 1;
    for (const rate of [1, 100 * KiB]) {
      for (let i = 0; i < 20; i++) {
        pace.drained(now);
        now += 10;
        pace.sent(rate * 10);
      }
    }
    expect(pace.payload).toBe(LARGE_PAYLOAD);
  });

  test("is not made smaller by a pause in which there was nothing to send", () => {
    const pace = new Pace(DATA_PAYLOAD);
    pace.drained(1);
    pace.sent(LARGE_PAYLOAD);
    pace.idle();
    pace.drained(60_000);
    pace.sent(LARGE_PAYLOAD);
    pace.drained(60_001);
    expect(pace.payload).toBe(LARGE_PAYLOAD);
  });

  test("is not confused by two drains at once", () => {
    const pace = new Pace(DATA_PAYLOAD);
    pace.drained(5);
    pace.sent(1);
    pace.drained(5);
    expect(pace.payload).toBe(DATA_PAYLOAD);
  });
});
