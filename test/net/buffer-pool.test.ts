import { ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { LARGE_BUFFER, SEND_BUFFER, SILENCE } from "../../src/limits.ts";
import { type BufferHolder, BufferPool } from "../../src/net/buffer-pool.ts";

/** Keeps a diary of what the pool asks of it. */
class Holder implements BufferHolder {
  readonly diary: string[] = [];
  readonly #pool: BufferPool;
  buffer: Uint8Array | undefined;
  again = true;
  wants = true;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  acquire(now = 0): boolean {
    this.buffer = this.#pool.acquire(this, now);
    return this.buffer !== undefined;
  }

  release(): void {
    const buffer = this.buffer!;
    this.buffer = undefined;
    this.#pool.release(this, buffer);
  }

  evict(): boolean {
    this.diary.push("evict");
    if (this.again) this.release();
    return this.again;
  }

  cut(): void {
    this.diary.push("cut");
    this.#pool.forget(this);
    this.release();
  }

  bufferFree(): boolean {
    this.diary.push("free");
    return this.wants;
  }
}

const holders = (pool: BufferPool, count: number): Holder[] =>
  Array.from({ length: count }, () => new Holder(pool));

test("gives out so many buffers of its size, and no more", () => {
  const pool = new BufferPool(1000, 3);
  const all = holders(pool, 5);
  expect(all.map((holder) => holder.acquire())).toEqual([true, true, true, false, false]);
  expect(pool.taken).toBe(3);
  const buffers = all.slice(0, 3).map((holder) => holder.buffer!);
  expect(buffers.map((buffer) => buffer.length)).toEqual([1000, 1000, 1000]);
  expect(new Set(buffers).size).toBe(3);
});

test("one of sixteen buffers may be a large one, where that is asked for", () => {
  const pool = new BufferPool(SEND_BUFFER, 32);
  const all = holders(pool, 5);
  const lengths = [false, true, true, true].map((large, i) => {
    return (all[i]!.buffer = pool.acquire(all[i]!, 0, large))?.length;
  });
  expect(lengths).toEqual([SEND_BUFFER, LARGE_BUFFER, LARGE_BUFFER, SEND_BUFFER]);
  all[1]!.release();
  expect(pool.acquire(all[4]!, 0, true)).toHaveLength(LARGE_BUFFER);
});

test("gives out buffers that begin behind the slow beginning of a page", () => {
  const pool = new BufferPool(SEND_BUFFER, 4);
  for (const holder of holders(pool, 4)) {
    holder.acquire();
    expect(ptr(holder.buffer!) % 4096).toBeGreaterThanOrEqual(32);
  }
});

test("uses a buffer again, and keeps few of them", () => {
  const pool = new BufferPool(10, 100);
  const all = holders(pool, 50);
  for (const holder of all) holder.acquire();
  const first = new Set(all.map((holder) => holder.buffer));
  for (const holder of all) holder.release();
  expect(pool.taken).toBe(0);
  for (const holder of all) holder.acquire();
  const again = all.filter((holder) => first.has(holder.buffer)).length;
  expect(again).toBe(16);
});

test("calls those who wait in the order in which they came, each once", () => {
  const pool = new BufferPool(10, 1);
  const [holder, first, second] = holders(pool, 3) as [Holder, Holder, Holder];
  holder.acquire();
  first.acquire();
  second.acquire();
  first.acquire();
  holder.release();
  expect([first.diary, second.diary]).toEqual([["free"], []]);
  first.acquire();
  first.release();
  expect([first.diary, second.diary]).toEqual([["free"], ["free"]]);
  second.acquire();
  second.release();
  expect(second.diary).toEqual(["free"]);
});

test("calls the next one where the first has no use for it any more, or is gone", () => {
  const pool = new BufferPool(10, 1);
  const [holder, first, second, third] = holders(pool, 4) as [Holder, Holder, Holder, Holder];
  for (const one of [holder, first, second, third]) one.acquire();
  first.wants = false;
  pool.forget(second);
  holder.release();
  expect([first.diary, second.diary, third.diary]).toEqual([["free"], [], ["free"]]);
});

test("does not call anybody where all buffers are taken", () => {
  const pool = new BufferPool(10, 1);
  const [holder, waiting] = holders(pool, 2) as [Holder, Holder];
  holder.acquire();
  waiting.acquire();
  pool.passOn();
  pool.forget(new Holder(pool));
  expect(waiting.diary).toEqual([]);
});

test("takes buffers away from the parked, longest first, and passes over who can't do without", () => {
  const pool = new BufferPool(10, 3);
  const [a, b, c, d] = holders(pool, 4) as [Holder, Holder, Holder, Holder];
  for (const holder of [a, b, c]) holder.acquire();
  a.again = false;
  pool.park(a, 1);
  pool.park(b, 2);
  pool.park(c, 3);
  expect(d.acquire(4)).toBe(true);
  expect([a.diary, b.diary, c.diary]).toEqual([["evict"], ["evict"], []]);
  expect(pool.taken).toBe(3);
  pool.unpark(c);
  expect(new Holder(pool).acquire(5)).toBe(false);
  expect(c.diary).toEqual([]);
});

test("cuts off the one that has been silent for longest, and only after SILENCE", () => {
  const pool = new BufferPool(10, 2);
  const [a, b, waiting] = holders(pool, 3) as [Holder, Holder, Holder];
  a.again = b.again = false;
  a.acquire();
  b.acquire();
  pool.park(a, 100);
  pool.park(b, 100);
  expect(waiting.acquire(99 + SILENCE)).toBe(false);
  expect(a.diary).toEqual(["evict"]);
  expect(waiting.acquire(100 + SILENCE)).toBe(false);
  expect([a.diary, b.diary]).toEqual([
    ["evict", "evict", "cut"],
    ["evict", "evict"],
  ]);
  expect(waiting.diary).toEqual(["free"]);
  expect(waiting.acquire(100 + SILENCE)).toBe(true);
  expect(pool.taken).toBe(2);
});
