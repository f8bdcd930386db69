/** The log says what happens, and no peer can fill a disk with it. */
import { expect, test } from "bun:test";
import { LOG_KINDS, LOG_LINES, LOG_SPAN, LOG_TROUBLES, MiB } from "../../src/limits.ts";
import { crc32 } from "../../src/hash.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { SlowStore } from "../connection/slow-store.ts";
import { Raw, TestRuntime } from "../connection/support.ts";
import { turns } from "../net/support.ts";
import { HELLO, dataFrame } from "../session/bodies.ts";
import { FoldedLog } from "../../src/server/log/folded-log.ts";
import type { Log } from "../../src/server/log/log.ts";
import { connect, createServer, type Server } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { until } from "../support/until.ts";

class Lines implements Log {
  readonly all: { level: string; facts: Record<string, unknown>; message: string }[] = [];
  readonly debug = this.#at("debug");
  readonly info = this.#at("info");
  readonly warn = this.#at("warn");
  readonly error = this.#at("error");

  #at(level: string) {
    return (facts: object, message: string): void =>
      void this.all.push({ level, facts: { ...facts }, message });
  }

  get messages(): string[] {
    return this.all.map(({ message }) => message);
  }
}

function folded(): {
  lines: Lines;
  log: FoldedLog;
  at: (now: number) => void;
  ticked: () => number;
} {
  const lines = new Lines();
  let now = 0;
  const all = new Set<unknown>();
  const ticker = {
    add: (one: unknown) => void all.add(one),
    remove: (one: unknown) => void all.delete(one),
  };
  const log = new FoldedLog({ log: lines, clock: () => now, ticker });
  return {
    lines,
    log,
    at: (time) => {
      now = time;
      if (all.size > 0) log.tick(now);
    },
    ticked: () => all.size,
  };
}

test("failures of one code are counted beyond the first ones, whatever their sentences", () => {
  const { lines, log, at, ticked } = folded();
  for (let i = 0; i < 5000; i += 1) log.info({ code: "NOT_FOUND", stream: i }, `no file ${i}`);
  log.info({ code: "IO_ERROR" }, "another one");
  expect(lines.messages.slice(LOG_TROUBLES - 1)).toEqual([
    `no file ${LOG_TROUBLES - 1}`,
    "another one",
  ]);
  at(LOG_SPAN - 1);
  expect(lines.messages.length).toBe(LOG_TROUBLES + 1);
  at(LOG_SPAN);
  expect(lines.all.at(-1)).toEqual({
    level: "info",
    facts: { code: "NOT_FOUND", more: 5000 - LOG_TROUBLES },
    message: "… 4,980 more like this in 10 s, the last: no file 4999",
  });
  expect(ticked()).toBe(0);
  log.info({ code: "NOT_FOUND" }, "in the next while");
  expect(lines.messages.at(-1)).toBe("in the next while");
});

test("other lines are counted beyond many", () => {
  const { lines, log } = folded();
  for (let i = 0; i < LOG_LINES + 7; i += 1) log.info({ peer: `${i}` }, "connect");
  log.info({}, "disconnect");
  log.flush();
  expect(lines.messages.length).toBe(LOG_LINES + 2);
  expect(lines.messages.at(-1)).toBe("… 7 more like this in 0 s, the last: connect");
});

test("what a process that serves for this one has counted is added", () => {
  const { lines, log } = folded();
  const code = "NOT_FOUND";
  for (let i = 0; i < LOG_TROUBLES; i += 1) log.info({ code }, `no file ${i}`);
  log.info({ code, more: 280 }, "… 280 more like this in 1 s, the last: no file 299");
  log.flush();
  expect(lines.messages.at(-1)).toBe("… 280 more like this in 0 s, the last: no file 299");
});

test("nothing is lost of a count that comes before the lines of its while, or among the first ones", () => {
  for (const before of [0, LOG_TROUBLES - 1]) {
    const { lines, log } = folded();
    const code = "NOT_FOUND";
    for (let i = 0; i < before; i += 1) log.info({ code }, `no file ${i}`);
    log.info({ code, more: 280 }, "… 280 more like this in 1 s, the last: no file 299");
    for (let i = 0; i < 100; i += 1) log.info({ code }, `no file ${300 + i}`);
    log.flush();
    const sum = lines.all.reduce((all, { facts }) => all + Number(facts["more"] ?? 1), 0);
    expect(sum).toBe(before + 280 + 100);
    expect(lines.messages.length).toBe(LOG_TROUBLES + 1);
  }
});

test("kinds without end are one kind", () => {
  const { lines, log } = folded();
  for (let i = 0; i < 1000; i += 1) log.warn({}, `sentence ${i}`);
  log.flush();
  expect(lines.messages.length).toBe(LOG_KINDS + LOG_TROUBLES + 1);
  expect(lines.messages.at(-1)).toMatch(/^… 916 more like this/);
});

test("a peer that is refused again and again has a few lines and a count", async () => {
  using folder = new TemporaryFolder();
  folder.file("f", "contents");
  const lines = new Lines();
  const server = await startServer({ library: folder.path, durability: "none", log: lines });
  using peer = await RawPeer.welcomed(server.port, 0);
  const refusals = 300;
  for (let stream = 1; stream <= refusals; stream += 1) {
    peer.request(stream, { case: "get", value: { path: "f" } });
    peer.frame(stream, { case: "credit", value: { bytes: 0 } });
    expect((await failure(peer, stream)).case).toBe("failure");
  }
  await server.stop({ drain: 0 });
  const told = lines.all.filter(({ facts }) => facts["code"] === "FLOW_CONTROL");
  const counted = told.filter(({ message }) => message.startsWith("…"));
  expect(told.length - counted.length).toBeLessThanOrEqual(2 * LOG_TROUBLES); // a span may end
  const more = counted.reduce((sum, { facts }) => sum + (facts["more"] as number), 0);
  expect(more + told.length - counted.length).toBe(refusals);
});

async function failure(peer: RawPeer, stream: number): Promise<{ case: string }> {
  let body = await peer.body(stream);
  while (body.case !== "failure") body = await peer.body(stream);
  return body;
}

test("a log that throws, as one whose thread has ended does, ends nothing that it is told of", async () => {
  using library = new TemporaryFolder();
  const gone = (): void => {
    throw new Error("the worker has exited");
  };
  const log: Log = { debug: gone, info: gone, warn: gone, error: gone };
  await using server = await startServer({ library: library.path, durability: "none", log });
  await using client = await connect(server.address);
  await client.put("file", Buffer.from("contents"));
  expect(await (await client.get("file")).text()).toBe("contents");
  await expect(client.stat("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a commit that is told of while the server stops leaves no timer behind", async () => {
  using library = new TemporaryFolder();
  const runtime = new TestRuntime();
  let answer = Promise.resolve();
  const store = new SlowStore(openDiskStore(library.path), () => answer);
  const lines = new Lines();
  const server = new LeatServer(new Host(store, { durability: "none", log: lines }, runtime));
  let raw!: Raw;
  memoryPair(server.accept, (transport) => (raw = new Raw(transport)));
  raw.frame(0, HELLO);
  const value = { path: "f", uploadId: new Uint8Array(16), size: 1 };
  raw.frame(1, { case: "request", value: { operation: { case: "put", value } } });
  while (!raw.heard().some(({ body }) => body?.case === "response")) await turns(1);
  const crc = crc32(Uint8Array.of(1));
  raw.send(dataFrame(1, 0, Uint8Array.of(1), crc));
  await turns(20);
  expect(store.pending).toBe(0);
  const gate = Promise.withResolvers<void>();
  answer = gate.promise;
  raw.frame(1, { case: "finish", value: { size: 1, crc32: crc } });
  await turns(5);
  const stopped = server.stop({ drain: 0 });
  await turns(5);
  raw.transport.close();
  setTimeout(() => gate.resolve(), 100);
  await stopped;
  expect(lines.all.find(({ message }) => message === "put")?.facts["outcome"]).toBe("done");
  expect(runtime.connections).toBe(0);
});

const CUTS: Readonly<Record<string, (peer: RawPeer, server: Server) => unknown>> = {
  "their client is gone": (peer) => peer[Symbol.dispose](),
  "their client has sent its end": (peer) => peer.fin(),
  "their client breaks a rule of the connection": (peer) =>
    peer.frame(99, { case: "cancel", value: {} }),
  "the server stops": (_, server) => server.stop({ drain: 0 }),
};

test.each(Object.entries(CUTS))("transfers that are cut have failed, where %s", async (_, cut) => {
  using library = new TemporaryFolder();
  library.file("there", new Uint8Array(16 * MiB));
  const lines = new Lines();
  const server = await startServer({ library: library.path, durability: "none", log: lines });
  using peer = await RawPeer.welcomed(server.port, MiB);
  peer.request(1, { case: "get", value: { path: "there" } });
  await peer.body(1);
  const value = { path: "new", uploadId: new Uint8Array(16), size: MiB };
  peer.request(2, { case: "put", value });
  await peer.body(2);
  peer.data(2, 0, new Uint8Array(1000));
  await cut(peer, server);
  const told = () => lines.all.filter(({ message }) => ["get", "put"].includes(message));
  await until(() => told().length === 2);
  expect(told().map(({ facts }) => facts["outcome"])).toEqual(["failed", "failed"]);
  await server.stop({ drain: 0 });
});

test("each file and folder of a tree has a line of its own, in both directions", async () => {
  using library = new TemporaryFolder();
  using local = new TemporaryFolder();
  local.file("t/a", "one");
  local.file("t/in/b", "three");
  library.file("t/a", "there");
  const lines = new Lines();
  await using server = await createServer({
    library: library.path,
    durability: "none",
    log: lines,
  });
  await using client = await connect(server.address);
  await client.putTree(local.at("t"), "t", { ifExists: "skip" });
  await client.getTree("t", local.at("back"));
  const seen = (): string[] =>
    lines.all
      .filter(({ message }) => ["get", "put", "makeDirectory"].includes(message))
      .filter(({ facts }) => !`${String(facts.path)}`.startsWith(".leat-"))
      .map(({ facts, message }) => {
        const { path, bytes, outcome } = facts as Record<string, string>;
        return [message, path, bytes, outcome].filter((fact) => fact !== undefined).join(" ");
      })
      .toSorted();
  const expected = [
    "get t/a 5 done",
    "get t/in/b 5 done",
    // Folders get their times when all is in them.
    "makeDirectory t done",
    "makeDirectory t/in done",
    "makeDirectory t/in done",
    "put t/a 3 skipped",
    "put t/in/b 5 done",
  ];
  await until(() => seen().length === expected.length, seen);
  expect(seen()).toEqual(expected);
});
