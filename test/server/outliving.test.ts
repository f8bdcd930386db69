/** Operations that outlive their stream: they count among what a server holds until they are over. */
import { expect } from "bun:test";
import { once } from "node:events";
import { createConnection } from "node:net";
import tls from "node:tls";
import { PAGE_BUDGET, PAGE_MAKING } from "../../src/limits.ts";
import { ALPN } from "../../src/net/tls.ts";
import type { Page, Sink, Source, Store, StoreEntry } from "../../src/store/store.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { ELSEWHERE, testExcept } from "../support/ways.ts";
import { isSecured } from "../support/tls.ts";
import { until } from "../support/until.ts";

/** Stores that a test holds up: another process or thread cannot be given one. */
const testStore = testExcept(ELSEWHERE, "the store is in the memory of this process");

const entry: StoreEntry = {
  name: "a",
  kind: "FILE",
  size: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  version: "v",
  mode: 0o644,
};

function storeOf(part: Partial<Store>): Store {
  const none = (): never => {
    throw new Error("not served");
  };
  return {
    readOnly: false,
    page: none,
    stat: () => entry,
    open: none,
    create: none,
    remove: none,
    makeDirectory: none,
    async [Symbol.asyncDispose]() {},
    ...part,
  };
}

testStore(
  "a checksum that was given up keeps its place among the open files until its read is over",
  async () => {
    const begun = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<number>();
    const source: Source = {
      entry,
      synchronous: false,
      read() {
        begun.resolve();
        return reading.promise;
      },
      currentVersion: () => "v",
      [Symbol.dispose]() {},
    };
    const store = storeOf({ open: () => source });
    await using server = await startServer({ store, maxOpenFiles: 1 });
    using peer = await RawPeer.welcomed(server.port);
    const checksum = { case: "checksum", value: { path: "a", algorithm: "SHA256" } } as const;
    peer.request(1, checksum);
    await begun.promise;
    peer.frame(1, { case: "cancel", value: {} });
    expect((await peer.failure(1)).code).toBe("CANCELLED");
    peer.request(2, checksum);
    expect((await peer.failure(2)).code).toBe("RESOURCE_EXHAUSTED");
    reading.resolve(0);
    await Bun.sleep(0);
    peer.request(3, checksum);
    expect((await peer.body(3)).case).toBe("response");
  },
);

testStore(
  "a download that was given up keeps its place among the open files until the disk is done",
  async () => {
    const fetched = Promise.withResolvers<void>();
    const source: Source = {
      entry: { ...entry, size: 10 },
      synchronous: true,
      fetch: () => fetched.promise,
      read: (into) => into.length,
      currentVersion: () => "v",
      [Symbol.dispose]() {},
    };
    const store = storeOf({ open: () => source });
    await using server = await startServer({ store, maxOpenFiles: 1 });
    using peer = await RawPeer.welcomed(server.port);
    const get = { case: "get", value: { path: "a" } } as const;
    peer.request(1, get);
    expect((await peer.body(1)).case).toBe("response");
    peer.frame(1, { case: "cancel", value: {} });
    expect((await peer.failure(1)).code).toBe("CANCELLED");
    peer.request(2, get);
    expect((await peer.failure(2)).code).toBe("RESOURCE_EXHAUSTED");
    fetched.resolve();
    await Bun.sleep(0);
    peer.request(3, get);
    expect((await peer.body(3)).case).toBe("response");
  },
);

testStore("a commit keeps its place among the open files when its client is gone", async () => {
  const committing = Promise.withResolvers<void>();
  const committed = Promise.withResolvers<StoreEntry>();
  const sink: Sink = {
    durableOffset: 0,
    write() {},
    commit() {
      committing.resolve();
      return committed.promise;
    },
    keep() {},
    discard() {},
    async [Symbol.asyncDispose]() {},
  };
  const store = storeOf({ create: () => sink });
  await using server = await startServer({ store, maxOpenFiles: 1 });
  const put = { case: "put", value: { path: "a", uploadId: new Uint8Array(16), size: 0 } } as const;
  {
    using gone = await RawPeer.welcomed(server.port);
    gone.request(1, put);
    gone.frame(1, { case: "finish", value: { size: 0, crc32: 0 } });
    await committing.promise;
  }
  await until(() => server.connections === 0);
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, put);
  expect((await peer.failure(1)).code).toBe("RESOURCE_EXHAUSTED");
  committed.resolve(entry);
  await Bun.sleep(0);
  peer.request(2, put);
  expect((await peer.body(2)).case).toBe("response");
});

testStore(
  "pages of clients that are gone stay in the budget, once, until they are made",
  async () => {
    const made: ((page: Page) => void)[] = [];
    const page = (): Promise<Page> =>
      new Promise((resolve) => void made.push((value) => resolve(value)));
    const store = storeOf({ page });
    await using server = await startServer({ store });
    const most = Math.floor(PAGE_BUDGET / PAGE_MAKING);
    const list = { case: "list", value: { path: "" } } as const;
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < most + 10; i += 1) {
        using peer = await RawPeer.welcomed(server.port);
        peer.request(1, list);
        peer.request(2, { case: "stat", value: { path: "a" } });
        expect((await peer.body(2)).case).toBe("response");
      }
      await until(() => server.connections === 0);
      expect(made.length).toBe(most);
      for (const resolve of made.splice(0))
        resolve({ entries: [], cursor: undefined, skippedNames: 0 });
      await Bun.sleep(0);
    }
    using peer = await RawPeer.welcomed(server.port);
    peer.request(1, list);
    await until(() => made.length > 0);
    made[0]!({ entries: [entry], cursor: undefined, skippedNames: 0 });
    expect((await peer.body(1)).case).toBe("response");
    expect((await peer.body(1)).case).toBe("finish");
  },
);

testStore(
  "a checksum of a client that closed is given up; one that only finished sending hears it",
  async () => {
    let reads = 0;
    const source: Source = {
      entry,
      synchronous: false,
      async read(into) {
        reads += 1;
        await Bun.sleep(1);
        return reads < 300 ? into.length : 0;
      },
      currentVersion: () => "v",
      [Symbol.dispose]() {},
    };
    await using server = await startServer({ store: storeOf({ open: () => source }) });
    const checksum = { case: "checksum", value: { path: "a", algorithm: "CRC32" } } as const;
    using patient = await RawPeer.welcomed(server.port);
    patient.request(1, checksum);
    patient.fin();
    expect((await patient.body(1)).case).toBe("response");
    await patient.ended();
    reads = 0;
    await closedAfter(server.port, checksum);
    await until(() => server.connections === 0);
    expect(reads).toBeLessThan(300);
  },
);

/** Asks, then closes without a word: the other side sees a FIN, and a reset only when it sends. */
async function closedAfter(
  port: number,
  operation: Parameters<RawPeer["request"]>[1],
): Promise<void> {
  const value = { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 0 };
  const socket = isSecured(port)
    ? tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: [ALPN] })
    : createConnection({ port, host: "127.0.0.1" });
  socket.write(encodeFrame(0, { case: "hello", value }));
  await once(socket, "data"); // Welcome is read: what is unread would make a reset of the close
  socket.write(encodeFrame(1, { case: "request", value: { operation: operation! } }));
  await Bun.sleep(20);
  socket.destroy();
  await once(socket, "close");
}

testStore("what is moved has a place among the open files until that is on disk", async () => {
  const moved = Promise.withResolvers<StoreEntry>();
  const store = storeOf({ rename: () => moved.promise });
  await using server = await startServer({ store, maxOpenFiles: 3 });
  using peer = await RawPeer.welcomed(server.port);
  const rename = { case: "rename", value: { from: "a", to: "b" } } as const;
  peer.request(1, rename);
  peer.request(2, rename);
  expect((await peer.failure(2)).code).toBe("RESOURCE_EXHAUSTED");
  moved.resolve(entry);
  expect((await peer.body(1)).case).toBe("response");
  peer.request(3, rename);
  expect((await peer.body(3)).case).toBe("response");
});
