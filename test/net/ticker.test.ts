import { afterEach, beforeEach, describe, expect, jest, spyOn, test } from "bun:test";
import { TICK } from "../../src/limits.ts";
import { Ticker } from "../../src/net/ticker.ts";

describe("a ticker", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("looks at everybody, each TICK, and tells the time of a clock that only goes forward", () => {
    const ticker = new Ticker();
    const seen: [string, number][] = [];
    const named = (name: string) => ({ tick: (now: number) => void seen.push([name, now]) });
    const [a, b] = [named("a"), named("b")];
    ticker.add(a);
    jest.advanceTimersByTime(TICK - 1);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(1);
    ticker.add(b);
    ticker.add(b);
    jest.advanceTimersByTime(TICK);
    expect(seen.map(([name]) => name)).toEqual(["a", "a", "b"]);
    ticker.remove(a);
    jest.advanceTimersByTime(TICK);
    expect(seen.map(([name]) => name)).toEqual(["a", "a", "b", "b"]);
    const times = seen.map(([, now]) => now);
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    ticker.remove(b);
  });

  test("looks at the others when one of them throws, and at that one again", () => {
    const ticker = new Ticker();
    const said = spyOn(console, "error").mockImplementation(() => {});
    let ticks = 0;
    const bad = {
      tick(): void {
        throw new Error("a defect");
      },
    };
    const good = { tick: () => void ticks++ };
    ticker.add(bad);
    ticker.add(good);
    jest.advanceTimersByTime(2 * TICK);
    expect([ticks, said.mock.calls.length]).toEqual([2, 2]);
    said.mockRestore();
    ticker.remove(bad);
    ticker.remove(good);
  });

  test("has no timer while nobody is there, and starts again", () => {
    const ticker = new Ticker();
    let ticks = 0;
    const one = { tick: () => void ticks++ };
    ticker.add(one);
    expect(jest.getTimerCount()).toBe(1);
    ticker.remove(one);
    ticker.remove(one);
    expect(jest.getTimerCount()).toBe(0);
    ticker.add(one);
    jest.advanceTimersByTime(TICK);
    expect(ticks).toBe(1);
    ticker.remove(one);
  });

  test("goes on when somebody leaves, or comes, while it looks around", () => {
    const ticker = new Ticker();
    const seen: string[] = [];
    const late = { tick: () => void seen.push("late") };
    const other = { tick: () => void seen.push("other") };
    const leaving = {
      tick: () => {
        seen.push("leaving");
        ticker.remove(leaving);
        ticker.remove(other);
        ticker.add(late);
      },
    };
    ticker.add(leaving);
    ticker.add(other);
    jest.advanceTimersByTime(2 * TICK);
    expect(seen).toEqual(["leaving", "late", "late"]);
    ticker.remove(late);
  });
});
