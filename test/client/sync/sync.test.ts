/** Syncs of random trees, in both directions, against what rsync would make of them. */
import { expect, test } from "bun:test";
import { appendFileSync, chmodSync, lstatSync, readFileSync, rmSync } from "node:fs";
import {
  connect,
  createServer,
  LeatError,
  openDiskStore,
  type Removals,
  type SyncDownOptions,
  type SyncOutcome,
} from "../../../src/index.ts";
import { setModifiedAt } from "../../../src/store/system/posix.ts";
import { seededRandom } from "../../support/chop.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { openUnder, TemporaryFolder } from "../../support/folder.ts";
import { until } from "../../support/until.ts";
import { refusal } from "../../support/refusal.ts";
import { ScriptedServer } from "../../support/scripted-server.ts";
import { startServer } from "../../support/served.ts";
import { LONG } from "../../support/ways.ts";
import { change, folderTimes, picture, plant, synced } from "./trees.ts";

const ROUNDS = LONG ? 400 : 6;

const sorted = (all: Iterable<[string, unknown]>) => [...all].toSorted();

test.each([
  ["down", true],
  ["down", false],
  ["up", true],
  ["up", false],
] as const)(
  "a sync %s with delete %p makes of random trees what rsync makes",
  async (way, isDeleting) => {
    const random = seededRandom(way === "up" ? 1 : 0);
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    await using server = await startServer({ library: library.path, durability: "none" });
    await using client = await connect(server.address);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [local, remote] = [here.at(`${round}`), library.at(`${round}`)];
      const [source, target] = way === "down" ? [remote, local] : [local, remote];
      plant(source, random);
      const sync = async (): Promise<SyncOutcome[]> => {
        // With a pattern, new folders are not moved as a whole.
        const exclude = round % 2 === 0 ? [] : ["no such name"];
        const options = { delete: isDeleting, durability: "none", exclude } as const;
        const outcomes =
          way === "down"
            ? client.syncDownOutcomes(`${round}`, local, options)
            : client.syncUpOutcomes(local, `${round}`, options);
        return await Array.fromAsync(outcomes);
      };
      const first = await sync();
      expect(first.filter(({ error }) => error)).toEqual([]);
      expect(first.length).toBe(picture(source).size); // each is named once
      expect(sorted(picture(target))).toEqual(sorted(picture(source)));
      expect(await sync()).toEqual([]); // nothing is left to do

      change(source, random);
      change(target, random);
      const wanted = synced(picture(source), picture(target), isDeleting);
      const failed = (await sync()).filter(({ error }) => error !== undefined);
      expect(sorted(picture(target))).toEqual(sorted(wanted));
      if (isDeleting) expect(failed).toEqual([]);
      if (isDeleting) expect(await sync()).toEqual([]);
      if (isDeleting && way === "down") {
        expect(sorted(folderTimes(target))).toEqual(sorted(folderTimes(source)));
      }
      rmSync(source, { recursive: true });
      rmSync(target, { recursive: true });
    }
  },
);

test.each(["down", "up"] as const)(
  "a sync %s removes no more than was counted and confirmed, whatever the source loses meanwhile",
  async (way) => {
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    await using server = await startServer({ library: library.path, durability: "none" });
    await using client = await connect(server.address);
    const [source, target] = way === "down" ? [library, here] : [here, library];
    for (const name of ["a", "b", "c/d"]) source.file(`t/${name}`, name);
    target.file("t/old", "o");
    target.file("t/older", "o");
    const options = {
      delete: true,
      maxDelete: 2,
      confirmDelete: ({ files, folders }: Removals): boolean => {
        expect([files, folders]).toEqual([2, 0]);
        rmSync(source.at("t"), { recursive: true });
        source.folder("t");
        return true;
      },
    };
    const outcomes = await Array.fromAsync(
      way === "down"
        ? client.syncDownOutcomes("t", here.at("t"), options)
        : client.syncUpOutcomes(here.at("t"), "t", options),
    );
    const removals = outcomes.filter(({ action }) => action === "remove");
    const errors = removals.flatMap(({ error }) => error?.code ?? []);
    expect(errors).toEqual(["PRECONDITION_FAILED"]);
    expect(removals.length - errors.length).toBe(2);
    expect(picture(target.at("t")).size).toBe(4);
  },
);

/** Runs a sync in each direction, the folders of which are `source` and `target`. */
const eachWay = (
  what: string,
  run: (
    sync: (options?: SyncDownOptions) => Promise<SyncOutcome[]>,
    source: TemporaryFolder,
    target: TemporaryFolder,
  ) => Promise<void>,
  server: object = {},
): void =>
  test.each(["down", "up"] as const)(`%s: ${what}`, async (way) => {
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    await using running = await startServer({ library: library.path, ...server });
    await using client = await connect(running.address);
    const sync = (options: SyncDownOptions = {}): Promise<SyncOutcome[]> =>
      Array.fromAsync(
        way === "down"
          ? client.syncDownOutcomes("t", here.at("t"), options)
          : client.syncUpOutcomes(here.at("t"), "t", options),
      );
    await (way === "down" ? run(sync, library, here) : run(sync, here, library));
  });

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);
const told = (outcomes: SyncOutcome[]): string[] =>
  outcomes.map(({ action, path, error }) => `${action} ${path}${error === undefined ? "" : error}`);

eachWay("other permissions are set, without the file", async (sync, source, target) => {
  for (const name of ["a", "b", "large"])
    source.file(`t/${name}`, name === "large" ? Buffer.alloc(200_000) : name);
  await sync();
  const inode = lstatSync(target.at("t/a")).ino;
  chmodSync(source.at("t/a"), 0o600);
  chmodSync(source.at("t/large"), 0o755);
  chmodSync(target.at("t/b"), 0o640);
  expect(await sync({ modes: false })).toEqual([]);
  const planned = await sync({ dryRun: true });
  expect(told(planned)).toEqual(["attributes t/a", "attributes t/b", "attributes t/large"]);
  expect(modeOf(target.at("t/a"))).toBe("644");
  expect(told(await sync()).toSorted()).toEqual(told(planned));
  expect(["a", "b", "large"].map((name) => modeOf(target.at("t", name)))).toEqual([
    "600",
    "644",
    "755",
  ]);
  expect(lstatSync(target.at("t/a")).ino).toBe(inode);
  expect(await sync()).toEqual([]);
});

eachWay("a file that is copied gets other permissions, too", async (sync, source, target) => {
  const names = ["small", "large"];
  for (const name of names) source.file(`t/${name}`, name);
  await sync();
  source.file("t/small", "longer");
  source.file("t/large", Buffer.alloc(200_000));
  for (const name of names) chmodSync(source.at("t", name), 0o700);
  expect(told(await sync()).toSorted()).toEqual(["copy t/large", "copy t/small"]);
  expect(names.map((name) => modeOf(target.at("t", name)))).toEqual(["700", "700"]);
  expect(picture(target.at("t"))).toEqual(picture(source.at("t")));
  expect(await sync()).toEqual([]);
});

eachWay("bits that the umask takes do not count", async (sync, source, target) => {
  source.file("t/a", "a");
  chmodSync(source.at("t/a"), 0o666);
  await sync();
  expect(modeOf(target.at("t/a"))).toBe("644");
  expect(await sync()).toEqual([]);
});

eachWay("with --checksum, another time is set without the file", async (sync, source, target) => {
  source.file("t/same", "same");
  source.file("t/other", "abc");
  await sync();
  source.file("t/other", "xyz");
  chmodSync(source.at("t/same"), 0o600);
  for (const name of ["same", "other"])
    setModifiedAt(source.at("t", name), { seconds: 77, nanoseconds: 7 });
  const inode = lstatSync(target.at("t/same")).ino;
  expect(told(await sync({ checksum: true })).toSorted()).toEqual([
    "attributes t/same",
    "copy t/other",
  ]);
  expect(lstatSync(target.at("t/same")).ino).toBe(inode);
  expect(picture(target.at("t"))).toEqual(picture(source.at("t")));
  expect(await sync({ checksum: true })).toEqual([]);
});

test("a file whose mode cannot be set is replaced all the same, unless it is more open than the source", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  const modes = { closed: 0o600, open: 0o755 };
  for (const [name, mode] of Object.entries(modes)) {
    library.file(`t/${name}`, "old");
    here.file(`t/${name}`, "the new one");
    chmodSync(library.at("t", name), mode);
    chmodSync(here.at("t", name), 0o644);
  }
  const store = openDiskStore(library.path);
  store.setAttributes = () => {
    throw new LeatError("PERMISSION_DENIED", "another user owns it");
  };
  await using server = await createServer({ store, durability: "none" });
  await using client = await connect(server.address);
  const told: unknown[] = [];
  for await (const { path, error } of client.syncUpOutcomes(here.at("t"), "t")) {
    told.push([path, error?.code]);
  }
  expect(told.toSorted()).toEqual([
    ["t/closed", undefined],
    ["t/open", "PERMISSION_DENIED"],
  ]);
  const contents = (name: string): string => readFileSync(library.at("t", name), "utf8");
  expect(["closed", "open"].map(contents)).toEqual(["the new one", "old"]);
});

test("a server that gives all files the same permissions is not asked to set others", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  here.file("t/a", "a");
  chmodSync(here.at("t/a"), 0o600);
  await using server = await startServer({ library: library.path, fileMode: 0o644 });
  await using client = await connect(server.address);
  for (const files of [1, 0]) {
    expect(await client.syncUp(here.at("t"), "t")).toMatchObject({ files, attributes: 0 });
    expect(modeOf(library.at("t/a"))).toBe("644");
  }
});

test("a file of the same size and a time that is a second later is copied", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  for (const seconds of [1_600_000_000, 1_600_000_001]) {
    setModifiedAt(library.file("t/a", `${seconds}`), { seconds, nanoseconds: 0 });
    expect(await client.syncDown("t", here.at("t"))).toMatchObject({ files: 1 });
    expect(picture(here.at("t"))).toEqual(picture(library.at("t")));
  }
});

test("a file that changes while it is copied is copied once more", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  library.file("t/large", Buffer.alloc(9_000_000, "a"));
  library.file("t/small", "b");
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  let changes = 0;
  const change = (): void => {
    if (changes++ === 0) library.file("t/large", "another one");
  };
  const summary = await client.syncDown("t", here.at("t"), { onProgress: change });
  expect(summary).toMatchObject({ files: 2, removed: 0 });
  expect(sorted(picture(here.at("t")))).toEqual(sorted(picture(library.at("t"))));

  // One that never stops is named.
  library.file("t/large", Buffer.alloc(9_000_000, "c"));
  const grow = (): void => appendFileSync(library.at("t/large"), "d");
  const failed = client.syncDown("t", here.at("t"), { onProgress: grow, durability: "none" });
  expect(await refusal(failed)).toMatchObject({ code: "CHANGED", failed: 1 });
});

test("a sync that is given up leaves nothing open", async () => {
  const random = seededRandom(4);
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  for (let index = 0; index < 40; index += 1) plant(library.at("t", `${index}`), random, 2);
  here.folder("t");
  for (let index = 0; index < 40; index += 1) here.folder(`t/${index}`);
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  for (const after of [0, 1, 5, 20]) {
    const stop = new AbortController();
    let seen = 0;
    const run = async (): Promise<void> => {
      const options = { signal: stop.signal, durability: "none" } as const;
      for await (const { error } of client.syncDownOutcomes("t", here.at("t"), options)) {
        expect(error).toBeUndefined();
        if (++seen === after) stop.abort();
      }
    };
    if (after === 0) stop.abort();
    expect(await refusal(run())).toMatchObject({ code: "CANCELLED" });
    await until(() => openUnder(here.path).length === 0); // a transfer may still be ending
    for await (const _ of client.syncDownOutcomes("t", here.at("t"), { durability: "none" })) break;
    await until(() => openUnder(here.path).length === 0); // a transfer may still be ending
  }
});

test("a sync goes on over another connection when its own is cut", async () => {
  const random = seededRandom(5);
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  for (let index = 0; index < 30; index += 1) plant(library.at("t", `${index}`), random, 1);
  plant(here.at("t"), random);
  await using server = await startServer({ library: library.path, durability: "none" });
  using proxy = new FaultProxy(server.port, (connection) =>
    connection < 5 ? { cutDown: 100_000 + connection * 50_000 } : {},
  );
  await using client = await connect(proxy.address, { retry: 30_000 });
  const options = { delete: true, durability: "none" } as const;
  await client.syncDown("t", here.at("t"), options);
  expect(sorted(picture(here.at("t")))).toEqual(sorted(picture(library.at("t"))));
  expect(proxy.connections).toBeGreaterThan(1);
});

test("a sync that is given up does not wait for an answer about removals", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  library.folder("t");
  here.file("t/old");
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  const stop = new AbortController();
  const confirmDelete = (): Promise<boolean> => {
    stop.abort();
    return new Promise(() => {});
  };
  const done = client.syncDown("t", here.at("t"), {
    delete: true,
    confirmDelete,
    signal: stop.signal,
  });
  expect(await refusal(done)).toMatchObject({ code: "CANCELLED" });
  expect(picture(here.at("t")).size).toBe(1);
});

test("a dry run tells of a folder that has vanished, too", async () => {
  using here = new TemporaryFolder();
  const entry = { name: "t", kind: "DIRECTORY" } as const;
  const failure = { code: "NOT_FOUND", message: "gone" } as const;
  using server = new ScriptedServer({
    request: ({ case: operation }, stream, peer) => {
      if (operation === "stat") return peer.answer(stream, { case: "stat", value: entry });
      if (operation !== "walk") return peer.fail(stream, "NOT_FOUND");
      peer.walk(stream, [{ entry }, { failure }]);
    },
  });
  await using client = await connect(server.address);
  const outcomes = await Array.fromAsync(
    client.syncDownOutcomes("t", here.at("t"), { dryRun: true }),
  );
  expect(outcomes.map(({ action, error }) => [action, error?.code])).toEqual([
    ["make", undefined],
    ["copy", "NOT_FOUND"],
  ]);
});

test("an empty file that is the same is not sent along with its name", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  for (const name of ["t/empty", "t/f/empty"]) library.file(name);
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  await client.syncDown("t", here.at("t"));
  const before = (await client.status()).bytesSent;
  expect(await client.syncDown("t", here.at("t"))).toMatchObject({ unchanged: 2, files: 0 });
  const walk = (await client.status()).bytesSent - before;
  for (const name of ["t/empty", "t/f/empty"]) library.file(name, "x".repeat(100_000));
  for (const name of ["t/empty", "t/f/empty"]) here.file(name, "x".repeat(100_000));
  const between = (await client.status()).bytesSent;
  await client.syncDown("t", here.at("t"), { existing: true, dryRun: true });
  // Sizes take some bytes more, and an empty file that is sent along has a version of 22.
  expect((await client.status()).bytesSent - between).toBeGreaterThanOrEqual(walk);
});

test("a sync that nobody waits for any more leaves nothing open", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  for (let index = 0; index < 200; index += 1) library.file(`t/${index}`, "x");
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  for await (const _ of client.syncDownOutcomes("t", here.at("t"))) break;
  await until(() => openUnder(here.path).length === 0);
});
