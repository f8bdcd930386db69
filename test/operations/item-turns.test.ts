/** Trees that store items take turns, however much each has. */
import { expect, test } from "bun:test";
import { TURN_ITEMS } from "../../src/limits.ts";
import { ItemTurns, type TurnTaker } from "../../src/operations/item-turns.ts";
import { nextTurn } from "../../src/next-turn.ts";

test("so many items are stored in a turn, and all come at their turn", async () => {
  const turns = new ItemTurns();
  const order: string[] = [];
  let inTurn = 0;
  let most = 0;
  const count = (): void => {
    inTurn = 0;
    if (order.length < 4 * 3 * TURN_ITEMS) nextTurn(count);
  };
  count();
  const { promise, resolve } = Promise.withResolvers<void>();
  const taker = (name: string): TurnTaker => {
    let left = 3 * TURN_ITEMS;
    return {
      onTurn() {
        while (left > 0 && turns.take(this)) {
          left -= 1;
          order.push(name);
          inTurn += 1;
          most = Math.max(most, inTurn);
        }
        if (order.length === 4 * 3 * TURN_ITEMS) resolve();
      },
    };
  };
  for (const one of ["a", "b", "c", "d"].map(taker)) one.onTurn();
  await promise;
  expect(most).toBeLessThanOrEqual(2 * TURN_ITEMS); // turns of the two counts may begin apart
  const rounds = order.filter((name, index) => index === 0 || order[index - 1] !== name);
  expect(rounds.join("")).toBe("abcdabcdbcd"); // the first has the rest of the turn, and the next one
});

test("one that has gone is not called", async () => {
  const turns = new ItemTurns();
  let called = 0;
  const gone: TurnTaker = { onTurn: () => (called += 1) };
  while (turns.take(gone)) continue;
  turns.forget(gone);
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => nextTurn(resolve));
  expect(called).toBe(0);
});
