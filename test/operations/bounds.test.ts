/** What a request may make a server hold, and what an answer may be as large as. */
import { expect, test } from "bun:test";
import { type Server } from "../../src/index.ts";
import { KiB, MAX_FRAME_RANGE } from "../../src/limits.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import type { Operation } from "../../src/session/event.ts";
import { crc32 } from "../../src/hash.ts";
import { encodeFrame, type FrameBodyInit } from "../../src/wire/frame.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

type RequestInit = Extract<FrameBodyInit, { case: "request" }>["value"]["operation"];

const serve = (folder: TemporaryFolder): Promise<Server> =>
  startServer({ library: folder.path, durability: "none" });

const uploadId = new Uint8Array(16);

const beyond: readonly [string, string, RequestInit][] = [
  ["a path", "INVALID_NAME", { case: "list", value: { path: "p".repeat(4097) } }],
  ["a cursor", "INVALID_ARGUMENT", { case: "list", value: { cursor: "c".repeat(4097) } }],
  [
    "a version",
    "INVALID_ARGUMENT",
    { case: "get", value: { path: "f", ifMatch: "v".repeat(129) } },
  ],
  [
    "nanoseconds",
    "INVALID_ARGUMENT",
    {
      case: "put",
      value: { path: "f", uploadId, modified: { seconds: 1, nanoseconds: 1_000_000_000 } },
    },
  ],
];

test.each(beyond)("%s beyond its bound is refused with %s", async (_, code, operation) => {
  using folder = new TemporaryFolder();
  await using server = await serve(folder);
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, operation);
  expect((await peer.failure(1)).code).toBe(code);
});

test("a list that waits for its turn holds no long cursor", async () => {
  using folder = new TemporaryFolder();
  for (let i = 0; i < 1500; i += 1) folder.file(`${"n".repeat(200)}${i}`);
  await using server = await serve(folder);
  using peer = await RawPeer.welcomed(server.port);
  peer.pause();
  // Pages that the peer does not take: the lists behind them wait.
  for (let stream = 1; stream <= 60; stream += 1) peer.request(stream, list({ path: "" }));
  peer.request(61, list({ cursor: "c".repeat(5000) }));
  peer.resume();
  expect((await peer.failure(61)).code).toBe("INVALID_ARGUMENT");
});

test("a page fits the frame that the client takes", async () => {
  using folder = new TemporaryFolder();
  for (let i = 0; i < 1000; i += 1) folder.file(`${"n".repeat(200)}${i}`);
  await using server = await serve(folder);
  using peer = await RawPeer.connect(server.port);
  const maxFrame = MAX_FRAME_RANGE.least;
  peer.frame(0, {
    case: "hello",
    value: { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, maxFrame },
  });
  peer.request(1, list({ path: "" }));
  const body = await peer.body(1);
  if (body.case !== "response") throw new Error(`${body.case} came`);
  const size = encodeFrame(1, body).length;
  expect(size).toBeLessThanOrEqual(maxFrame);
  expect(size).toBeGreaterThan(maxFrame - 16 * KiB);
  expect(await peer.body(1)).toMatchObject({
    case: "finish",
    value: { cursor: expect.any(String) },
  });
});

test("a receipt carries a SHA-256 only when it was asked for, and so checked", async () => {
  using folder = new TemporaryFolder();
  await using server = await serve(folder);
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, { case: "put", value: { path: "f", uploadId, size: 0 } });
  peer.frame(1, { case: "finish", value: { size: 0, crc32: 0, sha256: new Uint8Array(32) } });
  expect((await peer.body(1)).case).toBe("response");
  const receipt = await peer.body(1);
  if (receipt.case !== "receipt") throw new Error(`${receipt.case} came`);
  expect(receipt.value.sha256).toBeUndefined();
});

test("what comes behind the Finish of an upload is no part of the file", async () => {
  using folder = new TemporaryFolder();
  await using server = await serve(folder);
  using peer = await RawPeer.welcomed(server.port);
  const contents = new TextEncoder().encode("whole");
  peer.request(1, { case: "put", value: { path: "f", uploadId } });
  peer.data(1, 0, contents, crc32(contents));
  peer.frame(1, { case: "finish", value: { size: contents.length, crc32: crc32(contents) } });
  peer.data(1, contents.length, new TextEncoder().encode("and more"));
  expect((await peer.body(1)).case).toBe("credit");
  expect((await peer.body(1)).case).toBe("response");
  expect(await peer.body(1)).toMatchObject({ case: "receipt", value: { entry: { size: 5 } } });
  expect(await Bun.file(folder.at("f")).text()).toBe("whole");
});

test("many checksums at once are right, and hold up nobody", async () => {
  using folder = new TemporaryFolder();
  const contents = new Uint8Array(4 * KiB * KiB).fill(7);
  folder.file("f", contents);
  await using server = await serve(folder);
  using peer = await RawPeer.welcomed(server.port);
  for (let stream = 1; stream <= 32; stream += 1) {
    peer.request(stream, { case: "checksum", value: { path: "f", algorithm: "SHA256" } });
  }
  peer.request(33, { case: "stat", value: { path: "f" } });
  const expected = new Bun.CryptoHasher("sha256").update(contents).digest("hex");
  const order: number[] = [];
  while (order.length < 33) {
    const heard = await peer.next();
    if (typeof heard === "string" || !("body" in heard)) throw new Error("no answer came");
    if (heard.body?.case !== "response") throw new Error(`${heard.body?.case} came`);
    order.push(heard.stream);
    const { result } = heard.body.value;
    if (result?.case === "checksum") {
      expect(Buffer.from(result.value.digest).toString("hex")).toBe(expected);
    }
  }
  expect(order[0]).toBe(33);
});

function list(value: Partial<Extract<Operation, { case: "list" }>["value"]>): RequestInit {
  return { case: "list", value };
}
