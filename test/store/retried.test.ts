/** A try of an upload that comes while another process commits the one before. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { type Collision, type CreateOptions, openDiskStore, type Store } from "../../src/index.ts";
import { LeatError } from "../../src/errors.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refused } from "./support.ts";

const BYTES = Buffer.alloc(300_000, "x");

let folder: TemporaryFolder;
/** Two, as those of two processes. */
let stores: readonly [Store, Store];
beforeEach(() => {
  folder = new TemporaryFolder();
  stores = [openDiskStore(folder.path), openDiskStore(folder.path)];
});
afterEach(async () => {
  for (const store of stores) await store[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function options(id: number, collision: Collision): CreateOptions {
  const uploadId = new Uint8Array(16).fill(id);
  return { uploadId, collision, size: BYTES.length, durability: "none", resume: {} };
}

const partials = (): string[] => readdirSync(folder.at(".leat/partial"));

test.each(["fail", "skip", "replace"] as const)(
  "is answered with its receipt, or comes back later, but never begins anew (%s)",
  async (collision) => {
    const [first, second] = stores;
    let [answered, later] = [0, 0];
    for (let delay = 0; delay < 60; delay += 1) {
      const how = options(delay, collision);
      const path = `file-${delay}`;
      const sink = await first.create(path, how);
      if (!("write" in sink)) throw new Error("it was not begun");
      await sink.write(BYTES, 0);
      const retried = Promise.resolve(second.create(path, how)).catch((thrown: unknown) => thrown);
      for (let wait = 0; wait < delay; wait += 1) await Promise.resolve();
      const digest = { crc32: Bun.hash.crc32(BYTES) };
      await sink.commit(digest);
      const answer = await retried;
      if (answer instanceof LeatError) {
        expect(answer.code).toBe("UNAVAILABLE");
        later += 1;
      } else {
        expect(answer).toMatchObject({ committed: { entry: { name: path }, ...digest } });
        answered += 1;
      }
      expect(partials()).toEqual([]);
    }
    expect(answered).toBeGreaterThan(0);
    expect(answered + later).toBe(60);
  },
);

test("that is answered with its receipt leaves nothing of itself", async () => {
  const [first, second] = stores;
  const how = options(1, "fail");
  const sink = await first.create("file", how);
  if (!("write" in sink)) throw new Error("it was not begun");
  await sink.write(BYTES, 0);
  const [name] = partials();
  await sink.commit({ crc32: Bun.hash.crc32(BYTES) });
  // As a process leaves it that was killed when it had just begun.
  writeFileSync(folder.at(`.leat/partial/${name}`), "");
  expect(await second.create("file", how)).toMatchObject({
    committed: { entry: { name: "file" } },
  });
  expect(partials()).toEqual([]);
});

test("that says nothing of being one is refused, and the receipt stays", async () => {
  const [store] = stores;
  const small: CreateOptions = { ...options(1, "fail"), size: 5 };
  const put = async (how: CreateOptions): Promise<unknown> => {
    const sink = await store.create("file", how);
    if (!("write" in sink)) return sink;
    await using open = sink;
    await open.write(Buffer.from("small"), 0);
    return open.commit({ crc32: 7 });
  };
  const receipt = { committed: { entry: { name: "file" }, crc32: 7 } };
  expect(await put({ ...small, resume: undefined })).toMatchObject({ name: "file" });
  expect(await put(small)).toMatchObject(receipt);
  await refused("ALREADY_EXISTS", () => put({ ...small, resume: undefined }));
  expect(await put(small)).toMatchObject(receipt);
});

test("is not told that it failed where a process was killed behind the name, and another file has it", async () => {
  const [first, second] = stores;
  const how: CreateOptions = { ...options(1, "fail"), resume: undefined };
  const sink = await first.create("file", how);
  if (!("write" in sink)) throw new Error("it was not begun");
  await sink.write(BYTES, 0);
  // Killed before the turn of the event loop ends: that it was published is not noted.
  const journal = (): string =>
    folder.at(`.leat/receipts/${readdirSync(folder.at(".leat/receipts"))[0]}`);
  await sink.commit({ crc32: Bun.hash.crc32(BYTES) });
  const noted = readFileSync(journal());
  await new Promise<void>((resolve) => void setImmediate(resolve));
  writeFileSync(journal(), noted);
  writeFileSync(folder.at("other"), "another one's");
  renameSync(folder.at("other"), folder.at("file"));
  await refused("OUTCOME_UNKNOWN", () => second.create("file", { ...how, resume: {} }));
  // Who comes with another upload is told what is so.
  await refused("ALREADY_EXISTS", () => second.create("file", options(2, "fail")));
});

test("that is skipped, for the name is taken by now, leaves nothing of the one before", async () => {
  const [store] = stores;
  const how = options(1, "skip");
  const sink = await store.create("file", how);
  if (!("write" in sink)) throw new Error("it was not begun");
  await sink.write(BYTES, 0);
  await sink.keep();
  expect(partials()).toHaveLength(1);
  writeFileSync(folder.at("file"), "another one's");
  expect(await store.create("file", how)).toMatchObject({ skipped: { name: "file", size: 13 } });
  expect(partials()).toEqual([]);
});
