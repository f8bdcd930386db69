/** Transfers on which nothing moves: the server's log says why, and no wait is without an end. */
import { expect, test } from "bun:test";
import { STALL_NOTICE, SYNC_DEADLINE, TRANSFER_DEADLINE } from "../../src/limits.ts";
import type { Log } from "../../src/server/log/log.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import type { Sink, Store, StoreEntry } from "../../src/store/store.ts";
import { Raw, TestRuntime } from "../connection/support.ts";
import { turns } from "../net/support.ts";
import { HELLO } from "../session/bodies.ts";
import { TemporaryFolder } from "../support/folder.ts";

const ENTRY: StoreEntry = {
  name: "a",
  kind: "FILE",
  size: 4,
  modified: { seconds: 0, nanoseconds: 0 },
  version: "v",
  mode: 0o644,
};

/** A server whose time is moved by hand, a client that says what it is told to, and the log. */
async function served(store: Store, window = 0) {
  const lines: string[] = [];
  const at = (facts: object, message: string): void => {
    const { path, seconds } = facts as { path?: string; seconds?: number };
    if (seconds !== undefined) lines.push(`${path} ${seconds} s: ${message}`);
  };
  const log: Log = { debug: at, info: at, warn: at, error: at };
  const runtime = new TestRuntime();
  const server = new LeatServer(new Host(store, { log }, runtime));
  let raw!: Raw;
  memoryPair(server.accept, (transport) => (raw = new Raw(transport)));
  raw.frame(0, { case: "hello", value: { ...HELLO.value, initialWindow: window } });
  await turns(20);
  raw.heard();
  const said = async (milliseconds: number): Promise<string[]> => {
    await turns(20);
    runtime.pass(milliseconds);
    await turns(20);
    return lines.splice(0);
  };
  return { raw, said, server };
}

const bytes = new Uint8Array(4);
const PUT = { path: "a", uploadId: new Uint8Array(16), size: 4 };

/** A store whose uploads are as a test makes them. */
function uploads(sink: Partial<Sink>): Store {
  const none = (): never => {
    throw new Error("not served");
  };
  return {
    readOnly: false,
    page: none,
    stat: none,
    open: none,
    create: () => ({
      durableOffset: 0,
      write() {},
      commit: async () => ENTRY,
      keep() {},
      discard() {},
      async [Symbol.asyncDispose]() {},
      ...sink,
    }),
    remove: none,
    makeDirectory: none,
    async [Symbol.asyncDispose]() {},
  };
}

test("a client that grants no credit is told of, once until something moves", async () => {
  using folder = new TemporaryFolder();
  folder.file("a", "1234567890");
  const { raw, said, server } = await served(openDiskStore(folder.path), 4);
  raw.frame(1, { case: "request", value: { operation: { case: "get", value: { path: "a" } } } });
  expect(await said(STALL_NOTICE)).toEqual([]);
  const line =
    "a 3 s: a transfer does not move: the client does not take in what it has: its disk, or its reader";
  expect(await said(1)).toEqual([line]);
  expect(await said(STALL_NOTICE)).toEqual([]);
  raw.frame(1, { case: "credit", value: { bytes: 4 } });
  expect(await said(STALL_NOTICE + 1)).toEqual([line]);
  await said(TRANSFER_DEADLINE);
  expect(raw.heard().at(-1)).toMatchObject({
    stream: 1,
    body: { case: "failure", value: { code: "DEADLINE_EXCEEDED" } },
  });
  raw.transport.close();
  await server.stop({ drain: 0 });
});

test("so is a client that sends nothing, and a disk that takes nothing", async () => {
  const written = Promise.withResolvers<void>();
  const { raw, said, server } = await served(uploads({ write: () => written.promise }));
  raw.frame(1, { case: "request", value: { operation: { case: "put", value: PUT } } });
  expect(await said(STALL_NOTICE + 1)).toEqual([
    "a 3 s: a transfer does not move: nothing comes from the client: its disk, or the network",
  ]);
  raw.frame(1, { case: "data", value: { offset: 0, crc32: 0x2144df1c, payload: bytes } });
  expect(await said(STALL_NOTICE + 1)).toEqual([
    "a 3 s: a transfer does not move: the server's disk",
  ]);
  written.resolve();
  raw.transport.close();
  await server.stop({ drain: 0 });
});

test("a disk that does not confirm is told of, then the client, and the receipt is not lost", async () => {
  const committed = Promise.withResolvers<StoreEntry>();
  const { raw, said, server } = await served(uploads({ commit: () => committed.promise }));
  raw.frame(1, { case: "request", value: { operation: { case: "put", value: PUT } } });
  raw.frame(1, { case: "data", value: { offset: 0, crc32: 0x2144df1c, payload: bytes } });
  raw.frame(1, { case: "finish", value: { size: 4, crc32: 0x2144df1c } });
  expect(await said(STALL_NOTICE + 1)).toEqual([
    "a 3 s: a transfer does not move: the server's disk has not confirmed the file",
  ]);
  await said(SYNC_DEADLINE - STALL_NOTICE - 1);
  expect(raw.heard().filter((frame) => frame.body?.case === "failure")).toEqual([]);
  await said(1);
  expect(raw.heard()).toMatchObject([
    {
      stream: 1,
      body: {
        case: "failure",
        value: {
          code: "DEADLINE_EXCEEDED",
          retryable: true,
          message:
            "the disk has not confirmed the file within 300 s; whether it will be there is not known",
        },
      },
    },
  ]);
  // It is confirmed after all: nothing is said on a stream that is over, and the server serves on.
  committed.resolve(ENTRY);
  await turns(20);
  raw.frame(0, { case: "ping", value: { nonce: 7 } });
  await turns(20);
  expect(raw.heard()).toMatchObject([{ stream: 0, body: { case: "pong", value: { nonce: 7 } } }]);
  raw.transport.close();
  await server.stop({ drain: 0 });
});
