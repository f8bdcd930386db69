/** A try of an upload that comes while another process commits the one before. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import {
  type Collision,
  type CreateOptions,
  openDiskStore,
  type Sink,
  type Store,
} from "../../src/index.ts";
import { LeatError } from "../../src/errors.ts";
import { MiB } from "../../src/limits.ts";
import { Library } from "../../src/store/resolve/library.ts";
import { makePrivateFolder } from "../../src/store/resolve/private-folder.ts";
import { Receipts } from "../../src/store/uploads/receipts.ts";
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

test("that is not declared as a retry is refused, and the receipt stays", async () => {
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

test("is answered OUTCOME_UNKNOWN after a kill right behind the publication, when another file has the name", async () => {
  const [first, second] = stores;
  const how: CreateOptions = { ...options(1, "fail"), resume: undefined };
  const sink = await first.create("file", how);
  if (!("write" in sink)) throw new Error("it was not begun");
  await sink.write(BYTES, 0);
  // Killed before the turn of the event loop ends: no record says that it was published.
  const journal = folder.at(".leat/receipts/1");
  await sink.commit({ crc32: Bun.hash.crc32(BYTES) });
  const recorded = readFileSync(journal);
  await first[Symbol.asyncDispose]();
  writeFileSync(journal, recorded);
  writeFileSync(folder.at("other"), "another one's");
  renameSync(folder.at("other"), folder.at("file"));
  await refused("OUTCOME_UNKNOWN", () => second.create("file", { ...how, resume: {} }));
  // Another upload gets the plain answer.
  await refused("ALREADY_EXISTS", () => second.create("file", options(2, "fail")));
});

test("that is skipped, because the name is taken by now, leaves nothing of the try before", async () => {
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

describe("of two tries of one upload in two processes", () => {
  const small = Buffer.from("small enough to have no name");
  const receipt = { crc32: Bun.hash.crc32(small) };

  async function begun(store: Store, how: CreateOptions): Promise<Sink> {
    const sink = await store.create("file", how);
    if (!("write" in sink)) throw new Error(`it was not begun: ${JSON.stringify(sink)}`);
    await sink.write(small, 0);
    return sink;
  }

  const firstTry = (collision: Collision): CreateOptions => ({
    ...options(7, collision),
    size: small.length,
    resume: undefined,
  });

  test.each(["fail", "skip", "replace"] as const)(
    "the older one gives way at its name, and voids nothing of the other (%s)",
    async (collision) => {
      const [first, second] = stores;
      if (collision === "replace") writeFileSync(folder.at("file"), "what was there");
      const how = firstTry(collision);
      const old = await begun(first, how);
      const young = await begun(second, { ...how, resume: {} });
      await refused("UNAVAILABLE", () => old.commit(receipt));
      const { version } = await young.commit(receipt);
      for (const store of stores) {
        expect(await store.create("file", { ...how, resume: {} })).toMatchObject({
          committed: { entry: { version }, ...receipt },
        });
      }
      expect(partials()).toEqual([]);
    },
  );

  test.each(["fail", "replace"] as const)(
    "the older one does not bring back what the newer one has made and somebody removed (%s)",
    async (collision) => {
      const [first, second] = stores;
      const how = firstTry(collision);
      const old = await begun(first, how);
      await (await begun(second, { ...how, resume: {} })).commit(receipt);
      await second.remove("file");
      await refused("UNAVAILABLE", () => old.commit(receipt));
      expect(existsSync(folder.at("file"))).toBe(false);
      expect(await first.create("file", { ...how, resume: {} })).toMatchObject({
        committed: { entry: { version: "" }, ...receipt },
      });
    },
  );

  test("one without resume that comes late does not replace what the other has made", async () => {
    const [first, second] = stores;
    const how = firstTry("replace");
    // It has read what the others said before it reads that request.
    await (
      await begun(first, { ...firstTry("fail"), uploadId: new Uint8Array(16) })
    ).commit(receipt);
    const { version } = await (await begun(second, { ...how, resume: {} })).commit(receipt);
    const late = await begun(first, how);
    await refused("UNAVAILABLE", () => late.commit(receipt));
    expect((await first.stat("file")).version).toBe(version);
  });

  test("the newer one waits for one that is about to commit, unless that was killed", async () => {
    const [, second] = stores;
    await begun(second, firstTry("fail")).then((sink) => sink.discard());
    using library = Library.open(folder.path);
    const how = firstTry("fail");
    const facts = library.facts;
    {
      using other = new Receipts(makePrivateFolder(library, "receipts"));
      other.recordIntent(how.uploadId, "file", { ...receipt, durability: "none", facts });
      const { retryAfter } = await refused("UNAVAILABLE", () =>
        second.create("file", { ...how, resume: {} }),
      );
      expect(retryAfter).toBeGreaterThan(0);
    }
    await (await begun(second, { ...how, resume: {} })).commit(receipt);
    expect(readFileSync(folder.at("file"))).toEqual(small);
  });

  test("the newer one does not wait for one that did not notice it, and failed", async () => {
    const [first, second] = stores;
    const how = firstTry("fail");
    const old = await begun(first, how);
    const inTheWay = folder.folder(".leat/receipts/tries.1");
    await refused("IS_A_DIRECTORY", () => old.commit(receipt));
    rmdirSync(inTheWay);
    await (await begun(second, { ...how, resume: {} })).commit(receipt);
    expect(readFileSync(folder.at("file"))).toEqual(small);
  });

  test("a failure of one says nothing about the other", async () => {
    using library = Library.open(folder.path);
    using one = new Receipts(makePrivateFolder(library, "receipts"));
    using other = new Receipts(makePrivateFolder(library, "receipts"));
    const id = new Uint8Array(16).fill(9);
    const intent = { ...receipt, durability: "none", facts: library.facts } as const;
    const intents = [one, other].map((receipts) => receipts.recordIntent(id, "file", intent));
    one.confirm(intents[0]!);
    other.withdraw(intents[1]!);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    for (const receipts of [one, other]) {
      expect(await receipts.find(id, "file", () => false)).toMatchObject([{ published: true }]);
      expect(await receipts.find(id, "other", () => false)).toEqual([]);
    }
  });
});

test("is answered with its receipt while the folder of partials is removed", async () => {
  const [store] = stores;
  const how = options(1, "fail");
  const sink = await store.create("file", how);
  if (!("write" in sink)) throw new Error("it was not begun");
  await sink.write(BYTES, 0);
  await sink.commit({ crc32: Bun.hash.crc32(BYTES) });
  for (let turns = 0; turns < 20; turns += 1) {
    const asked = store.create("file", how);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    rmSync(folder.at(".leat/partial"), { recursive: true });
    const long = { ...options(2, "fail"), resume: undefined, size: 4 * MiB };
    const other = await store.create("other", long);
    if ("write" in other) await other.discard();
    expect(await asked).toMatchObject({ committed: { entry: { name: "file" } } });
  }
});

const BUSY = { code: "UNAVAILABLE", retryable: true };

describe("an upload that an older try is about to leave", () => {
  const long = new Uint8Array(3 * MiB + 5).fill(3);
  const how: CreateOptions = { ...options(5, "fail"), size: 4 * MiB, resume: undefined };

  test("is continued, or refused for now, whenever the older try ends", async () => {
    const [first, second] = stores;
    const offsets: number[] = [];
    for (let turns = 0; turns < 40; turns += 1) {
      const upload = { ...how, uploadId: new Uint8Array(16).fill(turns) };
      const old = await first.create("file", upload);
      if (!("write" in old)) throw new Error("it was not begun");
      await old.write(long, 0);
      const again = async () => await second.create("file", { ...upload, resume: {} });
      // On a busy machine the older try may take longer to end than the younger one waits.
      const trying = again().catch((thrown: unknown) => void expect(thrown).toMatchObject(BUSY));
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await old.keep();
      const young = (await trying) ?? (await again());
      if (!("write" in young)) throw new Error("it was not gone on with");
      offsets.push(young.durableOffset);
      await young.discard();
    }
    expect(new Set(offsets)).toEqual(new Set([3 * MiB]));
  });

  test("is taken over from a stalled one in another process", async () => {
    const [first, second] = stores;
    let takenOver = 0;
    const old = await first.create("file", { ...how, onTakenOver: () => (takenOver += 1) });
    if (!("write" in old)) throw new Error("it was not begun");
    await old.write(long, 0);
    const young = await second.create("file", { ...how, resume: {} });
    if (!("write" in young)) throw new Error("it was not gone on with");
    expect([young.durableOffset, takenOver]).toEqual([3 * MiB, 1]);
    await refused("UNAVAILABLE", async () => await old.write(long, long.length));
    await young.discard();
  });

  test("is waited for while it is being committed", async () => {
    const [first, second] = stores;
    const whole = { ...how, size: long.length, durability: "fsync" } as const;
    const old = await first.create("file", whole);
    if (!("write" in old)) throw new Error("it was not begun");
    await old.write(long, 0);
    const committing = old.commit({ crc32: Bun.hash.crc32(long) });
    const again = await second.create("file", { ...whole, resume: {} });
    expect(again).toMatchObject({ committed: { entry: { size: long.length } } });
    await committing;
  });
});
