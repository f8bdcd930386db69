/** Does what each row of "What a server refuses" in docs/protocol.md tells, and hears what it says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Server } from "../../src/index.ts";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, KiB, UPLOAD_WINDOW } from "../../src/limits.ts";
import { crc32OfZeros } from "../../src/crc32.ts";
import { HOLES } from "../../src/wire/features.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { encodeFrame, type FrameBodyInit } from "../../src/wire/frame.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { part, readDocument, rows } from "./document.ts";

type Request = Extract<FrameBodyInit, { case: "request" }>["value"]["operation"];
type Hello = Extract<FrameBodyInit, { case: "hello" }>["value"];

interface Case {
  /** Bytes in place of a Hello that is accepted. */
  readonly instead?: (peer: RawPeer) => void;
  /** What is sent once Welcome came. */
  readonly send?: (peer: RawPeer) => void;
  /** The stream that ends; 1 unless given. */
  readonly stream?: number;
  /** Optional ones that the client names. */
  readonly features?: readonly string[];
}

const folder = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  folder.file("f", "contents");
  server = await startServer({ library: folder.path, durability: "none", maxStreams: 4 });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(1);
const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""));

const hello = (over: Hello): Case => ({
  instead: (peer) => {
    const value = { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, ...over };
    peer.frame(0, { case: "hello", value });
  },
});
const raw = (text: string): Case => ({ send: (peer) => peer.bytes(hex(text)) });
const frame = (stream: number, body: FrameBodyInit): Case => ({
  send: (peer) => peer.frame(stream, body),
});
const request = (operation: Request): Case => ({ send: (peer) => peer.request(1, operation) });
/** Opens an upload, then says more. */
const put = (
  size: number | undefined,
  more: (peer: RawPeer) => void,
  { sha256 = false, features = [] }: { sha256?: boolean; features?: string[] } = {},
): Case => ({
  features,
  send(peer) {
    const uploadId = crypto.getRandomValues(new Uint8Array(16));
    peer.request(1, { case: "put", value: { path: "new", uploadId, size, sha256 } });
    more(peer);
  },
});
const hole = (peer: RawPeer, offset: number, length: number, sum = crc32OfZeros(length)): void =>
  peer.frame(1, { case: "hole", value: { offset, length, crc32: sum } });
/** An upload of a client that sends holes. */
const holes = (more: (peer: RawPeer) => void, size?: number, sha256 = false): Case =>
  put(size, more, { sha256, features: [HOLES] });
/** Opens a download for which there is no credit, then says more. */
const get = (more: (peer: RawPeer) => void): Case => ({
  ...hello({ initialWindow: 0 }),
  send(peer) {
    peer.request(1, { case: "get", value: { path: "f" } });
    more(peer);
  },
});

const CASES: Record<string, Case> = {
  "the first bytes are not those of a Hello": {
    instead: (peer) => peer.bytes(new TextEncoder().encode("GET / HTTP/1.1\r\n")),
  },
  "a Hello over 16,384 bytes": hello({ agent: "a".repeat(17_000) }),
  "no protocol version in common": hello({ minimumVersion: 2, maximumVersion: 3 }),
  "max_frame of 1,000 bytes": hello({ maxFrame: 1000 }),
  "credentials, where there are no users": hello({
    credentials: { kind: { case: "token", value: "t" } },
  }),
  "credentials that are empty, or of an unknown kind": hello({ credentials: {} }),
  "a second Hello": frame(0, { case: "hello", value: { magic: MAGIC } }),
  "a length above max_frame": raw("ff ff ff 01"),
  "a length of more than five bytes": raw("ff ff ff ff ff ff"),
  "a frame that is not valid protobuf": raw("02 08 ff"),
  "a number above 2^53 - 1": raw("0c 08 01 1a 08 08 80 80 80 80 80 80 10"),
  "a request on stream 0": frame(0, { case: "request", value: {} }),
  "a request on a stream number that was used before": {
    send(peer) {
      peer.request(1, { case: "stat", value: { path: "" } });
      peer.request(1, { case: "stat", value: { path: "" } });
    },
  },
  "a frame for a stream number above all that were opened": frame(7, { case: "cancel", value: {} }),
  "Data without payload": put(undefined, (peer) => peer.bytes(hex("04 08 01 12 00"))),
  "a Pong without a Ping": frame(0, { case: "pong", value: { nonce: 5 } }),
  "a second Ping before the Pong": {
    send(peer) {
      const ping = encodeFrame(0, { case: "ping", value: { nonce: 1 } });
      peer.bytes(Buffer.concat([ping, ping]));
    },
  },
  "more than 16,384 ignored frames": {
    send: (peer) => peer.bytes(new Uint8Array(16_385)),
  },
  "a frame other than Data above 16,384 bytes": request({
    case: "stat",
    value: { path: "p".repeat(17 * KiB) },
  }),
  "a frame without a body, or with an unknown one, above 16,384 bytes": {
    send: (peer) => peer.bytes(Buffer.concat([hex("ed 84 01 82 01 e8 84 01"), bytes(17_000)])),
  },
  "the end of the connection inside a frame": {
    send(peer) {
      peer.bytes(hex("05 08"));
      peer.fin();
    },
  },
  "a request without an operation, or with an unknown one": frame(1, {
    case: "request",
    value: {},
  }),
  "a body of unknown kind on an open stream": get((peer) => peer.bytes(hex("05 08 01 82 01 00"))),
  "more streams than max_streams": {
    ...hello({ initialWindow: 0 }),
    stream: 5,
    send(peer) {
      for (let id = 1; id <= 5; id += 1) peer.request(id, { case: "get", value: { path: "f" } });
    },
  },
  "a frame that the state does not allow": get((peer) => peer.data(1, 0, bytes(1))),
  "Data beyond the credit": put(10, (peer) => peer.data(1, 0, bytes(UPLOAD_WINDOW + 1))),
  "a Credit of 0 bytes": get((peer) => peer.frame(1, { case: "credit", value: { bytes: 0 } })),
  "Data that is not at the next offset": put(20, (peer) => peer.data(1, 10, bytes(1))),
  "Data across a block boundary": put(undefined, (peer) => {
    for (let at = 0; at < BLOCK_SIZE - 64 * KiB; at += 64 * KiB) peer.data(1, at, bytes(64 * KiB));
    peer.data(1, BLOCK_SIZE - 64 * KiB, bytes(64 * KiB + 1));
  }),
  "a block that ends without its crc32": put(undefined, (peer) => {
    for (let at = 0; at < BLOCK_SIZE; at += 64 * KiB) peer.data(1, at, bytes(64 * KiB));
  }),
  "the last Data of a declared size without its crc32": put(5, (peer) => {
    peer.data(1, 0, bytes(5));
    peer.frame(1, { case: "finish", value: { size: 5, crc32: 0 } });
  }),
  "a crc32 that does not match": put(5, (peer) => peer.data(1, 0, bytes(5), 1)),
  "a Finish without size or crc32": put(0, (peer) => peer.frame(1, { case: "finish", value: {} })),
  "a Finish of another size": put(undefined, (peer) =>
    peer.frame(1, { case: "finish", value: { size: 5, crc32: 0 } }),
  ),
  "Data beyond the declared size": put(5, (peer) => peer.data(1, 0, bytes(6))),
  "a Hole, if Hello has not named the feature": put(undefined, (peer) => hole(peer, 0, BLOCK_SIZE)),
  "a Hole of 0 bytes": holes((peer) => hole(peer, 0, 0)),
  "a Hole that is not at the next offset": holes((peer) => hole(peer, BLOCK_SIZE, BLOCK_SIZE)),
  "a Hole inside a block": holes((peer) => {
    peer.data(1, 0, bytes(9));
    hole(peer, 9, BLOCK_SIZE);
  }),
  "anything behind a Hole that ends inside a block": holes((peer) => {
    hole(peer, 0, 9);
    peer.data(1, 9, bytes(9));
  }),
  "a Hole in an upload with sha256": holes((peer) => hole(peer, 0, BLOCK_SIZE), undefined, true),
  "a Hole beyond the declared size": holes((peer) => hole(peer, 0, BLOCK_SIZE), 9),
  "a Hole whose crc32 is not that of so many zeros": holes((peer) => hole(peer, 0, BLOCK_SIZE, 1)),
  "an upload_id that is not 16 bytes": request({
    case: "put",
    value: { path: "new", uploadId: bytes(3) },
  }),
  "a path that begins with a slash": request({ case: "stat", value: { path: "/f" } }),
  "an offset beyond the end of the file": request({ case: "get", value: { path: "f", offset: 9 } }),
  "a cursor that no list has returned": request({ case: "list", value: { cursor: "?" } }),
  "the end of the connection before an upload is finished": put(5, (peer) => {
    peer.data(1, 0, bytes(2));
    peer.fin();
  }),
};

const documented = rows(part(readDocument("protocol.md"), "refusals"));

test("every row is tried here", () => {
  expect(documented.map(([what]) => what)).toEqual(Object.keys(CASES));
});

test.each(documented)("%s: %s, ends the %s", async (what, code, ends) => {
  const { instead, send, stream = 1, features } = CASES[what!]!;
  using peer = await RawPeer.connect(server.port);
  if (instead === undefined) peer.hello(DOWNLOAD_WINDOW, undefined, features);
  else instead(peer);
  if (send !== undefined) {
    expect((await peer.body(0)).case).toBe("welcome");
    send(peer);
  }
  const failure = await failureOf(peer, ends === "stream" ? stream : 0);
  expect<string>(failure.code).toBe(code!);
  expect(failure.message.length).toBeGreaterThan(10);
  if (ends === "connection") return await peer.ended();
  if (what!.startsWith("the end of the connection")) return;
  peer.frame(0, { case: "ping", value: { nonce: 3 } });
  let body = await peer.body(0);
  while (body.case !== "pong") body = await peer.body(0); // the server measures the round trip, too
});

/** The Failure of a stream, whatever else comes before. */
async function failureOf(peer: RawPeer, stream: number) {
  let body = await peer.body(stream);
  while (body.case !== "failure") body = await peer.body(stream);
  return body.value;
}
