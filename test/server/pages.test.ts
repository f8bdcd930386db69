/** Pages of lists that nobody reads: few are made at once, and they keep nobody waiting for long. */
import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { PAGE_BUDGET, PAGE_BYTES, PAGE_MAKING, PAGE_PATIENCE } from "../../src/limits.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Budget } from "../../src/server/host/budget.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { ListTurns } from "../../src/server/loop/list-turns.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { ends, Raw, TestRuntime } from "../connection/support.ts";
import { SlowStore } from "../connection/slow-store.ts";
import { HELLO } from "../session/bodies.ts";
import { turns } from "../net/support.ts";
import { TemporaryFolder } from "../support/folder.ts";

/** So many parts of a server's memory make a small one. */
const PARTS = 8;
const PAGES = PAGE_BUDGET / PARTS / PAGE_BYTES;
const FILES = 1200;

/** @param pages that may come on the stream */
const list = (pages: number) =>
  ({
    case: "request",
    value: { operation: { case: "list", value: { path: "", pages } } },
  }) as const;
const LIST = list(0);

const folder = new TemporaryFolder();

beforeAll(() => {
  // Long names make a page of them.
  for (let i = 0; i < FILES; i += 1) folder.file(`${i}`.padEnd(250, "x"));
});
afterAll(() => folder[Symbol.dispose]());

interface Served {
  readonly runtime: TestRuntime;
  readonly server: LeatServer;
  readonly store: SlowStore;
}

function served(later?: () => Promise<void>): Served {
  const runtime = new TestRuntime();
  const store = new SlowStore(openDiskStore(folder.path), later);
  const server = new LeatServer(new Host(store, { parts: PARTS, durability: "none" }, runtime));
  return { runtime, server, store };
}

/** Asks for the root and reads what it is told to. */
function lister({ server }: Served, reads: boolean, pages = 0): Raw {
  let raw!: Raw;
  memoryPair(server.accept, (transport) => (raw = new Raw(transport)), { capacity: 20_000 });
  if (!reads) raw.transport.pause();
  raw.frame(0, HELLO);
  // The first page of who reads nothing is in a send buffer, and no page any more.
  for (let stream = 1; stream <= (reads ? 1 : 3); stream += 1) raw.frame(stream, list(pages));
  return raw;
}

/** No page is made any more, and none begun. */
async function calm({ store }: Served): Promise<void> {
  let asked = -1;
  while (store.pending > 0 || asked !== store.asked) {
    asked = store.asked;
    await turns(100);
  }
}

test("as many are made at once as their entries have room for", async () => {
  const answer = Promise.withResolvers<void>();
  const all = served(() => answer.promise);
  for (let i = 0; i < 2 * PAGES; i += 1) lister(all, true);
  await turns(20);
  expect(all.store.pending).toBe(Math.floor(PAGE_BUDGET / PARTS / PAGE_MAKING));
  answer.resolve();
  await all.server.stop({ drain: 0 });
});

test.each([
  ["take nothing", 0],
  ["take nothing", 1000],
  ["take a little now and then", 0],
  ["take a little now and then", 1000],
])(
  "those of clients that %s are given up when others wait, and so are the clients: %i on a stream",
  async (how, pages) => {
    const all = served();
    const silent = Array.from({ length: PAGES }, () => lister(all, false, pages));
    const closed = (): number => silent.filter(({ diary }) => diary.includes("close")).length;
    await calm(all);
    const honest = lister(all, true);
    await calm(all);
    expect([honest.cases(), closed()]).toEqual([["welcome"], 0]);
    const trickles = how !== "take nothing";
    for (let time = 0; time <= PAGE_PATIENCE + 1000 && honest.chunks.length < 3; time += 1000) {
      if (trickles) {
        for (const { transport } of silent) transport.resume();
        await turns(1);
        for (const { transport } of silent) transport.pause();
      }
      all.runtime.pass(1000);
      await turns(100);
    }
    expect(honest.chunks.length).toBeGreaterThan(2);
    expect(closed()).toBeGreaterThan(0);
    await all.server.stop({ drain: 0 });
  },
);

test("no more clients are given up than it takes, and those whose pages wait longest", async () => {
  const all = served();
  // As many pages as leave no room to make another one.
  const holding = 1 + Math.floor((PAGES * PAGE_BYTES - PAGE_MAKING) / PAGE_BYTES);
  const silent: Raw[] = [];
  for (let i = 0; i < holding; i += 1) {
    silent.push(lister(all, false));
    await calm(all);
    all.runtime.now += 1;
  }
  const honest = lister(all, true);
  await calm(all);
  expect(honest.cases()).toEqual(["welcome"]);
  for (let time = 0; time <= PAGE_PATIENCE && honest.chunks.length < 3; time += 500) {
    all.runtime.pass(500);
    await turns(100);
  }
  expect(honest.chunks.length).toBeGreaterThan(2);
  expect(silent.map(({ diary }) => diary.includes("close"))).toEqual(silent.map((_, i) => i === 0));
  await all.server.stop({ drain: 0 });
});

test("lists that were given up before their turn are forgotten, and the next one has its own", async () => {
  const answer = Promise.withResolvers<void>();
  const all = served(() => answer.promise);
  const raw = lister(all, true);
  await turns(20);
  expect(all.store.pending).toBe(1);
  Bun.gc(true);
  const before = heapStats().objectCount;
  const last = 10_000;
  for (let stream = 2; stream < last; stream += 1) {
    raw.frame(stream, LIST);
    raw.frame(stream, { case: "cancel", value: {} });
    if (stream % 8 === 0) await turns(1);
  }
  for (let ended = 2; ended < last; ended += raw.cases().length) await turns(1);
  Bun.gc(true);
  // What this end heard is two of each.
  expect(heapStats().objectCount - before).toBeLessThan(3 * last);
  raw.frame(last, LIST);
  answer.resolve();
  while (!raw.heard().some(({ stream, body }) => stream === last && body?.case === "finish")) {
    await turns(1);
  }
  await all.server.stop({ drain: 0 });
});

test("a list that wants its next page when the connection is closed waits for no memory", async () => {
  const budget = new Budget(PAGE_MAKING);
  budget.take(PAGE_MAKING);
  const lists = new ListTurns(ends().diary.connection, budget);
  const waiting = lists.turn(1);
  lists.forget(1);
  lists.close();
  expect(await Promise.all([waiting, lists.turn(2)])).toEqual([false, false]);
  expect(budget.waiting).toBe(0);
});
