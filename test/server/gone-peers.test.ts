/** Peers that leave without having read what they asked for hold nobody's place. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { BODIES } from "../session/bodies.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { WAY } from "../support/ways.ts";
import { until } from "../support/until.ts";

/** Fewer where each has a process of its own. */
const MOST = WAY === "processes" || WAY === "threads" ? 4 : 24;

const folder = new TemporaryFolder();
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(() => void folder.file("f", new Uint8Array(1 << 20)));
beforeEach(async () => {
  await server?.stop({ drain: 0 });
  server = await startServer({
    library: folder.path,
    durability: "none",
    maxConnections: MOST,
    tls: undefined, // its peers are plain sockets
  });
});
afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const hello = encodeFrame(0, {
  case: "hello",
  value: { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 2 ** 40 },
});

function asking(operation: "stat" | "get" | "list", count: number): Uint8Array {
  const value = { path: operation === "list" ? "" : "f" };
  const request = { case: "request", value: { operation: { case: operation, value } } } as const;
  return Buffer.concat([
    hello,
    ...Array.from({ length: count }, (_, i) => encodeFrame(i + 1, request)),
  ]);
}

/** Changes of folders, and checksums that are given up at once. */
function changing(count: number): Uint8Array {
  const frames = [hello];
  for (let stream = 1; stream <= count; stream += 1) {
    const operation = [
      { case: "makeDirectory", value: { path: "d" } },
      { case: "rename", value: { from: "d", to: "e" } },
      { case: "remove", value: { path: "e" } },
      { case: "checksum", value: { path: "f", algorithm: "SHA256" } },
    ][stream % 4]! as { case: "remove"; value: { path: string } };
    frames.push(encodeFrame(stream, { case: "request", value: { operation } }));
    if (stream % 4 === 3) frames.push(encodeFrame(stream, BODIES.cancel));
  }
  return Buffer.concat(frames);
}

type Leaving = "close" | "terminate";

/** Connects, sends, reads nothing. @returns how it leaves */
async function silent(bytes: Uint8Array, leaves: Leaving): Promise<() => void> {
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    allowHalfOpen: true,
    socket: {
      open(opened) {
        opened.pause();
        opened.write(bytes, 0, bytes.length);
      },
      data() {},
      error() {},
    },
  });
  return () => void (leaves === "close" ? socket.close() : socket.terminate());
}

/** Whether somebody new has a place. */
async function isServed(port: number): Promise<boolean> {
  try {
    await using client = await connect(`127.0.0.1:${port}`);
    return (await client.stat("f")).size === 1 << 20;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    return false;
  }
}

test.each([
  ["2,000 stat", asking("stat", 2000), "close"],
  ["2,000 stat", asking("stat", 2000), "terminate"],
  ["20,000 stat", asking("stat", 20_000), "terminate"],
  ["200 list", asking("list", 200), "close"],
  ["200 get", asking("get", 200), "close"],
  ["200 get", asking("get", 200), "terminate"],
  ["4,000 changes and checksums", changing(4000), "close"],
  ["4,000 changes and checksums", changing(4000), "terminate"],
] as const)("after %s (%#), whenever they leave", async (_, bytes, leaves) => {
  // At once, a moment later, and when their answers wait.
  for (const moment of [0, 1, 30]) {
    const peers = await Promise.all(Array.from({ length: MOST }, () => silent(bytes, leaves)));
    await Bun.sleep(moment);
    for (const leave of peers) leave();
    await until(
      () => isServed(server.port),
      () => server.connections,
    );
    await until(
      () => server.connections === 0,
      () => server.connections,
    );
  }
});
