/** Limits are divided among those who serve together, and add up to no more than one would have. */
import { expect, test } from "bun:test";
import {
  GROWTH_BUDGET,
  INITIAL_WINDOW_BUDGET,
  LEAST_STREAMS,
  LEAST_WINDOW,
  MAX_CHILDREN,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_STREAMS,
  MAX_WAITING,
  MAX_WALKS,
  MAX_WORKERS,
  OWN_WINDOW_SHARE,
  PAGE_BUDGET,
  PAGE_BYTES,
  STORE_DESCRIPTORS,
  UPLOAD_WINDOW,
  WALK_BUDGET,
  WALK_MAKING,
  WINDOW_BUDGET,
} from "../../src/limits.ts";
import { Budget } from "../../src/server/host/budget.ts";
import { Capacity } from "../../src/server/host/capacity.ts";
import { settle } from "../../src/server/options/table.ts";

test.each([1, 2, 3, 7, MAX_WORKERS])("%d parts are no more than the whole", (parts) => {
  const part = new Capacity(settle({}), { parts });
  expect(part.connections * parts).toBeLessThanOrEqual(MAX_CONNECTIONS);
  expect(part.files.total * parts).toBeLessThanOrEqual(MAX_OPEN_FILES);
  expect(part.initialWindows.total * parts).toBeLessThanOrEqual(INITIAL_WINDOW_BUDGET);
  expect(part.windows.begin.total * parts).toBeLessThanOrEqual(WINDOW_BUDGET);
  expect(part.windows.grow.total * parts).toBeLessThanOrEqual(GROWTH_BUDGET);
  expect(part.pages.total * parts).toBeLessThanOrEqual(PAGE_BUDGET);
  expect(part.walks.total * parts).toBeLessThanOrEqual(WALK_BUDGET);
});

test("the smallest part is enough to be served", () => {
  const part = new Capacity(settle({}), {
    parts: Math.max(MAX_CHILDREN, MAX_WORKERS),
    oneClient: true,
  });
  expect(part.connections).toBe(1);
  expect(part.pages.take(PAGE_BYTES)).toBe(true);
  // Every upload opens with a window that it can go on with, when others have taken all that there is.
  expect(part.offeredWindow).toBeGreaterThanOrEqual(LEAST_WINDOW);
  expect(part.initialWindows.take(part.offeredWindow * part.streams)).toBe(true);
  for (let walk = 0; walk < MAX_WALKS; walk += 1) expect(part.walks.take(WALK_MAKING)).toBe(true);
});

test("a part for one client is all its own, and no window beyond the usual", () => {
  expect(new Capacity(settle({}), { oneClient: true }).offeredWindow).toBe(UPLOAD_WINDOW);
  const part = new Capacity(settle({}), { parts: 4, oneClient: true });
  expect(part.windows.begin.fair).toBe((WINDOW_BUDGET / 4) * OWN_WINDOW_SHARE);
  expect(part.windows.grow.fair).toBe(GROWTH_BUDGET / 4);
});

test("a connection has no more streams than files that may be open, but some", () => {
  expect(new Capacity(settle({})).streams).toBe(MAX_STREAMS);
  expect(new Capacity(settle({ maxOpenFiles: 100 })).streams).toBe(100);
  expect(new Capacity(settle({ maxOpenFiles: 10 })).streams).toBe(LEAST_STREAMS);
  const withUsers = new Capacity(settle({ maxOpenFiles: 100, users: "users.json" }));
  expect(withUsers.streams).toBe(100 - STORE_DESCRIPTORS);
});

test("a model has no more clients than it can bear", () => {
  const most = (model: "iterative" | "processes" | "threads" | "event-loop") =>
    new Capacity(settle({ model, maxConnections: 1000 })).connections;
  expect(most("iterative")).toBeLessThanOrEqual(1 + MAX_WAITING);
  expect(most("processes")).toBeLessThanOrEqual(MAX_CHILDREN);
  expect(most("threads")).toBeLessThanOrEqual(MAX_CHILDREN);
  expect(most("event-loop")).toBeGreaterThan(MAX_CHILDREN);
});

test("memory that comes back in parts goes to the one that waits longest", () => {
  const budget = new Budget(10);
  budget.take(10);
  const served: string[] = [];
  const ask = (name: string): void => {
    const waiter = {
      onBudget: (): void => {
        if (!budget.take(5)) return budget.wait(waiter);
        budget.forget(waiter);
        served.push(name);
      },
    };
    waiter.onBudget();
  };
  for (const name of ["first", "second", "third"]) ask(name);
  for (let bytes = 0; bytes < 15; bytes += 3) budget.give(3);
  expect(served).toEqual(["first", "second", "third"]);
  expect(budget.waiting).toBe(0);
});
