import { expect, test } from "bun:test";
import { Controls } from "../../src/session/controls.ts";
import { join, seededRandom } from "../support/chop.ts";

const random = seededRandom(102);

function fill(controls: Controls, into: Uint8Array, at: number, end: number): number {
  return controls.fill(into, at, end);
}

test("frames leave in order, whole, wherever a fill cuts them", () => {
  const frames = Array.from({ length: 20 }, (_, i) => random.bytes(1 + ((i * 7) % 13)));
  const whole = join(frames);
  for (let size = 1; size <= whole.length + 1; size++) {
    const controls = new Controls();
    for (const frame of frames) controls.push(frame);
    const left: Uint8Array = new Uint8Array(whole.length);
    let at = 0;
    while (controls.bytes > 0) {
      const behind = fill(controls, left, at, Math.min(at + size, left.length));
      expect(behind).toBe(Math.min(at + size, left.length));
      at = behind;
      expect(controls.bytes).toBe(whole.length - at);
    }
    expect(left).toEqual(whole);
  }
});

test("frames that come while others leave stand behind them", () => {
  const controls = new Controls();
  const pushed: Uint8Array[] = [];
  const left: Uint8Array[] = [];
  let waiting = 0;
  for (let step = 0; step < 20_000; step++) {
    if (random.below(3) < 2) {
      const frame = random.bytes(1 + random.below(9));
      pushed.push(frame);
      waiting += frame.length;
      controls.push(frame);
    } else {
      const into = new Uint8Array(random.below(40));
      const behind = fill(controls, into, 0, into.length);
      left.push(into.subarray(0, behind));
      waiting -= behind;
    }
    if (controls.bytes !== waiting) expect(controls.bytes).toBe(waiting);
  }
  const into = new Uint8Array(waiting);
  expect(fill(controls, into, 0, waiting)).toBe(waiting);
  expect(Buffer.compare(join([...left, into]), join(pushed))).toBe(0);
});

test("writes nowhere but between its bounds, and nothing when it is empty", () => {
  const controls = new Controls();
  const into = new Uint8Array(10).fill(9);
  expect(fill(controls, into, 3, 10)).toBe(3);
  controls.push(Uint8Array.of(1, 2, 3, 4));
  expect(fill(controls, into, 3, 3)).toBe(3);
  expect(fill(controls, into, 3, 5)).toBe(5);
  expect([...into]).toEqual([9, 9, 9, 1, 2, 9, 9, 9, 9, 9]);
});
