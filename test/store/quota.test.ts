/** A quota counts what is there, whatever is done to it, by how many processes, and however they end. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Mounted, noMount } from "../support/mounted.ts";
import { refusal, refusalCode } from "../support/refusal.ts";
import type { CreateOptions, Sink, Store } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { DiskStore } from "../../src/store/disk/disk.ts";
import { sweepUsers } from "../../src/store/uploads/absent-users.ts";
import { KEPT_BOUNDS } from "../../src/store/uploads/kept-partials.ts";
import { Library } from "../../src/store/resolve/library.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const QUOTA = 10 * MiB;
const FILES = 12;

let folder: TemporaryFolder;
let store: DiskStore;
beforeEach(() => {
  folder = new TemporaryFolder();
  folder.folder("root");
  store = open();
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function open(run = "run", partialRetention?: number): DiskStore {
  return DiskStore.open(folder.path, {
    part: { path: "root", followsLinks: true, home: "alice" },
    quota: { bytes: QUOTA, files: FILES, run },
    partialRetention,
  });
}

async function reopen(run?: string): Promise<void> {
  await store[Symbol.asyncDispose]();
  store = open(run);
}

/** Bytes that count as used. */
const used = (of: DiskStore = store): number => QUOTA - of.freeBytes()!;

let uploads = 0;

async function begin(
  path: string,
  options: Partial<CreateOptions> = {},
  of: Store = store,
): Promise<Sink> {
  const uploadId = Buffer.alloc(16, (uploads += 1));
  const created = await of.create(path, {
    uploadId,
    collision: "fail",
    durability: "none",
    ...options,
  });
  if (!("write" in created)) throw new Error("it was not begun");
  return created;
}

/** @param of on which it is stored */
async function put(path: string, size: number, options: Partial<CreateOptions> = {}, of?: Store) {
  const sink = await begin(path, { size, ...options }, of);
  await sink.write(Buffer.alloc(size, "x"), 0);
  return await sink.commit();
}

/** Counts on disk, as the next server does. */
async function recounted(): Promise<number> {
  await reopen(`run ${Math.random()}`);
  await put("probe", 0);
  const bytes = used();
  await store.remove("probe");
  return bytes;
}

describe("counts", () => {
  test("files that come, are replaced, renamed over and removed", async () => {
    await put("a", 2 * MiB);
    await put("b", 300);
    expect(used()).toBe(2 * MiB + 300);
    await put("a", 100, { collision: "replace" });
    expect(used()).toBe(400);
    await put("c", 3 * MiB, { collision: "replace", durability: "fsync" });
    await store.rename("b", "c", true);
    expect(used()).toBe(400);
    expect(store.writeWhole("", { name: "d" }, Buffer.alloc(50), false)).toBeDefined();
    expect(store.writeWhole("", { name: "d" }, Buffer.alloc(50), false)).toBeUndefined();
    const replacing = { name: "d", replaces: true };
    expect(store.writeWhole("", replacing, Buffer.alloc(70), false)).toBeDefined();
    expect(used()).toBe(470);
    expect(store.writeWhole("", replacing, Buffer.alloc(50), false)).toBeDefined();
    await store.remove("c");
    expect(used()).toBe(150);
    expect(await recounted()).toBe(150);
  });

  test("files, folders and links by their number", async () => {
    await store.makeDirectory("d/e/f", true);
    await store.makeDirectory("d/e", true);
    await store.makeLink("l", "d", { collision: "fail", durability: "none" });
    await store.makeLink("l", "d/e", { collision: "replace", durability: "none" });
    for (let n = 5; n <= FILES; n += 1) await put(`f-${n}`, 1);
    const full = "QUOTA_EXCEEDED";
    expect(await refusalCode(put("more", 0))).toBe(full);
    expect(store.writeWhole("", { name: "more" }, Buffer.alloc(0), false)).toBeUndefined();
    const make = async () => await store.makeDirectory("g", false);
    expect(await refusalCode(make())).toBe(full);
    const link = async () =>
      await store.makeLink("m", "d", { collision: "fail", durability: "none" });
    expect(await refusalCode(link())).toBe(full);
    await store.makeDirectory("d/e", true); // it is there
    await store.remove("d/e/f");
    await put("more", 0);
    expect(await refusalCode(make())).toBe(full);
    await reopen("next");
    expect(await refusalCode(make())).toBe(full);
    await store.remove("more");
    await make();
  });

  test("nothing of what fails", async () => {
    await put("a", 1000);
    expect(await refusalCode(put("a", 2000))).toBe("ALREADY_EXISTS");
    expect(await refusalCode(put("no/b", 2000))).toBe("NOT_FOUND");
    await (await begin("c", { size: 3 * MiB })).discard();
    const short = await begin("d", { size: 3 * MiB, durability: "fsync" });
    expect(await refusalCode(short.commit())).toBe("SIZE_MISMATCH");
    expect(used()).toBe(1000);
    expect(await refusalCode(begin("e", { size: QUOTA }))).toBe("QUOTA_EXCEEDED");
    expect(used()).toBe(1000);
  });

  test("what is announced, and of an unknown size what has come", async () => {
    const announced = await begin("a", { size: 6 * MiB });
    expect(used()).toBe(6 * MiB);
    const unknown = await begin("b");
    await unknown.write(Buffer.alloc(4 * MiB), 0);
    const write = async () => await unknown.write(Buffer.alloc(1), 4 * MiB);
    expect(await refusalCode(write())).toBe("QUOTA_EXCEEDED");
    await unknown.discard();
    await announced.discard();
    expect(used()).toBe(0);
  });

  test("unfinished uploads as far as they have come, until they go", async () => {
    const uploadId = Buffer.alloc(16, "u");
    const options = { uploadId, size: 5 * MiB, resume: {} };
    const first = await begin("a", options);
    await first.write(Buffer.alloc(3 * MiB), 0);
    await first.keep(2 * MiB);
    expect(used()).toBe(2 * MiB);
    expect(await recounted()).toBe(2 * MiB);
    const second = await begin("a", options);
    expect([second.durableOffset, used()]).toEqual([2 * MiB, 5 * MiB]);
    await second.write(Buffer.alloc(3 * MiB), 2 * MiB);
    await second.commit();
    expect([used(), await recounted()]).toEqual([5 * MiB, 5 * MiB]);
    const third = await begin("b", { ...options, size: 3 * MiB });
    await third.write(Buffer.alloc(2 * MiB), 0);
    await third.keep();
    expect(used()).toBe(7 * MiB);
    await reopen();
    await store[Symbol.asyncDispose]();
    store = open("run", 1); // it is too old now
    await until(() => used() === 5 * MiB, used);
  });

  test("those of absent users that are removed", async () => {
    const sink = await begin("a", { size: 3 * MiB, resume: {} });
    await sink.write(Buffer.alloc(2 * MiB), 0);
    await sink.keep();
    await store[Symbol.asyncDispose]();
    {
      using library = Library.open(folder.path);
      await sweepUsers(library, KEPT_BOUNDS, Number.MAX_SAFE_INTEGER);
    }
    store = open();
    expect(used()).toBe(0);
  });
});

test("partials of absent users are removed, though those of one of them cannot be", async () => {
  await store[Symbol.asyncDispose]();
  const homes = ["a", "b", "c"].map((name) => `.leat/users/${name}`);
  for (const home of homes) {
    folder.file(`${home}/partial/left`, "x");
    folder.file(`${home}/quota/usage`, "");
    chmodSync(folder.at(home, "quota"), 0);
  }
  chmodSync(folder.path, 0o755);
  if (process.getuid?.() === 0) Bun.spawnSync(["chown", "-R", "nobody", folder.at(".leat")]);
  const left = (): string[] =>
    homes.filter((home) => existsSync(folder.at(home, "partial/left"))).map((home) => home.at(-1)!);
  const sweep = (): string[] => {
    Bun.spawnSync([process.execPath, join(import.meta.dir, "users-sweeper.ts"), folder.path]);
    return left();
  };
  expect(sweep()).toEqual(["a", "b", "c"]);
  for (const home of [homes[0]!, homes[2]!]) chmodSync(folder.at(home, "quota"), 0o700);
  expect(sweep()).toEqual(["b"]);
  chmodSync(folder.at(homes[1]!, "quota"), 0o700);
  rmSync(folder.at(".leat"), { recursive: true });
  store = open();
});

describe("of several processes", () => {
  test("is one, however many upload at once", async () => {
    await using other = open();
    const both = [store, other] as const;
    for (const each of both) await each.makeDirectory("counted", true);
    const all = Array.from({ length: 10 }, (_, n) => put(`f-${n}`, 3 * MiB, {}, both[n % 2]));
    const done = await Promise.allSettled(all);
    expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect([used(), used(other)]).toEqual([9 * MiB, 9 * MiB]);
  });

  test("waits for the one that counts", async () => {
    for (let n = 0; n < FILES - 1; n += 1) folder.file(`root/f-${n}`, "x");
    await store[Symbol.asyncDispose]();
    store = open("next");
    await using other = open("next");
    await put("last", 7, {}, other);
    expect([used(), used(other)]).toEqual([FILES + 6, FILES + 6]);
    expect(await refusalCode(put("one too many", 0))).toBe("QUOTA_EXCEEDED");
  });

  test("is counted anew where one of them was killed", async () => {
    await put("a", 1000);
    await store[Symbol.asyncDispose]();
    await using child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "quota-holder.ts"), folder.path],
      { stdout: "pipe", stderr: "ignore", killSignal: "SIGKILL" },
    );
    const reader = child.stdout.getReader();
    await reader.read(); // it has begun its upload
    store = open();
    expect(used()).toBe(1000 + 5 * MiB);
    await store[Symbol.asyncDispose]();
    child.kill("SIGKILL");
    await child.exited;
    store = open();
    await put("b", 1);
    expect(used()).toBe(1001);
  });
});

test("figures are kept as long as the server runs, and are counted when it starts", async () => {
  await put("a", 1000);
  folder.file("root/from-elsewhere", new Uint8Array(500));
  await reopen();
  expect(used()).toBe(1000);
  await reopen("next");
  await put("b", 1);
  expect(used()).toBe(1501);
});

/** Where the processes that count share the figures. */
function memory(): string {
  const name = readFileSync(folder.at(".leat/users/alice/quota/usage")).readBigUInt64LE(48);
  return `/dev/shm/leat-usage-${name.toString(16).padStart(16, "0")}`;
}

describe.if(process.platform === "linux")("the memory of the figures", () => {
  test("is none of the library: where that is full, a change would end the process", async () => {
    await put("a", 1000);
    const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
    expect(maps.filter((line) => line.includes(folder.path))).toEqual([]);
    expect(maps.filter((line) => line.endsWith(memory()))).not.toEqual([]);
  });

  test("is given back when nobody counts", async () => {
    await put("a", 1000);
    {
      await using other = open();
      await put("b", 500, {}, other);
      await store[Symbol.asyncDispose]();
      expect(existsSync(memory())).toBe(true);
    }
    expect(existsSync(memory())).toBe(false);
    store = open();
    expect(used()).toBe(1500);
    await store[Symbol.asyncDispose]();
    store = open("next");
    await store[Symbol.asyncDispose](); // while it counts
    expect(existsSync(memory())).toBe(false);
    store = open();
  });

  test("that is out of reach, as in another container, ends changes and not reading", async () => {
    await put("a", 1000);
    unlinkSync(memory());
    await using other = open();
    expect(other.stat("a").size).toBe(1000);
    const told = await refusal(put("b", 1, {}, other));
    expect(told.code).toBe("UNAVAILABLE");
    expect(told.message).toContain("need the same /dev/shm");
    await store[Symbol.asyncDispose]();
    await put("b", 1, {}, other);
    expect(used(other)).toBe(1001);
    store = open();
  });
});

const why = noMount();

describe.if(why === undefined)("on a disk without room", () => {
  test.each(["size=1m", "size=1m,nr_inodes=16"])(
    "(%s) its user reads, and changes later",
    async (options) => {
      using disk = new Mounted("tmpfs", options);
      mkdirSync(disk.at("root"));
      writeFileSync(disk.at("root/a"), "contents");
      writeFileSync(
        disk.at("fill"),
        new Uint8Array(options.includes("inodes") ? 0 : statfsSync(disk.path).bavail * 4096),
      );
      let fills = 0;
      const fill = (): void => writeFileSync(disk.at(`fill-${fills}`), "");
      for (; statfsSync(disk.path).ffree > 0 && fills < 16; fills += 1) fill();
      const part = { path: "root", followsLinks: true, home: "alice" };
      const quota = { bytes: 100_000, files: FILES, run: "run" };
      await using full = DiskStore.open(disk.path, { part, quota });
      expect(full.stat("a").size).toBe(8);
      const make = async () => await full.makeDirectory("d", false);
      expect(await refusalCode(make())).toBe("NO_SPACE");
      rmSync(disk.at("fill"));
      for (let n = 0; n < fills; n += 1) rmSync(disk.at(`fill-${n}`));
      await make();
      expect(full.freeBytes()).toBe(100_000 - 8);
    },
  );
});

test("figures of a time without a quota, or of another root, are not used", async () => {
  await put("a", 1000);
  await store[Symbol.asyncDispose]();
  const part = { path: "root", followsLinks: true, home: "alice" };
  const without = DiskStore.open(folder.path, { part });
  await put("b", 500, {}, without);
  await without[Symbol.asyncDispose]();
  store = open();
  await put("c", 1);
  expect(used()).toBe(1501);
  folder.folder("other");
  const quota = { bytes: QUOTA, run: "run" };
  await using other = DiskStore.open(folder.path, { part: { ...part, path: "other" }, quota });
  const waiting = put("d", 1, {}, other);
  await store[Symbol.asyncDispose]();
  await waiting;
  expect(used(other)).toBe(1);
  store = open();
});

test("a folder keeps the right of the server to count what is in it", async () => {
  expect((await store.makeDirectory("d", false, "none", { mode: 0o011 })).mode).toBe(0o711);
  expect((await store.makeDirectory("d", true, "none", { mode: 0o300 })).mode).toBe(0o711);
});

test("a folder of somebody else that may not be read, as a lost+found, counts as one name", async () => {
  await store[Symbol.asyncDispose]();
  folder.file("root/lost+found/lost", new Uint8Array(500));
  folder.file("root/a", new Uint8Array(100));
  chmodSync(folder.path, 0o777);
  chmodSync(folder.at("root"), 0o777);
  chmodSync(folder.at("root/lost+found"), process.getuid?.() === 0 ? 0o700 : 0);
  rmSync(folder.at(".leat"), { recursive: true, force: true }); // that of root
  const counter = join(import.meta.dir, "quota-counter.ts");
  const child = Bun.spawnSync([process.execPath, counter, folder.path]);
  chmodSync(folder.at("root/lost+found"), 0o700);
  expect(child.stdout.toString()).toBe("100\n");
  rmSync(folder.at(".leat"), { recursive: true });
  store = open();
});
