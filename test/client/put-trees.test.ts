/** Uploads of trees that are interrupted, and to servers that do it another way, or wrong. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "../../src/index.ts";
import type { PutTreeOptions, TreeOutcome } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { BLOCK_SIZE, SMALL_FILE } from "../../src/limits.ts";
import { IncomingWalk } from "../../src/transfer/incoming-walk.ts";
import type { TreeItem, TreeOutcome as WireOutcome } from "../../src/wire/gen/messages.ts";
import { encodeMessage, type Init } from "../../src/wire/plain.ts";
import { RunningServer, Served } from "../cli/support.ts";
import { join, seededRandom } from "../support/chop.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { descendants } from "../support/held.ts";
import { startServer } from "../support/served.ts";
import { flagsOf, WAY, testPlain } from "../support/ways.ts";
import { until } from "../support/until.ts";

const random = seededRandom(1813);

const failures = (outcomes: readonly TreeOutcome[]): string[] =>
  outcomes
    .filter(({ error }) => error !== undefined)
    .map(({ path, error }) => `${path} ${error?.code}`)
    .toSorted();

/** Each file with its contents, each folder, sorted. */
function linesOf(folder: TemporaryFolder, name: string): string[] {
  return readdirSync(folder.at(name), { recursive: true, encoding: "utf8" })
    .map((path) => {
      const at = folder.at(name, path);
      return statSync(at).isDirectory() ? `${path}/` : `${path}=${crc32(readFileSync(at))}`;
    })
    .toSorted();
}

/** Folders of small files, empty ones, and a larger one here and there: of more than a block, too. */
function grow(local: TemporaryFolder, files: number): void {
  for (let index = 0; index < files; index += 1) {
    const path = `t/${index % 7}/${index % 5}/${index}`;
    const dice = random.below(150);
    const [least, more] = dice === 0 ? [BLOCK_SIZE, 10] : dice < 3 ? [SMALL_FILE, 2000] : [0, 5000];
    const length = least + random.below(more);
    local.file(path, Buffer.alloc(length, `${index}`));
  }
  local.folder("t/0/empty/in");
}

describe.each(["none", "fsync"] as const)("with %s, an upload of a tree", (durability) => {
  test.each<NonNullable<PutTreeOptions["ifExists"]>>(["fail", "replace", "skip"])(
    "goes on behind the last outcome when its connection is cut, and does nothing twice (%s)",
    async (ifExists) => {
      using local = new TemporaryFolder();
      using library = new TemporaryFolder();
      grow(local, 400);
      await using server = await startServer({ library: library.path, durability });
      // Every connection but the last carries some more before it is cut, in one of the directions.
      using proxy = new FaultProxy(server.port, (connection) => {
        if (connection >= 8) return {};
        const bytes = random.below(60_000);
        return connection % 2 === 0
          ? { cutUp: 20_000 + 4 * bytes }
          : { cutDown: 200 + Math.floor(bytes / 10) };
      });
      await using client = await connect(proxy.address, { retry: 30_000 });
      const outcomes = await Array.fromAsync(
        client.putTreeOutcomes(local.at("t"), "t", { ifExists }),
      );
      expect(failures(outcomes)).toEqual([]);
      expect(outcomes.filter(({ skipped }) => skipped)).toEqual([]);
      expect(linesOf(library, "t")).toEqual(linesOf(local, "t"));
      expect(outcomes.map(({ path }) => path).toSorted()).toEqual(
        [...new Set(outcomes.map(({ path }) => path))].toSorted(),
      );
      expect(outcomes).toHaveLength(linesOf(local, "t").length + 1);
    },
  );

  testPlain("it sees damage before leat does")("survives damage on the way", async () => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    grow(local, 100);
    await using server = await startServer({ library: library.path, durability });
    using proxy = new FaultProxy(server.port, (connection) =>
      connection === 0 ? { payloadUp: [8 * 40_000, 8 * 200_000] } : {},
    );
    await using client = await connect(proxy.address, { retry: 30_000 });
    const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
    expect(failures(outcomes)).toEqual([]);
    expect(linesOf(library, "t")).toEqual(linesOf(local, "t"));
  });
});

test("the outcomes of a tree say what a put of each file says", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  grow(local, 60);
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  let moved = 0;
  const onProgress = (bytes: number): void => void (moved = bytes);
  const outcomes = await Array.fromAsync(
    client.putTreeOutcomes(local.at("t"), "t", { onProgress }),
  );
  expect(failures(outcomes)).toEqual([]);
  const files = outcomes.filter(({ kind }) => kind === "FILE");
  expect(moved).toBe(files.reduce((sum, { size }) => sum + size, 0));
  for (const { path, size, version, crc32: sum, durability } of files) {
    const bytes = readFileSync(local.at(path));
    const entry = await client.stat(path);
    expect([size, version, sum, durability]).toEqual([
      bytes.length,
      entry.version,
      crc32(bytes),
      "fsync",
    ]);
  }
});

test("a folder whose name is taken by a file fails once, and the rest goes on", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  for (const name of ["t/a/x", "t/a/b/y", "t/z/w", "t/v"]) local.file(name, name);
  library.file("t/a", "taken");
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
  expect(failures(outcomes)).toEqual(["t/a NOT_A_DIRECTORY"]);
  expect(outcomes.map(({ path }) => path).toSorted()).toEqual(["t", "t/a", "t/v", "t/z", "t/z/w"]);
});

describe("a server that", () => {
  test("knows no trees gets a request for each file", async () => {
    using local = new TemporaryFolder();
    grow(local, 30);
    const done = new Map<string, number>();
    const puts = new Map<
      number,
      { path: string; uploadId: Uint8Array; sum: number; size: number }
    >();
    using server = new ScriptedServer({
      request: (operation, stream, peer) => {
        if (operation.case === "makeDirectory") {
          const { path } = operation.value;
          if (!path.startsWith(".leat-")) done.set(`${path}/`, 0); // a look whether it is the library
          return peer.answer(stream, {
            case: "makeDirectory",
            value: { name: path.split("/").at(-1)!, kind: "DIRECTORY" },
          });
        }
        if (operation.case !== "put") return peer.fail(stream, "UNIMPLEMENTED");
        puts.set(stream, { ...operation.value, sum: 0, size: 0 });
        const { uploadId } = operation.value;
        peer.answer(stream, { case: "put", value: { uploadId } });
        peer.frame(stream, { case: "credit", value: { bytes: 2 ** 20 } });
      },
      said: (said, peer) => {
        const put = puts.get(said.stream);
        if (put === undefined) return;
        if ("bytes" in said) {
          put.sum = crc32(said.bytes, put.sum);
          put.size += said.bytes.length;
        } else if (said.body.case === "finish") {
          const { path, uploadId, sum, size } = put;
          done.set(path, sum);
          const entry = { name: path.split("/").at(-1)!, kind: "FILE", size } as const;
          peer.frame(said.stream, { case: "receipt", value: { entry, uploadId, crc32: sum } });
        }
      },
    });
    await using client = await connect(server.address);
    const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
    expect(failures(outcomes)).toEqual([]);
    const there = [...done].map(([path, sum]) => (path.endsWith("/") ? path : `${path}=${sum}`));
    const expected = ["", ...linesOf(local, "t")].map((line) => `t/${line}`);
    expect(there.toSorted()).toEqual(expected.toSorted());
  });

  /** Takes all items; a request for a folder sets its time as well. */
  const folders = (
    takes: boolean,
    outcomeOf: (item: TreeItem) => Init<WireOutcome> = ({ entry }) => ({ size: entry?.size ?? 0 }),
  ): ScriptedServer & { readonly log: string[] } => {
    const log: string[] = [];
    const puts = new Map<number, { path: string; uploadId: Uint8Array }>();
    const incoming = new IncomingWalk(SMALL_FILE);
    let offset = 0;
    let sum = 0;
    const server = new ScriptedServer({
      request: (operation, stream, peer) => {
        if (operation.case === "putTree") {
          return peer.answer(stream, { case: "putTree", value: { attributes: takes } });
        }
        if (operation.case === "put") {
          const { path, uploadId } = operation.value;
          puts.set(stream, { path, uploadId });
          peer.answer(stream, { case: "put", value: { uploadId } });
          return peer.frame(stream, { case: "credit", value: { bytes: 1000 } });
        }
        if (operation.case !== "makeDirectory") return peer.fail(stream, "NOT_FOUND");
        const { path, modified } = operation.value;
        if (!path.startsWith(".leat-")) log.push(`request ${path}`);
        const value = { name: path.split("/").at(-1)!, kind: "DIRECTORY", modified } as const;
        peer.answer(stream, { case: "makeDirectory", value });
      },
      said: (said, peer) => {
        const { stream } = said;
        const put = puts.get(stream);
        if (put !== undefined) {
          if ("bytes" in said || said.body.case !== "finish") return;
          log.push(`put ${put.path}`);
          const entry = { name: put.path.split("/").at(-1)!, kind: "FILE", size: 1 } as const;
          const { crc32: sum } = said.body.value;
          const value = { entry, uploadId: put.uploadId, crc32: sum };
          return peer.frame(stream, { case: "receipt", value });
        }
        if ("bytes" in said) {
          incoming.push(said.bytes, crc32(said.bytes));
          for (let came = incoming.next(); came !== undefined; came = incoming.next()) {
            const { entry, attributes } = came.message;
            log.push(attributes === undefined ? entry!.name : `attributes ${attributes.path}`);
            const bytes = encodeMessage("TreeOutcome", outcomeOf(came.message), true);
            peer.data(stream, offset, bytes, crc32(bytes));
            offset += bytes.length;
            sum = crc32(bytes, sum);
          }
        } else if (said.body.case === "finish" && offset > 0) {
          peer.frame(stream, { case: "finish", value: { size: offset, crc32: sum } });
        }
      },
    });
    return Object.assign(server, { log });
  };

  test("takes attributes as items gets no request for a folder", async () => {
    using local = new TemporaryFolder();
    for (const name of ["t/a/b/x", "t/a/y", "t/c/z"]) local.file(name, name);
    using server = folders(true);
    await using client = await connect(server.address);
    const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
    expect(failures(outcomes)).toEqual([]);
    expect(outcomes.filter(({ kind }) => kind === "DIRECTORY")).toHaveLength(4);
    const at = (line: string): number => server.log.indexOf(line);
    const attributes = ["a/b", "a", "c", ""].map((path) => `attributes ${path}`);
    expect(server.log.filter((line) => line.includes(" ")).toSorted()).toEqual(
      attributes.toSorted(),
    );
    expect(at("attributes a/b")).toBeGreaterThan(at("x"));
    expect(at("attributes a")).toBeGreaterThan(Math.max(at("y"), at("attributes a/b")));
    expect(at("attributes ")).toBe(server.log.length - 1);
  });

  test("takes no attributes as items gets a request for each folder", async () => {
    using local = new TemporaryFolder();
    for (const name of ["t/a/b/x", "t/a/y"]) local.file(name, name);
    using server = folders(false);
    await using client = await connect(server.address);
    const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
    expect(failures(outcomes)).toEqual([]);
    expect(server.log.filter((line) => line.includes(" "))).toEqual([
      "request t/a/b",
      "request t/a",
      "request t",
    ]);
  });

  test("could not store a file at once gets the attributes of its folder again, when the file is there", async () => {
    using local = new TemporaryFolder();
    for (const name of ["t/a/y", "t/b/x"]) local.file(name, name.at(-1));
    const busy = { code: "UNAVAILABLE", message: "later", retryable: true } as const;
    using server = folders(true, ({ entry }) =>
      entry?.name === "y" ? { failure: busy } : { size: entry?.size ?? 0 },
    );
    await using client = await connect(server.address);
    const outcomes = await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t"));
    expect(failures(outcomes)).toEqual([]);
    expect(outcomes.map(({ path }) => path).toSorted()).toEqual([
      "t",
      "t/a",
      "t/a/y",
      "t/b",
      "t/b/x",
    ]);
    const last = server.log.findLastIndex((line) => / (t\/)?a$/.test(line));
    expect(last).toBeGreaterThan(server.log.indexOf("put t/a/y"));
  });

  test.each<["fail" | "replace", string[], string[]]>([
    ["replace", [], ["put t/y"]],
    ["fail", ["t/y UNAVAILABLE"], []],
  ])(
    "takes no files of that size any more gets a request for it, if that does no harm: %s",
    async (ifExists, failed, puts) => {
      using local = new TemporaryFolder();
      local.file("t/y", "y".repeat(SMALL_FILE + 1));
      const log: string[] = [];
      let trees = 0;
      const ids = new Map<number, Uint8Array>();
      using server = new ScriptedServer({
        request: (operation, stream, peer) => {
          if (operation.case === "put") {
            log.push(`put ${operation.value.path}`);
            ids.set(stream, operation.value.uploadId);
            peer.answer(stream, { case: "put", value: { uploadId: operation.value.uploadId } });
            return peer.frame(stream, { case: "credit", value: { bytes: 2 ** 20 } });
          }
          if (operation.case === "makeDirectory") {
            return peer.answer(stream, { case: "makeDirectory", value: { kind: "DIRECTORY" } });
          }
          if (operation.case !== "putTree") return peer.fail(stream, "NOT_FOUND");
          trees += 1;
          const contentsUpTo = trees === 1 ? 2 ** 20 : 0;
          peer.answer(stream, { case: "putTree", value: { contentsUpTo } });
        },
        said: (said, peer) => {
          const uploadId = ids.get(said.stream);
          if (uploadId === undefined && trees === 1) return peer.cut();
          if (!("body" in said) || said.body.case !== "finish") return;
          const { size, crc32: sum } = said.body.value;
          if (uploadId === undefined)
            return peer.frame(said.stream, { case: "finish", value: { size: 0, crc32: 0 } });
          const entry = { name: "y", kind: "FILE", size: size! } as const;
          peer.frame(said.stream, { case: "receipt", value: { entry, uploadId, crc32: sum } });
        },
      });
      await using client = await connect(server.address, { retry: 10_000 });
      const outcomes = await Array.fromAsync(
        client.putTreeOutcomes(local.at("t"), "t", { ifExists }),
      );
      expect(failures(outcomes)).toEqual(failed);
      expect(log).toEqual(puts);
      expect(trees).toBe(2);
    },
  );

  const lie = (outcomes: readonly Init<WireOutcome>[], answers = true): ScriptedServer =>
    new ScriptedServer({
      request: (operation, stream, peer) => {
        if (operation.case === "makeDirectory") {
          return peer.answer(stream, { case: "makeDirectory", value: { kind: "DIRECTORY" } });
        }
        if (operation.case !== "putTree") return peer.fail(stream, "NOT_FOUND");
        peer.answer(stream, { case: "putTree", value: {} });
      },
      said: (said, peer) => {
        if (!("body" in said) || said.body.case !== "finish") return;
        const bytes = join(outcomes.map((init) => encodeMessage("TreeOutcome", init, true)));
        if (bytes.length > 0) peer.data(said.stream, 0, bytes, crc32(bytes));
        const value = { size: bytes.length, crc32: crc32(bytes) };
        if (answers) peer.frame(said.stream, { case: "finish", value });
      },
    });

  test.each<[string, readonly Init<WireOutcome>[], string[]]>([
    ["says that it skipped a file", [{ skipped: true, size: 1 }], ["t/a PROTOCOL_ERROR"]],
    ["says another size", [{ size: 2 }], ["t/a PROTOCOL_ERROR"]],
    ["has no outcome", [], ["t PROTOCOL_ERROR", "t/a PROTOCOL_ERROR"]],
    ["has too many outcomes", [{ size: 1 }, { size: 1 }], ["t PROTOCOL_ERROR"]],
    ["refuses a file", [{ failure: { code: "NO_SPACE", message: "full" } }], ["t/a NO_SPACE"]],
  ])("%s is not believed", async (_, outcomes, expected) => {
    using local = new TemporaryFolder();
    local.file("t/a", "x");
    using server = lie(outcomes);
    await using client = await connect(server.address, { retry: 0 });
    expect(failures(await Array.fromAsync(client.putTreeOutcomes(local.at("t"), "t")))).toEqual(
      expected,
    );
  });

  test("never answers is left when the caller gives up", async () => {
    using local = new TemporaryFolder();
    local.file("t/a", "x");
    using server = lie([], false);
    await using client = await connect(server.address);
    const stop = new AbortController();
    const tree = Array.fromAsync(
      client.putTreeOutcomes(local.at("t"), "t", { signal: stop.signal }),
    );
    tree.catch(() => {});
    await until(() => server.asked.includes("putTree"));
    stop.abort();
    expect(await tree.catch(({ code }) => code)).toBe("CANCELLED");
  });
});

function kill({ child: { pid } }: RunningServer): void {
  for (const one of [...descendants(pid), pid]) process.kill(one, "SIGKILL");
}

function many(local: TemporaryFolder): void {
  for (let index = 0; index < 3000; index += 1) {
    local.file(`t/${index % 10}/${index}`, Buffer.alloc(1000, `${index}`));
  }
}

test("what was answered is there when the server is killed, and every other file is whole or not there", async () => {
  using local = new TemporaryFolder();
  many(local);
  await using served = await Served.start(["--durability", "fsync", ...flagsOf(WAY)]);
  await using client = await connect(served.server.address, { retry: 0 });
  const outcomes: TreeOutcome[] = [];
  const put = async (): Promise<void> => {
    for await (const outcome of client.putTreeOutcomes(local.at("t"), "t")) {
      if (outcomes.push(outcome) === 700) kill(served.server);
    }
  };
  expect(await put().catch(({ retryable }) => `failed, retryable: ${retryable}`)).toBe(
    "failed, retryable: true",
  );
  const stored = outcomes.filter(({ kind, error }) => kind === "FILE" && error === undefined);
  expect(stored.length).toBeGreaterThan(600);
  for (const { path, durability } of stored) {
    expect(durability).toBe("fsync");
    expect(readFileSync(served.library.at(path))).toEqual(readFileSync(local.at(path)));
  }
  const sums = new Set(linesOf(local, "t"));
  expect(linesOf(served.library, "t").filter((line) => !sums.has(line))).toEqual([]);
});

test.each(["none", "fsync"] as const)(
  "an upload goes on with the next server when one is killed again and again (%s)",
  async (durability) => {
    using local = new TemporaryFolder();
    using library = new TemporaryFolder();
    many(local);
    const args = [library.path, "--port", "0", "--durability", durability, ...flagsOf(WAY)];
    let server = await RunningServer.start(args);
    using proxy = new FaultProxy(Number(server.port), () => ({}));
    await using client = await connect(proxy.address, { retry: 30_000 });
    const outcomes: TreeOutcome[] = [];
    for await (const outcome of client.putTreeOutcomes(local.at("t"), "t")) {
      outcomes.push(outcome);
      if (outcomes.length % 800 !== 0) continue;
      kill(server);
      await server.child.exited;
      server = await RunningServer.start(args);
      proxy.port = Number(server.port);
    }
    await using _last = server;
    expect(failures(outcomes)).toEqual([]);
    expect(new Set(outcomes.map(({ path }) => path)).size).toBe(outcomes.length);
    expect(outcomes).toHaveLength(3011);
    expect(linesOf(library, "t")).toEqual(linesOf(local, "t"));
  },
);

test("an upload goes on with another connection when its server stops, and what was sent is stored", async () => {
  using local = new TemporaryFolder();
  using library = new TemporaryFolder();
  many(local);
  const options = { library: library.path, durability: "none" } as const;
  const first = await startServer(options);
  using proxy = new FaultProxy(first.port, () => ({}));
  await using client = await connect(proxy.address, { retry: 30_000 });
  await using next = await startServer(options);
  const outcomes: TreeOutcome[] = [];
  let stopped: Promise<void> | undefined;
  for await (const outcome of client.putTreeOutcomes(local.at("t"), "t")) {
    if (outcomes.push(outcome) !== 500) continue;
    proxy.port = next.port;
    stopped = first.stop();
  }
  await stopped;
  expect(failures(outcomes)).toEqual([]);
  expect(outcomes).toHaveLength(3011);
  expect(linesOf(library, "t")).toEqual(linesOf(local, "t"));
});
