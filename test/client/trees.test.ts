/** Trees through the library: servers that lie, files that fail, walks that are given up. */
import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { chmodSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connectInMemory } from "../../src/testing.ts";
import { connect, TreeError } from "../../src/index.ts";
import type { TreeOutcome, LeftOut } from "../../src/index.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { crc32 } from "../../src/hash.ts";
import { MAX_WALKS, TREE_OUTCOMES } from "../../src/limits.ts";
import type { Entry, TreeItem } from "../../src/wire/gen/messages.ts";
import { encodeMessage, type Init } from "../../src/wire/plain.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { startServer } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { until } from "../support/until.ts";
import { type Operation, type Peer, ScriptedServer } from "../support/scripted-server.ts";

async function all(
  tree: AsyncGenerator<TreeOutcome, LeftOut>,
): Promise<{ outcomes: TreeOutcome[]; summary: LeftOut }> {
  const outcomes: TreeOutcome[] = [];
  let next = await tree.next();
  for (; next.done !== true; next = await tree.next()) outcomes.push(next.value);
  return { outcomes, summary: next.value };
}

const failures = (outcomes: readonly TreeOutcome[]): string[] =>
  outcomes
    .filter(({ error }) => error !== undefined)
    .map(({ path, error }) => `${path} ${error?.code}`)
    .toSorted();

describe("a tree from a server that lies", () => {
  const NAMES = [".", "..", "bell\u0007", "nul\0", "x".repeat(300)];

  const serve = (
    answer: (operation: Operation, stream: number, peer: Peer) => void,
  ): ScriptedServer =>
    new ScriptedServer({
      request: (operation, stream, peer) => {
        if (operation.case !== "stat") return answer(operation, stream, peer);
        peer.answer(stream, { case: "stat", value: { name: "t", kind: "DIRECTORY" } });
      },
    });

  test.each([
    ["FILE", "walk"],
    ["DIRECTORY", "walk"],
    ["FILE", "list"],
    ["DIRECTORY", "list"],
  ] as const)("about names of kind %s in a %s stays inside", async (kind, by) => {
    using local = new TemporaryFolder();
    const entries = [...NAMES, "good"].toSorted().map((name) => ({ name, kind, size: 1 }));
    using server = serve((operation, stream, peer) => {
      if (operation.case === "walk" && by === "walk") {
        const leave = kind === "DIRECTORY" ? 1 : 0;
        const items = entries.map((entry, index) => ({ entry, leave: index === 0 ? 0 : leave }));
        return peer.walk(stream, items);
      }
      if (operation.case === "walk") return peer.fail(stream, "UNIMPLEMENTED");
      if (operation.case !== "list") return peer.fail(stream, "NOT_FOUND");
      const listed = operation.value.path === "t" ? entries : [];
      peer.answer(stream, { case: "list", value: { entries: listed } });
      peer.frame(stream, { case: "finish", value: {} });
    });
    await using client = await connect(server.address);
    const { outcomes } = await all(client.getTreeOutcomes("t", local.at("t")));
    const refused = outcomes.filter(({ error }) => error?.code === "INVALID_NAME");
    expect(refused).toHaveLength(NAMES.length);
    expect(readdirSync(local.path, { recursive: true }).toSorted()).toEqual(
      kind === "FILE" ? ["t"] : ["t", "t/good"],
    );
  });

  test("or fails in the middle: the rest may be there at once when it is asked for", async () => {
    using local = new TemporaryFolder();
    const folder = (name: string) => ({ entry: { name, kind: "DIRECTORY" } }) as const;
    using server = serve((operation, stream, peer) => {
      if (operation.case !== "walk") return peer.fail(stream, "NOT_FOUND");
      const { after } = operation.value;
      if (after === "a/") return peer.walk(stream, [{ leave: 1, ...folder("b") }]);
      const bytes = encodeMessage("TreeItem", folder("a"), true);
      peer.answer(stream, { case: "walk", value: { entry: { name: "t", kind: "DIRECTORY" } } });
      peer.data(stream, 0, bytes, crc32(bytes));
      peer.fail(stream, "UNAVAILABLE");
    });
    await using client = await connect(server.address, { retry: 30_000 });
    const { outcomes } = await all(client.getTreeOutcomes("t", local.at("t")));
    expect(failures(outcomes)).toEqual([]);
    expect(readdirSync(local.at("t")).toSorted()).toEqual(["a", "b"]);
  });

  const file = (name: string): Init<Entry> => ({ name, kind: "FILE", size: 0 });
  test.each<[string, readonly Init<TreeItem>[]]>([
    ["leaves a folder that it did not enter", [{ leave: 1, entry: file("a") }]],
    ["lists a name twice", [{ entry: file("a") }, { entry: file("a") }]],
    ["lists names that go down", [{ entry: file("b") }, { entry: file("a") }]],
    [
      "lists names that go down around a folder",
      [{ entry: { name: "b", kind: "DIRECTORY" } }, { leave: 1, entry: file("a") }],
    ],
    ["lists a name that is empty", [{ entry: file("") }]],
    ["lists a path", [{ entry: file("a/b") }]],
    ["sends contents of a folder", [{ entry: { name: "a", kind: "DIRECTORY" }, contents: true }]],
    [
      "ends in the middle of contents",
      [{ entry: { ...file("a"), size: 5, version: "v" }, contents: true }],
    ],
    [
      "nests folders without end",
      Array.from({ length: 300 }, () => ({ entry: { name: "a", kind: "DIRECTORY" } })),
    ],
  ])("and %s is not believed", async (_, items) => {
    using local = new TemporaryFolder();
    using server = serve((operation, stream, peer) => {
      if (operation.case === "walk") return peer.walk(stream, items);
      peer.fail(stream, "NOT_FOUND");
    });
    await using client = await connect(server.address);
    const { outcomes } = await all(client.getTreeOutcomes("t", local.at("t")));
    expect(failures(outcomes)).toContain("t PROTOCOL_ERROR");
  });
});

test("a tree goes on behind the last item when its connection is cut, again and again", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  for (let i = 0; i < 400; i++)
    library.file(`t/${i % 7}/${i % 5}/${i}`, Buffer.alloc(3000, `${i}`));
  await using server = await startServer({ library: library.path, durability: "none" });
  // Every connection but the last carries some more before it is cut.
  using proxy = new FaultProxy(server.port, (connection) =>
    connection < 8 ? { cutDown: 60_000 + connection * 20_000 } : {},
  );
  await using client = await connect(proxy.address, { retry: 30_000 });
  const { outcomes } = await all(
    client.getTreeOutcomes("t", local.at("t"), { durability: "none" }),
  );
  expect(failures(outcomes)).toEqual([]);
  expect(proxy.connections).toBe(9);
  const files = outcomes.filter(({ kind }) => kind === "FILE").map(({ path }) => path);
  expect(files).toHaveLength(400);
  expect(new Set(files).size).toBe(400);
  for (const path of files) {
    expect(readFileSync(local.at(path), "latin1")).toBe(readFileSync(library.at(path), "latin1"));
  }
});

test("more trees at once than a connection has walks, and syncs, all come", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  for (let i = 0; i < 60; i++) library.file(`t/${i % 3}/${i}`, Buffer.alloc(100_000, `${i}`));
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  const options = { durability: "none" } as const;
  const trees = Array.from({ length: 2 * MAX_WALKS }, (_, i) =>
    i % 2 === 0
      ? client.getTree("t", local.at(`${i}`), options)
      : client.syncDown("t", local.at(`${i}`), options),
  );
  for (const { files } of await Promise.all(trees)) expect(files).toBe(60);
});

test("a tree of which nobody reads the outcomes stops", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  for (let i = 0; i < 3 * TREE_OUTCOMES; i++) library.file(`t/${i}`);
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  const outcomes = client.getTreeOutcomes("t", local.at("t"), { durability: "none" });
  await outcomes.next();
  const came = () => readdirSync(local.at("t")).length;
  await until(() => came() >= TREE_OUTCOMES);
  for (let i = 0; i < 500; i++) await client.stat("t/0"); // more would come meanwhile
  expect(came()).toBeLessThan(2 * TREE_OUTCOMES);
  let rest = 1;
  for await (const _ of outcomes) rest += 1;
  expect(rest).toBe(3 * TREE_OUTCOMES + 1);
});

test("several trees and files go in one call, and a failure of one does not stop the others", async () => {
  using local = new TemporaryFolder();
  local.file("t/a", "a");
  local.file("b", "b");
  await using leat = await connectInMemory();
  const roots = ["t", "missing", "b"].map((name) => ({ path: name, local: local.at(name) }));
  const up = await all(leat.client.putTrees(roots));
  expect(failures(up.outcomes)).toEqual(["missing NOT_FOUND"]);
  const back = roots.map(({ path }) => ({ path, local: local.at(`back-${path}`) }));
  const down = await all(leat.client.getTrees(back));
  expect(failures(down.outcomes)).toEqual(["missing NOT_FOUND"]);
  expect(readFileSync(local.at("back-t/a"), "utf8")).toBe("a");
  expect(readFileSync(local.at("back-b"), "utf8")).toBe("b");
});

describe("a tree", () => {
  test("of 5,000 files and more than a page comes whole; and goes whole", async () => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    for (let i = 0; i < 5000; i++) library.file(`many/${i % 3}/${i} ${"long ".repeat(40)}`, `${i}`);
    await using leat = await connectInMemory({ library: library.path, durability: "none" });
    const quickly = { durability: "none" } as const;
    const down = await all(leat.client.getTreeOutcomes("many", local.at("many"), quickly));
    expect(failures(down.outcomes)).toEqual([]);
    expect(down.outcomes.filter(({ kind }) => kind === "FILE")).toHaveLength(5000);
    const sums = (path: string) =>
      (readdirSync(path, { recursive: true }) as string[])
        .toSorted()
        .map((name) => (name.length < 3 ? name : `${name} ${readFileSync(`${path}/${name}`)}`));
    expect(sums(local.at("many"))).toEqual(sums(library.at("many")));

    for (let i = 1000; i < 5000; i++) rmSync(local.at(`many/${i % 3}/${i} ${"long ".repeat(40)}`));
    const up = await all(leat.client.putTreeOutcomes(local.at("many"), "up"));
    expect(failures(up.outcomes)).toEqual([]);
    expect(sums(library.at("up"))).toEqual(sums(local.at("many")));
  });

  test("goes on without files that vanish or cannot be read, and tells of them", async () => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    for (const name of ["a", "b", "c", "d/e"]) library.file(`t/${name}`, name);
    const disk = openDiskStore(library.path);
    const store = new Proxy(disk, {
      get(target, key) {
        if (key === "page") {
          return async (...args: Parameters<typeof disk.page>) => {
            const page = await target.page(...args);
            if (args[0] === "t") rmSync(library.at("t/b"));
            return page;
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await using leat = await connectInMemory({ store });
    const { outcomes } = await all(leat.client.getTreeOutcomes("t", local.at("t")));
    expect(failures(outcomes)).toEqual(["t/b NOT_FOUND"]);
    expect(readdirSync(local.at("t")).toSorted()).toEqual(["a", "c", "d"]);

    if (process.getuid?.() === 0) return;
    chmodSync(local.at("t/a"), 0);
    const up = await all(leat.client.putTreeOutcomes(local.at("t"), "up"));
    expect(failures(up.outcomes)).toEqual(["up/a PERMISSION_DENIED"]);
    expect(readdirSync(library.at("up")).toSorted()).toEqual(["c", "d"]);
  });

  test("is given up by its signal, or when its iteration ends, and leaves no partial", async () => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    await using leat = await connectInMemory({ library: library.path });
    for (let i = 0; i < 300; i++)
      library.file(`t/${i}`, new Uint8Array(i % 2 === 0 ? 100_000 : 10));
    const stop = new AbortController();
    let seen = 0;
    const taking = (async () => {
      for await (const _ of leat.client.getTreeOutcomes("t", local.at("back"), {
        signal: stop.signal,
      })) {
        seen += 1;
        if (seen === 10) stop.abort();
      }
    })();
    expect(taking).rejects.toMatchObject({ code: "CANCELLED" });
    await taking.catch(() => {});
    const names = readdirSync(local.at("back"));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    expect(names.length).toBeLessThan(300);
    for await (const _ of leat.client.getTreeOutcomes("t", local.at("left"))) break; // the iteration ends
    expect(readdirSync(local.at("left")).filter((name) => name.startsWith("."))).toEqual([]);
    expect(await leat.client.ping()).toBeGreaterThan(0);
  });

  test("ends with one reason when the connection is lost", async () => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    await using leat = await connectInMemory({ library: library.path });
    // More than comes before the first outcome is read.
    for (let i = 0; i < 400; i++) library.file(`t/${i}`, new Uint8Array(60_000));
    const failed: unknown[] = [];
    const taking = (async () => {
      for await (const { error } of leat.client.getTreeOutcomes("t", local.at("back"))) {
        if (error !== undefined) failed.push(error);
        leat.cut();
      }
    })();
    const thrown = await taking.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code: "CONNECTION_LOST" });
    expect(failed).toEqual([]);
  });
});

test("a tree of which most files are there brings only those that are missing", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  for (let i = 0; i < 20; i++) library.file(`t/${i}`, Buffer.alloc(10_000, `${i}`));
  await using leat = await connectInMemory({ library: library.path });
  await leat.client.getTree("t", local.at("t"));
  rmSync(local.at("t/7"));
  const before = await leat.client.status();
  const summary = await leat.client.getTree("t", local.at("t"), { ifExists: "skip" });
  expect(summary).toMatchObject({ files: 1, skipped: 19 });
  const { bytesSent } = await leat.client.status();
  expect(bytesSent - before.bytesSent).toBeWithin(10_000, 20_000);
});

describe("a whole tree, awaited", () => {
  test("is there, both ways, and says how much it was", async () => {
    using local = new TemporaryFolder();
    local.file("t/a", "one");
    local.file("t/d/b", "three");
    local.folder("t/empty");
    await using leat = await connectInMemory();
    const { client } = leat;
    const moved = { files: 2, folders: 3, bytes: 8, skipped: 0, links: 0, others: 0 };
    let progress = 0;
    const onProgress = (bytes: number): void => void (progress = bytes);
    expect(await client.putTree(local.at("t"), "t", { onProgress })).toMatchObject(moved);
    expect(progress).toBe(8);
    expect(readFileSync(`${leat.library}/t/d/b`, "utf8")).toBe("three");
    expect(await client.getTree("t", local.at("back"), { onProgress })).toMatchObject(moved);
    expect(readFileSync(local.at("back/d/b"), "utf8")).toBe("three");
    expect(progress).toBe(8);
    const again = await client.putTree(local.at("t"), "t", { ifExists: "skip" });
    expect(again).toMatchObject({ files: 0, folders: 3, bytes: 0, skipped: 2 });
  });

  test("says which of it is not there: some, one, all", async () => {
    using local = new TemporaryFolder();
    for (const name of ["a", "b", "c"]) local.file(`t/${name}`, name);
    await using leat = await connectInMemory();
    const { client } = leat;
    const failing = async (moving: Promise<unknown>): Promise<TreeError> => {
      const error = await refusal(moving);
      if (error instanceof TreeError) return error;
      throw error;
    };
    await client.putTree(local.at("t"), "t");
    rmSync(`${leat.library}/t/b`);
    const two = await failing(client.putTree(local.at("t"), "t"));
    expect(two.failures.map(({ path }) => path).toSorted()).toEqual(["t/a", "t/c"]);
    expect(two).toMatchObject({ code: "ALREADY_EXISTS", failed: 2, summary: { files: 1 } });
    expect(two.message).toContain("2 files and folders failed; first: ");
    const none = await failing(client.getTree("nope", local.at("nope")));
    expect(none).toMatchObject({ code: "NOT_FOUND", failed: 1, summary: { files: 0 } });
    expect(none.message).toContain("nope");
    const gone = await failing(client.putTree(local.at("nope"), "nope"));
    expect(gone.code).toBe("NOT_FOUND");
  });

  test("names a hundred of many, and counts the others", async () => {
    using local = new TemporaryFolder();
    for (let i = 0; i < 150; i += 1) local.file(`t/${i}`, "x");
    await using leat = await connectInMemory();
    await leat.client.putTree(local.at("t"), "t");
    const error = await refusal(leat.client.putTree(local.at("t"), "t"));
    expect(error).toMatchObject({ failed: 150 });
    expect(error instanceof TreeError ? error.failures : []).toHaveLength(100);
  });

  test("is given up by its signal: before, and in the middle", async () => {
    using local = new TemporaryFolder();
    for (let i = 0; i < 300; i += 1) local.file(`t/${i}`, new Uint8Array(1000));
    await using leat = await connectInMemory();
    const { client } = leat;
    const early = refusal(client.putTree(local.at("t"), "t", { signal: AbortSignal.abort() }));
    expect((await early).code).toBe("CANCELLED");
    expect(readdirSync(leat.library!).includes("t")).toBe(false);
    const stop = new AbortController();
    const { signal } = stop;
    const onProgress = (): void => void queueMicrotask(() => stop.abort());
    const late = refusal(client.putTree(local.at("t"), "t", { signal, onProgress }));
    expect((await late).code).toBe("CANCELLED");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const unread = client.getTreeOutcomes("t", local.at("unread"), {
      signal: AbortSignal.timeout(0),
    });
    expect(readdirSync(local.path)).toEqual(["t"]); // nothing begins before it is read
    await unread.return({ links: 0, others: 0, example: undefined });
  });
});
