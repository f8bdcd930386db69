import { expect, test } from "bun:test";
import { hasNextTurn, nextTurn, pause } from "../src/next-turn.ts";

test("work that waits for the next turn is counted until it has begun", async () => {
  expect(hasNextTurn()).toBe(false);
  const seen: (string | boolean)[] = [];
  const done = new Promise<void>((resolve) => {
    nextTurn(() => {
      seen.push("first", hasNextTurn());
      nextTurn(() => {
        seen.push("behind it", hasNextTurn());
        resolve();
      });
    });
    nextTurn(() => void seen.push("second", hasNextTurn()));
  });
  expect([hasNextTurn(), seen]).toEqual([true, []]);
  await done;
  expect(seen).toEqual(["first", true, "second", true, "behind it", false]);
});

test("a pause is counted as well", async () => {
  const paused = pause();
  expect(hasNextTurn()).toBe(true);
  await paused;
  expect(hasNextTurn()).toBe(false);
});
