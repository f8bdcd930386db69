/** Connections that a server does not serve: how many are told so, and what they hear. */
import { expect, test } from "bun:test";
import { createRuntime } from "../../src/connection/runtime.ts";
import { MAX_REFUSALS } from "../../src/limits.ts";
import { memoryPair } from "../../src/net/memory.ts";
import type { Transport, TransportHandler } from "../../src/net/transport.ts";
import { Capacity } from "../../src/server/host/capacity.ts";
import { settle } from "../../src/server/options/table.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { Raw, TestRuntime } from "../connection/support.ts";
import { turns } from "../net/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

test("a flood of connections beyond the limit does not hold descriptors", async () => {
  using folder = new TemporaryFolder();
  const store = openDiskStore(folder.path);
  await using server = new LeatServer(new Host(store, { maxConnections: 2 }, createRuntime()));
  const handlers: TransportHandler[] = [];
  const closed: Transport[] = [];
  const told = new Capacity(settle({ maxConnections: 2 })).refusals;
  for (let i = 0; i < 2 + told + 100; i += 1) {
    const transport: Transport = {
      peer: `${i}`,
      write: (_bytes, _offset, length) => length,
      free() {},
      pause() {},
      resume() {},
      shutdown() {},
      close: () => void closed.push(transport),
    };
    handlers.push(server.accept(transport));
  }
  await Bun.sleep(0);
  expect(told).toBeLessThanOrEqual(MAX_REFUSALS);
  expect(server.connections).toBe(2);
  expect(closed.length).toBe(100);
  for (const handler of handlers) handler.onClose(undefined);
  expect(server.connections).toBe(0);
});

test("a client that is refused and goes on sending hears why, and is read a little a time", async () => {
  using folder = new TemporaryFolder();
  const runtime = new TestRuntime();
  const store = openDiskStore(folder.path);
  const server = new LeatServer(
    new Host(store, { maxConnections: 1, durability: "none" }, runtime),
  );
  let raw!: Raw;
  memoryPair(server.accept, (transport) => new Raw(transport));
  const [ours] = memoryPair(server.accept, (transport) => (raw = new Raw(transport)), {
    capacity: 100_000,
    chunk: () => 100_000,
  });
  const pauses: string[] = [];
  const { pause, resume, close } = ours;
  ours.pause = () => void (pauses.push("pause"), pause.call(ours));
  ours.resume = () => void (pauses.push("resume"), resume.call(ours));
  ours.close = () => void (pauses.push("close"), close.call(ours));
  raw.send(new Uint8Array(300_000));
  raw.finish();
  while (pauses.at(-1) !== "close") {
    await turns(5);
    runtime.pass(500);
  }
  expect(raw.cases()).toEqual(["failure"]);
  expect(pauses.slice(0, 4)).toEqual(["pause", "resume", "pause", "resume"]);
  await server.stop({ drain: 0 });
});

test("who has not said Hello when the server stops is told to come back later", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ library: folder.path });
  using peer = await RawPeer.connect(server.port);
  while (server.connections === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  const stopped = server.stop({ drain: 1000 });
  expect((await peer.failure(0)).code).toBe("UNAVAILABLE");
  expect(await peer.next()).toBe("end");
  peer.fin();
  await stopped;
});

test("who says Hello while the server stops is welcomed, and sent away at once", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ library: folder.path });
  using peer = await RawPeer.connect(server.port);
  while (server.connections === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  const stopped = server.stop({ drain: 5_000 });
  const value = { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 0 };
  peer.frame(0, { case: "hello", value });
  expect((await peer.body(0)).case).toBe("welcome");
  expect(await peer.body(0)).toMatchObject({ case: "goAway", value: { code: "UNAVAILABLE" } });
  expect(await peer.next()).toBe("end");
  peer.fin();
  await stopped;
});

test("files beyond the limit are refused until others are closed, and other requests go on", async () => {
  using folder = new TemporaryFolder();
  folder.file("a.bin", new Uint8Array(100_000));
  await using server = await startServer({ library: folder.path, maxOpenFiles: 3 });
  using peer = await RawPeer.welcomed(server.port, 1);
  for (const stream of [1, 2, 3, 4])
    peer.request(stream, { case: "get", value: { path: "a.bin" } });
  expect(await peer.body(4)).toMatchObject({
    case: "failure",
    value: { code: "RESOURCE_EXHAUSTED", retryable: true, retryAfterMilliseconds: 1000 },
  });
  peer.request(5, { case: "stat", value: { path: "a.bin" } });
  expect((await peer.body(5)).case).toBe("response");
  peer.frame(1, { case: "cancel", value: {} });
  expect((await peer.failure(1)).code).toBe("CANCELLED");
  peer.request(6, { case: "get", value: { path: "a.bin" } });
  expect((await peer.body(6)).case).toBe("response");
});
