/** Peers that ask for much and read nothing, that never finish their Hello, or that stand at every bound of a number. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Server } from "../../src/index.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { hello } from "../fuzz/conversations.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { testExcept, WAY, testPlain } from "../support/ways.ts";
import { until } from "../support/until.ts";

type Operation = NonNullable<Extract<FrameBodyInit, { case: "request" }>["value"]["operation"]>;

const SIZE = 300_000;
const uploadId = new Uint8Array(16);
let folder: TemporaryFolder;
let server: Server;

beforeAll(async () => {
  folder = new TemporaryFolder();
  folder.file("big", new Uint8Array(SIZE));
  for (let index = 0; index < 50; index += 1) folder.file(`dir/${index}`, "x");
  server = await startServer({ library: folder.path, durability: "none", maxConnections: 2000 });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

/** A socket that sends bytes as far as it can, and reads nothing. */
async function silent(port: number, bytes: Uint8Array): Promise<Disposable> {
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    allowHalfOpen: true,
    socket: {
      open(opened) {
        opened.pause();
        if (bytes.length > 0) opened.write(bytes, 0, bytes.length);
      },
      data() {},
      error() {},
    },
  });
  return { [Symbol.dispose]: () => void socket.terminate() };
}

const OPERATIONS: Record<string, (index: number) => Operation> = {
  list: () => ({ case: "list", value: { path: "dir" } }),
  stat: () => ({ case: "stat", value: { path: "big" } }),
  get: () => ({ case: "get", value: { path: "big", sha256: true } }),
  put: (index) => ({ case: "put", value: { path: `new-${index}`, uploadId } }),
  "put, resuming": () => ({ case: "put", value: { path: "new", uploadId, resume: true } }),
  remove: (index) => ({ case: "remove", value: { path: `no-${index}` } }),
  rename: (index) => ({ case: "rename", value: { from: `no-${index}`, to: "no" } }),
  makeDirectory: (index) => ({ case: "makeDirectory", value: { path: `made-${index % 9}` } }),
  makeLink: (index) => ({ case: "makeLink", value: { path: `link-${index % 9}`, target: "x" } }),
  setAttributes: (index) => ({
    case: "setAttributes",
    value: { path: "big", mode: 0o600 + (index % 8) },
  }),
  checksum: () => ({ case: "checksum", value: { path: "big", algorithm: "SHA256" } }),
  status: () => ({ case: "status", value: {} }),
  walk: () => ({ case: "walk", value: { path: "", contentsUpTo: 65_536 } }),
  putTree: (index) => ({ case: "putTree", value: { path: `tree-${index % 9}` } }),
};

/** One client at a time has no neighbours; where each has a process, a few are enough. */
const together = testExcept(["iterative"], "one client at a time");
const PEERS = WAY === "processes" || WAY === "threads" ? 3 : 12;
const REQUESTS = 2000;

describe.each(Object.entries(OPERATIONS))("a flood of %s that is not read", (_, operation) => {
  for (const isCancelled of [false, true]) {
    const name = isCancelled ? "each cancelled at once, " : "";
    together(`${name}leaves the others served, and nothing open`, async () => {
      const frames = [hello(isCancelled ? 0 : 1 << 20)];
      for (let stream = 1; stream <= REQUESTS; stream += 1) {
        const value = { operation: operation(stream) };
        frames.push(encodeFrame(stream, { case: "request", value }));
        if (isCancelled) frames.push(encodeFrame(stream, { case: "cancel", value: {} }));
      }
      const bytes = Buffer.concat(frames);
      await using client = await connect(server.address);
      const peers = await Promise.all(
        Array.from({ length: PEERS }, () => silent(server.port, bytes)),
      );
      for (let count = 0; count < 20; count += 1) {
        expect((await client.stat("big")).size).toBe(SIZE);
      }
      expect(await (await client.get("dir/1")).text()).toBe("x");
      for (const peer of peers) peer[Symbol.dispose]();
      await until(
        () => server.connections === 1,
        () => server.connections,
      );
      if (process.platform === "linux") {
        await until(
          () => openUnder(folder.at("big")).length + openUnder(folder.at("dir")).length === 0,
          () => openUnder(folder.path),
        );
      }
    });
  }
});

testPlain(
  "these begin no handshake",
  testExcept(["iterative", "processes", "threads"], "few clients at once"),
)("over a thousand peers that never finish their Hello leave a place for others", async () => {
  const peers: Disposable[] = [];
  try {
    for (let count = 0; count < 1200; count += 100) {
      const some = Array.from({ length: 100 }, (_, index) =>
        silent(server.port, hello().subarray(0, index % hello().length)),
      );
      peers.push(...(await Promise.all(some)));
    }
    await until(
      () => server.connections >= 1200,
      () => server.connections,
    );
    await using client = await connect(server.address);
    expect((await client.stat("big")).size).toBe(SIZE);
  } finally {
    for (const peer of peers) peer[Symbol.dispose]();
  }
  await until(
    () => server.connections === 0,
    () => server.connections,
  );
});

const MOST = 2 ** 53 - 1;

describe("numbers at their bounds", () => {
  test.each<[string, Operation, string]>([
    ["an offset at the end", { case: "get", value: { path: "big", offset: SIZE } }, "get"],
    ["beyond it", { case: "get", value: { path: "big", offset: SIZE + 1 } }, "INVALID_ARGUMENT"],
    ["far beyond it", { case: "get", value: { path: "big", offset: MOST } }, "INVALID_ARGUMENT"],
    ["the longest length", { case: "get", value: { path: "big", length: MOST } }, "get"],
    ["both", { case: "get", value: { path: "big", offset: SIZE, length: MOST } }, "get"],
    ["no length", { case: "get", value: { path: "big", length: 0 } }, "get"],
    ["the most entries", { case: "list", value: { path: "dir", limit: 2 ** 32 - 1 } }, "list"],
    ["all contents", { case: "walk", value: { path: "dir", contentsUpTo: MOST } }, "walk"],
    [
      "the largest file, which has no room",
      { case: "put", value: { path: "huge", uploadId, size: MOST, resume: true } },
      "NO_SPACE",
    ],
    [
      "a prefix of nothing",
      { case: "put", value: { path: "p", uploadId, resume: true, prefixCrc32: 0 } },
      "INVALID_ARGUMENT",
    ],
    [
      "the earliest time",
      {
        case: "put",
        value: { path: "early", uploadId, resume: true, modified: { seconds: -MOST } },
      },
      "put",
    ],
    [
      "too many nanoseconds",
      { case: "put", value: { path: "n", uploadId, modified: { nanoseconds: 2 ** 32 - 1 } } },
      "INVALID_ARGUMENT",
    ],
    [
      "all bits of a mode",
      { case: "put", value: { path: "m", uploadId, mode: 2 ** 32 - 1 } },
      "INVALID_ARGUMENT",
    ],
  ])("%s", async (_, operation, outcome) => {
    using peer = await RawPeer.welcomed(server.port, 1 << 20);
    peer.request(1, operation);
    let body = await peer.body(1);
    while (body.case === "credit") body = await peer.body(1);
    const { code } = body.case === "failure" ? body.value : {};
    const result = body.case === "response" ? body.value.result?.case : undefined;
    expect<string | undefined>(code ?? result).toBe(outcome);
  });

  test("the last stream is served, and none behind it", async () => {
    using peer = await RawPeer.welcomed(server.port);
    peer.request(2 ** 32 - 1, { case: "stat", value: { path: "big" } });
    expect((await peer.body(2 ** 32 - 1)).case).toBe("response");
    peer.request(1, { case: "stat", value: { path: "big" } });
    expect((await peer.failure(0)).code).toBe("PROTOCOL_ERROR");
  });

  test("a stream of 2^32 is none", async () => {
    using peer = await RawPeer.welcomed(server.port);
    // As 32 bits it is 0, where no Request may come.
    peer.bytes(Uint8Array.fromHex("0f088080808010220712050a03626967"));
    expect((await peer.failure(0)).code).toBe("PROTOCOL_ERROR");
  });

  test.each([0, 2 ** 40, MOST])("a window of %d", async (window) => {
    using peer = await RawPeer.welcomed(server.port, window);
    peer.request(1, { case: "get", value: { path: "dir/1" } });
    expect((await peer.body(1)).case).toBe("response");
    if (window < MOST) peer.frame(1, { case: "credit", value: { bytes: 1 } });
    expect((await peer.body(1)).case).toBe("finish");
  });
});
