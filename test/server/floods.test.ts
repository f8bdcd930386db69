/** Peers that send nothing but what costs them nothing, and a client beside them. */
import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Server, connect, createServer } from "../../src/index.ts";
import { MiB, UPLOAD_WINDOW } from "../../src/limits.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { SlowStore } from "../connection/slow-store.ts";
import { BODIES, dataFrame } from "../session/bodies.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";

const PEERS = 8;
const BYTES = 120_000;

const FLOODS = [
  ["empty frames", Uint8Array.of(0)],
  ["frames of stream 0 without a body", Uint8Array.of(2, 8, 0)],
  ["bodies of a later version", Uint8Array.of(3, 0xfa, 1, 0)],
  ["Data for a stream that has ended", dataFrame(1, 0, Uint8Array.of(1))],
  ["Credit for a stream that has ended", encodeFrame(1, BODIES.credit)],
] as const;

const folder = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  folder.file("f", "contents");
  server = await startServer({ library: folder.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const together = testExcept(["iterative"], "one client at a time");

for (const [name, frame] of FLOODS) {
  together(`${name} end their connections, and nobody else's`, () => endsItsOwn(frame));
}

async function endsItsOwn(frame: Uint8Array): Promise<void> {
  await using client = await connect(server.address);
  const peers = await Promise.all(
    Array.from({ length: PEERS }, () => RawPeer.welcomed(server.port)),
  );
  try {
    for (const peer of peers) {
      peer.request(1, { case: "stat", value: { path: "f" } });
      await peer.body(1);
    }
    const count = Math.max(20_000, Math.floor(BYTES / frame.length));
    const flood = Buffer.concat(Array.from({ length: count }, () => frame));
    for (const peer of peers) peer.bytes(flood);
    expect((await client.stat("f")).size).toBe(8);
    for (const peer of peers) {
      expect((await peer.failure(0)).code).toBe("PROTOCOL_ERROR");
      await peer.ended();
      peer.fin();
    }
    expect((await client.stat("f")).size).toBe(8);
  } finally {
    for (const peer of peers) peer[Symbol.dispose]();
  }
}

together("an upload that comes byte by byte arrives whole, and others beside it", async () => {
  await using client = await connect(server.address);
  using peer = await RawPeer.welcomed(server.port);
  const size = 5000;
  const value = { path: "bytes", uploadId: crypto.getRandomValues(new Uint8Array(16)), size };
  const whole = Uint8Array.from({ length: size }, (_, i) => i);
  const crc32 = Bun.hash.crc32(whole);
  peer.request(1, { case: "put", value });
  peer.together(() => {
    for (let at = 0; at < size; at += 1) {
      peer.data(1, at, whole.subarray(at, at + 1), at === size - 1 ? crc32 : undefined);
    }
  });
  peer.frame(1, { case: "finish", value: { size, crc32 } });
  expect((await client.stat("f")).size).toBe(8);
  while ((await peer.body(1)).case !== "receipt");
  expect((await client.stat("bytes")).size).toBe(size);
});

/** Objects and bytes that are in use. */
function held(): { objects: number; bytes: number } {
  Bun.gc(true);
  const { objectCount, heapSize, extraMemorySize } = heapStats();
  return { objects: objectCount, bytes: heapSize + extraMemorySize };
}

test("single bytes that wait for their file to be opened take what they are, not an object each", async () => {
  const opened = Promise.withResolvers<void>();
  const store = new SlowStore(openDiskStore(folder.path), () => opened.promise);
  const slow = await createServer({ store, durability: "none" });
  using peer = await RawPeer.welcomed(slow.port);
  const streams = 100;
  const bytes = Buffer.concat(
    Array.from({ length: UPLOAD_WINDOW }, (_, at) => dataFrame(1, at, Uint8Array.of(at))),
  );
  const before = held();
  for (let stream = 1; stream <= streams; stream += 1) {
    const uploadId = crypto.getRandomValues(new Uint8Array(16));
    peer.request(stream, { case: "put", value: { path: `${stream}`, uploadId, resume: true } });
    // The number of the stream is the third byte of each frame.
    for (let at = 0; at < bytes.length; at += bytes[at]! + 1) bytes[at + 2] = stream;
    peer.bytes(bytes);
    peer.frame(0, { case: "ping", value: { nonce: stream } });
    while (((await peer.next()) as { body?: { case: string } }).body?.case !== "pong");
  }
  const now = held();
  // Each stream has 16,384 bytes, and each of them came in a frame of its own.
  expect(now.objects - before.objects).toBeLessThan((streams * UPLOAD_WINDOW) / 10);
  expect((now.bytes - before.bytes) / MiB).toBeLessThan(50);
  opened.resolve();
  for (let done = 0; done < streams; done += 1) {
    let heard = await peer.next();
    while (!(typeof heard === "object" && "body" in heard && heard.body?.case === "response")) {
      heard = await peer.next();
    }
  }
  await slow.stop({ drain: 0 });
});
