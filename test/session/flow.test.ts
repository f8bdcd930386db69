import { describe, expect, test } from "bun:test";
import { CREDIT_STEP } from "../../src/limits.ts";
import {
  ReceiveWindow,
  SendWindow,
  UNBOUNDED,
  type WindowBudget,
  type WindowBudgets,
} from "../../src/session/flow.ts";
import { seededRandom } from "../support/chop.ts";
import { refusal } from "../wire/refusal.ts";

class CountedBudget implements WindowBudget {
  left: number;

  constructor(left: number) {
    this.left = left;
  }

  take(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.left += bytes;
  }
}

const budgets = (both: WindowBudget): WindowBudgets => ({ begin: both, grow: both });

describe("the receiver's window", () => {
  test("takes what was promised, and not a byte more", () => {
    const window = new ReceiveWindow(100, 100, UNBOUNDED);
    window.receive(60);
    window.receive(40);
    const error = refusal("FLOW_CONTROL", () => window.receive(1));
    expect(error.message).toBe("1 bytes of data arrived where 0 bytes of credit were left");
    expect(window.held).toBe(100);
  });

  test("grants credit once a quarter of it is free, and exactly what is free", () => {
    const window = new ReceiveWindow(100, 100, UNBOUNDED);
    window.receive(100);
    expect([window.consume(24, 1, 0), window.consume(1, 2, 0), window.consume(24, 3, 0)]).toEqual([
      0, 25, 0,
    ]);
    window.receive(25);
    refusal("FLOW_CONTROL", () => window.receive(1));
    expect(window.consume(76, 4, 0)).toBe(100);
    expect(window.held).toBe(0);
  });

  test("of which all comes at once, in pieces that fit into no part of it, grows when that takes a round trip", () => {
    const window = new ReceiveWindow(512, 1 << 20, UNBOUNDED);
    let granted = 512;
    for (let now = 100; window.size === 512; now += 25) {
      expect(now).toBeLessThan(300);
      // Whole pieces of what came; the rest of the last one comes with the next bytes.
      window.receive(granted);
      const pieces = Math.floor(window.held / 66);
      granted = 0;
      for (let piece = 0; piece < pieces; piece += 1)
        granted += window.consume(66, now + piece, 20);
    }
  });

  test("grants credit of a large one in steps: what is free and not granted is missing", () => {
    const size = 8 * CREDIT_STEP;
    const window = new ReceiveWindow(size, size, UNBOUNDED);
    window.receive(size);
    expect([window.consume(CREDIT_STEP - 1, 1, 0), window.consume(1, 2, 0)]).toEqual([
      0,
      CREDIT_STEP,
    ]);
  });

  test("of 0 bytes takes nothing, grants nothing and does not grow by itself", () => {
    const window = new ReceiveWindow(0, 1000, UNBOUNDED);
    refusal("FLOW_CONTROL", () => window.receive(1));
    expect([window.consume(0, 1, 100), window.consume(0, 2, 100), window.size]).toEqual([0, 0, 0]);
    expect([window.widen(10), window.size]).toEqual([10, 10]);
  });

  test("doubles when half of it went by within a round trip, up to its bound", () => {
    const window = new ReceiveWindow(100, 350, UNBOUNDED);
    const sizes: number[] = [];
    for (let now = 10; now < 60; now += 10) {
      window.receive(window.size / 2);
      const credit = window.consume(window.size / 2, now, 11);
      sizes.push(window.size, credit);
    }
    // The first half says nothing yet: there was no time before it.
    expect(sizes).toEqual([100, 50, 200, 150, 350, 250, 350, 175, 350, 175]);
  });

  test("becomes four times as large when that took less than a quarter, if there is memory", () => {
    for (const [left, sizes] of [
      [900, [100, 400, 1000]],
      [100, [100, 200, 200]],
    ] as const) {
      const window = new ReceiveWindow(100, 1000, budgets(new CountedBudget(left)));
      const seen = [10, 20, 30].map((now) => {
        window.receive(window.size / 2);
        window.consume(window.size / 2, now, 41);
        return window.size;
      });
      expect(seen).toEqual([...sizes]);
    }
  });

  test("stays as it is when the network was slower than that, or the round trip is unknown", () => {
    for (const roundTrip of [0, 10]) {
      const window = new ReceiveWindow(100, 1000, UNBOUNDED);
      for (let now = 10; now < 100; now += 10) {
        window.receive(50);
        window.consume(50, now, roundTrip);
      }
      expect(window.size).toBe(100);
    }
  });

  test("takes from the budgets only, and gives back what it took, once", () => {
    const [begin, grow] = [new CountedBudget(150), new CountedBudget(250)];
    const window = new ReceiveWindow(100, 1000, { begin, grow });
    for (let now = 10; now < 100; now += 10) {
      window.receive(window.size / 2);
      window.consume(window.size / 2, now, 20);
    }
    // 100 for the first doubling; the second would be 200, and 150 are left.
    expect([window.size, begin.left, grow.left]).toEqual([200, 150, 150]);
    const credit = window.widen(1000);
    expect(window.size).toBe(200 + credit);
    expect([begin.left, grow.left]).toEqual([150 - credit, 150]);
    expect(window.widen(window.size)).toBe(0);
    window.release();
    window.release();
    expect([begin.left, grow.left]).toEqual([150, 250]);
  });

  test("never holds more than its size, never stalls its sender, and loses no credit", () => {
    const random = seededRandom(101);
    for (let round = 0; round < 200; round++) {
      const initial = 1 + random.below(1000);
      const window = new ReceiveWindow(
        initial,
        initial * 8,
        budgets(new CountedBudget(random.below(5000))),
      );
      const sender = new SendWindow(initial);
      let held = 0;
      for (let now = 1; now < 300; now++) {
        const action = random.below(10);
        if (action < 5) {
          const bytes = random.below(sender.credit + 1);
          sender.spend(bytes);
          window.receive(bytes);
          held += bytes;
        } else {
          const bytes = random.below(held + 1);
          held -= bytes;
          const credit = action === 9 ? window.widen(random.below(initial * 10)) : undefined;
          const granted = credit ?? window.consume(bytes, now, random.below(50));
          if (credit !== undefined) held += bytes;
          if (granted > 0) sender.add(granted);
        }
        expect(window.held).toBe(held);
        // What may be on its way or unconsumed: never beyond the window, and at least half of it.
        expect(sender.credit + held).toBeLessThanOrEqual(window.size);
        expect(sender.credit + held).toBeGreaterThanOrEqual(Math.floor(window.size / 2));
      }
    }
  });
});

describe("the sender's window", () => {
  test("has what was granted less what was spent", () => {
    const window = new SendWindow(10);
    window.spend(10);
    window.add(5);
    window.spend(2);
    expect(window.credit).toBe(3);
  });

  test("refuses a grant of nothing", () => {
    refusal("FLOW_CONTROL", () => new SendWindow(1).add(0));
  });

  test("refuses a sum beyond 2^53 - 1, however much was spent", () => {
    const window = new SendWindow(Number.MAX_SAFE_INTEGER - 10);
    window.spend(Number.MAX_SAFE_INTEGER - 10);
    window.add(10);
    refusal("FLOW_CONTROL", () => window.add(1));
    refusal("FLOW_CONTROL", () => window.add(Number.MAX_SAFE_INTEGER));
    expect(window.credit).toBe(10);
  });
});
