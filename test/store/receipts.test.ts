/** The journal of commits, which several processes write and read. */
import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { openDiskStore, type Sink, type Store } from "../../src/index.ts";
import { INDEX_TAIL, RECEIPT_SPANS, RECEIPT_STEPS, TRIES_BYTES } from "../../src/limits.ts";
import { Library } from "../../src/store/resolve/library.ts";
import { makePrivateFolder } from "../../src/store/resolve/private-folder.ts";
import { RECORD_SIZE } from "../../src/store/uploads/receipt-record.ts";
import { Receipts } from "../../src/store/uploads/receipts.ts";
import { Tries } from "../../src/store/uploads/tries.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { seededRandom } from "../support/chop.ts";
import { Mounted } from "../support/mounted.ts";
import { until } from "../support/until.ts";
import { create, refused } from "./support.ts";

let folder: TemporaryFolder;
let library: Library;
let open: Disposable[];

beforeEach(() => {
  folder = new TemporaryFolder();
  library = Library.open(folder.path);
  open = [];
});
afterEach(() => {
  for (const one of open) one[Symbol.dispose]();
  library[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** As another process opens it. */
function receipts(retention?: number): Receipts {
  const made = new Receipts(makePrivateFolder(library, "receipts"), retention);
  open.push(made);
  return made;
}

const inJournal = (name = ""): string => folder.at(".leat/receipts", name);
const names = (): string[] => readdirSync(inJournal());
const spans = (): number[] =>
  names()
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
const wanted = (): boolean => false;

function record(journal: Receipts, id: Uint8Array, path: string, crc32: number): void {
  const { facts } = library;
  journal.confirm(journal.recordIntent(id, path, { crc32, durability: "none", facts }));
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("a journal with many records", () => {
  const random = seededRandom(3);
  const ids = Array.from({ length: 12_000 }, () => random.bytes(16));

  async function fill(journal: Receipts, from = 0, to = ids.length): Promise<void> {
    for (let n = from; n < to; n += 1) {
      record(journal, ids[n]!, `file-${n}`, n);
      if (n % 100 === 0) await turn();
    }
    await turn();
  }

  async function finds(journal: Receipts, numbers: readonly number[]): Promise<void> {
    for (const n of numbers) {
      const found = await journal.find(ids[n]!, `file-${n}`, wanted);
      expect(found).toMatchObject([{ crc32: n, published: true }]);
    }
  }

  test("is read once, and then in parts, by each process", async () => {
    const [first, second] = [receipts(), receipts()];
    await fill(first, 0, 9_000);
    expect(statSync(inJournal("1")).size).toBeGreaterThan(8 * INDEX_TAIL);
    await finds(first, [0, 1, 4_500, 8_999]);
    const indexed = readFileSync(inJournal("index/1.end")).readDoubleLE(0);
    expect(statSync(inJournal("1")).size - indexed).toBeLessThanOrEqual(INDEX_TAIL);
    // A record behind the index is found there, then in the index, also by another process.
    await fill(second, 9_000, 9_500);
    await finds(first, [9_000, 9_499, 17]);
    expect(readFileSync(inJournal("index/1.end")).readDoubleLE(0)).toBe(indexed);
    await fill(first, 9_500);
    await finds(second, [3, 9_000, 9_499, 11_999]);
    await finds(first, [3, 11_999]);
    expect(await first.find(random.bytes(16), "file-1", wanted)).toEqual([]);
  });

  test("loses none where one was cut short, in the journal and in the index", async () => {
    const journal = receipts();
    await fill(journal, 0, 3_000);
    appendFileSync(inJournal("1"), readFileSync(inJournal("1")).subarray(0, 77));
    await fill(journal, 3_000, 6_000);
    await finds(journal, [0, 2_999, 3_000, 5_999]);
    for (const name of readdirSync(inJournal("index"))) {
      if (!name.endsWith(".end")) appendFileSync(inJournal(`index/${name}`), "torn");
    }
    await fill(journal, 6_000, 9_000);
    await finds(journal, [1, 2_998, 3_001, 5_998, 6_000, 8_999]);
  });

  test("does nothing for a client that has left", async () => {
    const journal = receipts();
    await fill(journal, 0, 6_000);
    let asked = 0;
    const all = Array.from({ length: 200 }, (_, n) =>
      journal.find(ids[n]!, `file-${n}`, () => {
        asked += 1;
        return true;
      }),
    );
    for (const one of all)
      expect((await one.catch((error: unknown) => error)) as object).toMatchObject({
        code: "CANCELLED",
      });
    expect(asked).toBe(200);
    expect(names()).not.toContain("index");
    await finds(journal, [5_999]);
  });

  test("that cannot be read is reported", async () => {
    record(receipts(), ids[0]!, "file", 1);
    await turn();
    writeFileSync(inJournal("index"), "not a folder");
    await refused("NOT_A_DIRECTORY", () => receipts().find(ids[0]!, "file", wanted));
  });

  test("gives the newest records of an upload also where no index can be written", async () => {
    const journal = receipts();
    for (let n = 0; n < 8_000; n += 1) record(journal, ids[0]!, "file-0", n);
    await turn();
    const shard = (ids[0]![0]! >> 2).toString(16).padStart(2, "0");
    folder.folder(`.leat/receipts/index/1.${shard}`);
    const found = await journal.find(ids[0]!, "file-0", wanted);
    expect(found.length).toBeLessThanOrEqual(256);
    expect(found.at(-1)).toMatchObject({ crc32: 7_999, published: true });
  });

  test("is not slowed down by an upload with thousands of records", async () => {
    const journal = receipts();
    for (let n = 0; n < 8_000; n += 1) record(journal, ids[0]!, "file-0", n);
    await turn();
    await fill(journal, 1, 3_000);
    await finds(journal, [1, 2_999]);
    expect((await journal.find(ids[0]!, "file-0", wanted)).length).toBeLessThanOrEqual(256);
  });
});

describe("a day of receipts", () => {
  /** Milliseconds; a step is a few of them. */
  const DAY = RECEIPT_STEPS * 4;

  test("is over after a day of service, with two processes that both run on", async () => {
    const journals = [receipts(DAY), receipts(DAY)];
    const id = new Uint8Array(16).fill(1);
    record(journals[0]!, id, "old", 1);
    for (let n = 0; Math.max(...spans()) < RECEIPT_SPANS + 4; n += 1) {
      // Both find many times that a new file was begun, and an index of one that was removed.
      for (const journal of journals) {
        const other = crypto.getRandomValues(new Uint8Array(16));
        record(journal, other, "young", n);
        await turn();
        expect(await journal.find(other, "young", wanted)).toMatchObject([{ crc32: n }]);
      }
    }
    for (const journal of journals) expect(await journal.find(id, "old", wanted)).toEqual([]);
    expect(spans().length).toBeLessThanOrEqual(RECEIPT_SPANS + 1);
  });

  test("passes where each process that takes uploads soon ends, and another one serves", async () => {
    const short = { receiptRetention: DAY, partialRetention: 20 };
    await using _served = openDiskStore(folder.path, short);
    {
      await using store = openDiskStore(folder.path);
      const sink = await create(store, "file", { size: 3 });
      await sink.write(Buffer.from("abc"), 0);
      await sink.commit({ crc32: 5 });
    }
    await until(() => Math.max(...spans()) > 2, names);
  });

  test("continues where the process before has ended", async () => {
    const age = (): number => statSync(inJournal("age"), { throwIfNoEntry: false })?.size ?? 0;
    receipts(50 * DAY);
    await until(() => age() > 0, names);
    open.pop()![Symbol.dispose]();
    const served = age();
    expect(served).toBeGreaterThan(0);
    receipts(50 * DAY);
    await until(() => age() > served, age);
  });

  test("does not pass while a clock jumps two days ahead and back", async () => {
    await using store: Store = openDiskStore(folder.path);
    const id = new Uint8Array(16).fill(1);
    const how = { uploadId: id, size: 3, durability: "none", collision: "fail" } as const;
    const put = async (path: string, uploadId: Uint8Array): Promise<void> => {
      await using sink = await create(store, path, { ...how, uploadId });
      await sink.write(Buffer.from("abc"), 0);
      await sink.commit({ crc32: 5 });
      await turn();
    };
    try {
      await put("file", id);
      for (const days of [2, 4, -1, 0]) {
        setSystemTime(days === 0 ? undefined : new Date(Date.now() + days * 86_400_000));
        await put(`other-${days}`, crypto.getRandomValues(new Uint8Array(16)));
        expect(await store.create("file", { ...how, resume: {} })).toMatchObject({
          committed: { crc32: 5 },
        });
        await refused("ALREADY_EXISTS", () => put("file", new Uint8Array(16).fill(2)));
      }
    } finally {
      setSystemTime();
    }
  });

  test("leaves nothing of stores that were killed", async () => {
    writeFileSync(folder.file(".leat/receipts/maker.0badcafe"), "");
    record(receipts(DAY), new Uint8Array(16), "file", 1);
    await until(() => !names().includes("maker.0badcafe"), names);
    expect(names().filter((name) => name.startsWith("maker."))).toHaveLength(1);
  });
});

describe.if(process.platform === "linux" && process.getuid?.() === 0)("a disk that", () => {
  test.each(["is full", "cannot be written to"])("%s still tells of a receipt", async (what) => {
    using disk = new Mounted("tmpfs", "size=1m,nr_inodes=24");
    const how = { uploadId: new Uint8Array(16).fill(1), size: 3, durability: "none" } as const;
    const asked = { ...how, collision: "fail", resume: {} } as const;
    {
      await using store = openDiskStore(disk.path);
      await using sink = await create(store, "file", how);
      await sink.write(Buffer.from("abc"), 0);
      await sink.commit({ crc32: 5 });
    }
    if (what === "is full") {
      for (let n = 0; existsSync(disk.at(".")); n += 1) {
        try {
          writeFileSync(disk.at(`fill-${n}`), Buffer.alloc(n === 0 ? 2 ** 21 : 0));
        } catch (error) {
          if (n > 0) break;
          expect(error).toMatchObject({ code: "ENOSPC" });
        }
      }
    } else disk.remount("ro");
    // As after a restart: nothing is open.
    await using store = openDiskStore(disk.path);
    expect(await store.create("file", asked)).toMatchObject({ committed: { crc32: 5 } });
    const other = { ...asked, uploadId: new Uint8Array(16) };
    await refused(what === "is full" ? "NO_SPACE" : "READ_ONLY", () => store.create("new", other));
  });
});

describe("tries that several processes announce", () => {
  const key = (n: number): string => `${n}`.padStart(32, "k");

  function tries(count: number): Tries[] {
    const own = makePrivateFolder(library, "receipts");
    open.push(own);
    const made = Array.from({ length: count }, () => new Tries(own));
    open.unshift(...made);
    return made;
  }

  test("are read by all, in the same order, over the end of a file", () => {
    const all = tries(3);
    const lines = (2.5 * TRIES_BYTES) / 64;
    for (let n = 0; n < lines; n += 1) {
      const one = all[n % 2]!;
      const number = one.announce(key(n % 7));
      expect(one.isNewest(key(n % 7), number)).toBe(true);
    }
    const last = all[0]!.announce(key(1));
    for (const one of all) {
      one.refresh();
      expect(one.isNewest(key(1), last - 1)).toBe(false);
    }
    // Only what is needed stays.
    expect(names().filter((name) => name.startsWith("tries.")).length).toBeLessThanOrEqual(2);
    const [late] = tries(1);
    expect(late!.isNewest(key(1), 0)).toBe(false);
  });

  test("that a process has missed may be of any upload", () => {
    const [slept, awake] = tries(2);
    const number = slept!.announce(key(1));
    for (let n = 0; n < (3.5 * TRIES_BYTES) / 64; n += 1) awake!.announce(key(2));
    slept!.refresh();
    expect(slept!.isNewest(key(1), number)).toBe(false);
    expect(slept!.isNewest(key(1), slept!.announce(key(1)))).toBe(true);
  });

  test("that a process has missed do not affect later uploads", async () => {
    const put = async (store: Store, path: string): Promise<Sink> => {
      const sink = await create(store, path, { size: 5 });
      await sink.write(Buffer.from("small"), 0);
      return sink;
    };
    await using slept = openDiskStore(folder.path);
    await (await put(slept, "one")).commit({ crc32: 1 });
    const before = await put(slept, "before");
    const [awake] = tries(1);
    for (let n = 0; n < (3.5 * TRIES_BYTES) / 64; n += 1) awake!.announce(key(2));
    const between = await put(slept, "between");
    // Whether this one was tried again meanwhile cannot be known.
    await refused("UNAVAILABLE", () => before.commit({ crc32: 1 }));
    await refused("UNAVAILABLE", () => between.commit({ crc32: 1 }));
    await (await put(slept, "behind")).commit({ crc32: 1 });
    await (await put(slept, "and on")).commit({ crc32: 1 });
  });

  test("are read on after a process was killed before it removed a full file", () => {
    const [first] = tries(1);
    const listed = (): string[] => names().filter((name) => name.startsWith("tries."));
    let left: Buffer | undefined;
    for (let n = 0; listed().length < 2; n += 1) first!.announce(key(n % 7));
    left = readFileSync(inJournal("tries.1"));
    while (existsSync(inJournal("tries.2"))) first!.announce(key(3));
    writeFileSync(inJournal("tries.1"), left);
    const [late] = tries(1);
    const number = first!.announce(key(1));
    late!.refresh();
    expect(number).toBeGreaterThan(0);
    expect(late!.isNewest(key(1), 0)).toBe(false);
    // What was left goes with the next ones.
    while (!existsSync(inJournal("tries.5"))) late!.announce(key(3));
    expect(listed().toSorted()).toEqual(["tries.4", "tries.5"]);
  });

  test("are appended to a full file while the next one cannot be begun", () => {
    const all = tries(2);
    const inTheWay = folder.folder(".leat/receipts/tries.2");
    for (let n = 0; n < (1.2 * TRIES_BYTES) / 64; n += 1) all[n % 2]!.announce(key(n % 7));
    rmdirSync(inTheWay);
    const number = all[0]!.announce(key(1));
    all[1]!.refresh();
    expect(all[1]!.isNewest(key(1), number - 1)).toBe(false);
    expect(names()).toContain("tries.2");
  });

  test("are read behind a record that was cut short", () => {
    const [one, other] = tries(2);
    one!.announce(key(1));
    const name = names().find((found) => found.startsWith("tries."))!;
    appendFileSync(inJournal(name), readFileSync(inJournal(name)).subarray(0, 31));
    const number = one!.announce(key(2));
    expect(number).toBe(2);
    other!.refresh();
    expect(other!.isNewest(key(2), 1)).toBe(false);
  });
});

test("a record is as long as the documentation says", () => {
  expect(2 * RECORD_SIZE).toBe(256);
});
