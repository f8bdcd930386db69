/** Long files that are put on disk while they still come. */
import { expect, test } from "bun:test";
import { WRITE_BEHIND } from "../../src/limits.ts";
import { WriteBehind } from "../../src/store/write/write-behind.ts";

/** A disk whose syncs end when the test ends them. */
class Disk {
  readonly asked: PromiseWithResolvers<void>[] = [];

  readonly sync = (): Promise<void> => {
    const call = Promise.withResolvers<void>();
    this.asked.push(call);
    return call.promise;
  };

  /** Ends what was asked last. */
  async end(error?: Error): Promise<void> {
    const call = this.asked.at(-1)!;
    if (error === undefined) call.resolve();
    else call.reject(error);
    await Bun.sleep(0); // behind everything that waits for it
  }
}

test("a sync begins every so many bytes, and not before the last has ended", async () => {
  const disk = new Disk();
  const behind = new WriteBehind(disk.sync);
  behind.written(WRITE_BEHIND - 1);
  expect(disk.asked.length).toBe(0);
  expect(behind.running).toBeUndefined();
  behind.written(WRITE_BEHIND);
  expect(disk.asked.length).toBe(1);
  behind.written(5 * WRITE_BEHIND);
  expect(disk.asked.length).toBe(1);
  const { running } = behind;
  await disk.end();
  await running;
  expect(behind.running).toBeUndefined();
  behind.written(5 * WRITE_BEHIND);
  behind.written(5 * WRITE_BEHIND);
  expect(disk.asked.length).toBe(2);
  await disk.end();
  behind.written(6 * WRITE_BEHIND - 1);
  expect(disk.asked.length).toBe(2);
});

test("one file at a time is synced", async () => {
  const disk = new Disk();
  const [one, other] = [new WriteBehind(disk.sync), new WriteBehind(disk.sync)];
  one.written(WRITE_BEHIND);
  other.written(WRITE_BEHIND);
  expect(disk.asked.length).toBe(1);
  await disk.end(new Error("EIO"));
  other.written(WRITE_BEHIND + 1);
  expect(disk.asked.length).toBe(2);
  await disk.end();
  expect(() => other.check()).not.toThrow();
});

test("an error of a sync is thrown, also after a later one that succeeds", async () => {
  const disk = new Disk();
  const behind = new WriteBehind(disk.sync);
  behind.written(WRITE_BEHIND);
  await disk.end(new Error("EIO"));
  behind.written(3 * WRITE_BEHIND);
  await disk.end();
  expect(() => behind.check()).toThrow("EIO");
});
