/** When reads and writes are left to other threads. */
import { beforeEach, describe, expect, test } from "bun:test";
import { DiskPace } from "../../src/store/system/disk-pace.ts";
import { threadWaits } from "../../src/store/system/thread-waits.ts";

describe("the pace", () => {
  let now: number;
  let waits: number;
  let pace: DiskPace;
  beforeEach(() => {
    now = 5;
    waits = 0;
    pace = new DiskPace(
      undefined,
      () => now,
      () => waits,
    );
  });
  const here = (took: number, waited: boolean): void =>
    pace.onLoop(() => {
      now += took;
      if (waited) waits += 1;
    });
  const there = (took: number): Promise<void> => pace.onPool(async () => void (now += took));

  test("makes writes on the loop until two waited for long, and again when none did for a second", async () => {
    here(200, true);
    expect(pace.mayBlock).toBe(true);
    here(200, true);
    expect(pace.mayBlock).toBe(false);
    now += 900;
    await there(200);
    now += 900;
    await there(10);
    expect(pace.mayBlock).toBe(false);
    now += 90;
    expect(pace.mayBlock).toBe(true);
    // What was a moment ago is not forgotten.
    here(11, true);
    expect(pace.mayBlock).toBe(false);
  });

  test("makes writes on the loop while few of them wait", () => {
    for (let write = 0; write < 100; write += 1) {
      here(50, true);
      expect(pace.mayBlock).toBe(true);
      now += 450;
    }
    for (let write = 0; write < 3; write += 1) here(50, true);
    expect(pace.mayBlock).toBe(false);
  });

  test("does not count a write that only waited for a core", () => {
    for (let write = 0; write < 9; write += 1) here(500, false);
    expect(pace.mayBlock).toBe(true);
  });

  test("counts every slow write where waits are not known", () => {
    waits = Number.NaN;
    for (let write = 0; write < 2; write += 1) here(101, false);
    expect(pace.mayBlock).toBe(false);
  });
});

describe.skipIf(process.platform !== "linux")("waits of a thread", () => {
  test("are counted when it sleeps, and not when it works", () => {
    const before = threadWaits();
    Bun.sleepSync(20);
    const slept = threadWaits();
    expect(slept).toBeGreaterThan(before);
    // Not in each stretch: a page that comes late may be waited for.
    const stretches = Array.from({ length: 50 }, () => {
      const before = threadWaits();
      for (const until = performance.now() + 1; performance.now() < until;);
      return threadWaits() - before;
    });
    expect(stretches).toContain(0);
  });
});
