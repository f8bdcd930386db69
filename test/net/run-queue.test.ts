import { describe, expect, test } from "bun:test";
import { RunQueue, type Task } from "../../src/net/run-queue.ts";
import { turn, turns } from "./support.ts";

/** Writes `size` bytes a run, as long as it has some. */
class Writer implements Task {
  left: number;
  urgent = false;
  readonly #size: number;
  readonly #name: string;
  readonly #diary: string[];

  constructor(diary: string[], name: string, size: number, left: number) {
    this.#diary = diary;
    this.#name = name;
    this.#size = size;
    this.left = left;
  }

  get runnable(): boolean {
    return this.left > 0;
  }

  run(): number {
    const count = Math.min(this.#size, this.left);
    this.left -= count;
    this.#diary.push(this.#name);
    return count;
  }
}

describe("a run queue", () => {
  test("runs behind the callback that added, in the same loop turn", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(1000);
    queue.add(new Writer(diary, "a", 10, 10));
    expect(diary).toEqual([]);
    await Promise.resolve();
    expect(diary).toEqual(["a"]);
  });

  test("gives everybody a run in turn", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(1000);
    for (const name of "abc") queue.add(new Writer(diary, name, 10, 30));
    await turn();
    expect(diary.join("")).toBe("abcabcabc");
  });

  test("sends no more in a loop turn than its budget, and one run at most beyond", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(100);
    for (const name of "ab") queue.add(new Writer(diary, name, 30, 300));
    const sent: number[] = [];
    await Promise.resolve();
    sent.push(diary.length);
    // Whoever adds in this turn waits for the next one, too.
    queue.add(new Writer(diary, "c", 30, 30));
    await Promise.resolve();
    while (diary.length < 21) {
      await turn();
      sent.push(diary.length - sent.reduce((sum, count) => sum + count));
    }
    expect(sent).toEqual([4, 4, 4, 4, 4, 1]);
    expect(diary.join("").replaceAll("c", "")).toBe("ab".repeat(10));
    expect(diary.indexOf("c")).toBeLessThan(8);
  });

  test("lets who is urgent go first, also who becomes so while it waits", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(100);
    const [a, b, c] = ["a", "b", "c"].map((name) => new Writer(diary, name, 10, 20));
    for (const task of [a!, b!, c!]) queue.add(task);
    c!.urgent = true;
    queue.add(c!);
    await turn();
    expect(diary.join("")).toBe("ccabab");
  });

  test("gives the urgent half of a turn while others wait, and all of it when none does", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(100);
    const urgent = new Writer(diary, "u", 10, 160);
    urgent.urgent = true;
    queue.add(urgent);
    queue.add(new Writer(diary, "a", 10, 60));
    await Promise.resolve();
    expect(diary.join("")).toBe("uuuuuaaaaa");
    await turns(3);
    expect(diary.slice(10).join("")).toBe("uuuuuauuuuuu");
  });

  test("forgets who is removed, urgent or not", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(100);
    for (const isUrgent of [false, true]) {
      const task = new Writer(diary, "x", 10, 10);
      task.urgent = isUrgent;
      queue.add(task);
      queue.remove(task);
    }
    await turns(2);
    expect(diary).toEqual([]);
  });

  test("lets the loop look at others between two turns", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(10);
    queue.add(new Writer(diary, "a", 10, 50));
    const neighbour = (): void => {
      diary.push("-");
      if (diary.length < 12) setImmediate(neighbour);
    };
    setImmediate(neighbour);
    await turns(10);
    expect(diary.join("")).toMatch(/^a-(a-){4}/);
  });

  test("runs a task once, however often it was added", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(1000);
    const writer = new Writer(diary, "a", 10, 10);
    queue.add(writer);
    queue.add(writer);
    await turn();
    expect(diary).toEqual(["a"]);
  });

  test("forgets who is removed, and who can't go on", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(1000);
    const [gone, idle] = [new Writer(diary, "a", 10, 10), new Writer(diary, "b", 10, 0)];
    queue.add(gone);
    queue.add(idle);
    queue.remove(gone);
    await turns(2);
    expect(diary).toEqual(["b"]);
  });

  test("takes those who are added by a run behind all others", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(1000);
    const first = new Writer(diary, "a", 10, 20);
    const { run } = first;
    first.run = () => {
      queue.add(new Writer(diary, "c", 10, 10));
      return run.call(first);
    };
    queue.add(first);
    queue.add(new Writer(diary, "b", 10, 10));
    await turn();
    expect(diary.join("")).toBe("abcac");
  });

  test("has its whole budget again in the next turn", async () => {
    const diary: string[] = [];
    const queue = new RunQueue(100);
    for (let i = 0; i < 5; i++) {
      queue.add(new Writer(diary, String(i), 100, 100));
      await Promise.resolve();
      expect(diary.length).toBe(i + 1);
      await turns(2);
    }
  });
});
