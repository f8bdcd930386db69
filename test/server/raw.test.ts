/** Bytes out, bytes in: what a server answers to a peer that breaks the rules. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Server } from "../../src/index.ts";
import { MAX_HELLO, MiB, SERVER_MAX_FRAME, UPLOAD_WINDOW } from "../../src/limits.ts";
import { crc32 } from "../../src/hash.ts";
import { writeVarint } from "../../src/wire/varint.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { WAY } from "../support/ways.ts";

const folder = mkdtempSync(join(tmpdir(), "leat-raw-"));
const uploadId = new Uint8Array(16).fill(7);
let server: Server;

beforeAll(async () => {
  writeFileSync(join(folder, "a.txt"), "hello");
  writeFileSync(join(folder, "big.bin"), new Uint8Array(8 * MiB));
  server = await startServer({ library: folder, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  rmSync(folder, { recursive: true });
});

/** Names a user would see, the store's own folder aside. */
const visible = (): string[] =>
  readdirSync(folder)
    .filter((name) => name !== ".leat")
    .toSorted();

/** Somebody else is served as if nothing had been, beside a peer or, one at a time, after it. */
async function othersAreServed(beside: RawPeer): Promise<void> {
  if (WAY === "iterative") beside[Symbol.dispose]();
  await using client = await connect(server.address);
  expect(await (await client.get("a.txt")).text()).toBe("hello");
  expect(visible()).toEqual(["a.txt", "big.bin"]);
}

/** A length prefix. */
function length(value: number): Uint8Array {
  const bytes = new Uint8Array(10);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

const put = (path: string, size?: number) =>
  ({ case: "put", value: { path, uploadId, ...(size === undefined ? {} : { size }) } }) as const;

describe("the connection is ended, with a Failure on stream 0, for", () => {
  const cases: Record<string, { code: string; says: RegExp; send: (peer: RawPeer) => void }> = {
    "a length over the limit": {
      code: "TOO_LARGE",
      says: new RegExp(`${SERVER_MAX_FRAME}`),
      send: (peer) => peer.bytes(length(SERVER_MAX_FRAME + 1)),
    },
    "a length prefix without end": {
      code: "PROTOCOL_ERROR",
      says: /length/,
      send: (peer) => peer.bytes(new Uint8Array(11).fill(0xff)),
    },
    garbage: {
      code: "PROTOCOL_ERROR",
      says: /./,
      send: (peer) => peer.bytes(Uint8Array.of(4, 0xff, 0xff, 0xff, 0xff)),
    },
    "Data for a stream never opened": {
      code: "PROTOCOL_ERROR",
      says: /stream 9/,
      send: (peer) => peer.data(9, 0, new Uint8Array(3), 0),
    },
    "Credit for a stream never opened": {
      code: "PROTOCOL_ERROR",
      says: /stream 9/,
      send: (peer) => peer.frame(9, { case: "credit", value: { bytes: 1 } }),
    },
    "a second Hello": {
      code: "PROTOCOL_ERROR",
      says: /hello/,
      send: (peer) => peer.hello(),
    },
    "a stream that is opened twice": {
      code: "PROTOCOL_ERROR",
      says: /stream 1/,
      send: (peer) => {
        peer.request(1, { case: "stat", value: { path: "a.txt" } });
        peer.request(1, { case: "stat", value: { path: "a.txt" } });
      },
    },
    "a Pong for no Ping": {
      code: "PROTOCOL_ERROR",
      says: /Pong/,
      send: (peer) => peer.frame(0, { case: "pong", value: { nonce: 77 } }),
    },
    "empty Data": {
      code: "PROTOCOL_ERROR",
      says: /payload/,
      send: (peer) => {
        peer.request(1, put("never.bin", 1));
        peer.bytes(Uint8Array.of(4, 0x08, 1, 0x12, 0));
      },
    },
    "an integer above 2^53 - 1": {
      code: "PROTOCOL_ERROR",
      says: /2\^53|9007199254740991/,
      send: (peer) =>
        // stream 1, credit { bytes: 2^63 }
        peer.bytes(Uint8Array.fromHex("0f08011a0b0880808080808080808001")),
    },
    "a name that is not UTF-8": {
      code: "PROTOCOL_ERROR",
      says: /./,
      // stream 1, request { stat { path: ff } }
      send: (peer) => peer.bytes(Uint8Array.fromHex("090801220512030a01ff")),
    },
  };
  for (const [name, { code, says, send }] of Object.entries(cases)) {
    test(name, async () => {
      using peer = await RawPeer.welcomed(server.port);
      send(peer);
      const failure = await peer.failure(0);
      expect(failure).toEqual({ code, message: expect.stringMatching(says) });
      await peer.ended();
      await othersAreServed(peer);
    });
  }
});

describe("a first frame that is no Hello is refused:", () => {
  test("a Request", async () => {
    using peer = await RawPeer.connect(server.port);
    peer.request(1, { case: "stat", value: { path: "a.txt" } });
    expect((await peer.failure(0)).code).toBe("PROTOCOL_ERROR");
    await peer.ended();
  });

  test("HTTP", async () => {
    using peer = await RawPeer.connect(server.port);
    peer.bytes(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    expect(await peer.failure(0)).toEqual({
      code: "PROTOCOL_ERROR",
      message: expect.stringContaining("GET /"),
    });
    await peer.ended();
    await othersAreServed(peer);
  });

  test("more than a Hello may have", async () => {
    using peer = await RawPeer.connect(server.port);
    peer.bytes(length(MAX_HELLO + 1));
    expect((await peer.failure(0)).code).toBe("TOO_LARGE");
    await peer.ended();
  });

  test("another version", async () => {
    using peer = await RawPeer.connect(server.port);
    const value = { magic: 0x7461656c, minimumVersion: 2, maximumVersion: 9 };
    peer.frame(0, { case: "hello", value });
    expect(await peer.failure(0)).toEqual({
      code: "VERSION_UNSUPPORTED",
      message: expect.stringContaining("2 to 9"),
    });
    await peer.ended();
  });

  test("and nothing behind it runs", async () => {
    using peer = await RawPeer.connect(server.port);
    const value = { magic: 0x7461656c, minimumVersion: 2, maximumVersion: 9 };
    peer.frame(0, { case: "hello", value });
    peer.request(1, { case: "remove", value: { path: "a.txt" } });
    await peer.ended();
    await othersAreServed(peer);
  });
});

describe("only the stream is ended for", () => {
  const cases: Record<string, { code: string; says: RegExp; send: (peer: RawPeer) => void }> = {
    "an unknown operation": {
      code: "UNIMPLEMENTED",
      says: /operation/,
      // stream 1, request with field 15, empty
      send: (peer) => peer.bytes(Uint8Array.of(6, 0x08, 1, 0x22, 2, 0x7a, 0)),
    },
    "an unknown body": {
      code: "UNIMPLEMENTED",
      says: /kind/,
      send: (peer) => {
        peer.request(1, put("never.bin"));
        peer.bytes(Uint8Array.of(5, 0x08, 1, 0x82, 0x01, 0));
      },
    },
    "Data beyond the credit": {
      code: "FLOW_CONTROL",
      says: /credit/,
      send: (peer) => {
        // One frame, of a file that needs no more: credit may come between two.
        peer.request(1, put("never.bin", UPLOAD_WINDOW));
        peer.data(1, 0, new Uint8Array(UPLOAD_WINDOW + 1));
      },
    },
    "Credit that overflows": {
      code: "FLOW_CONTROL",
      says: /2\^53/,
      send: (peer) => {
        peer.request(1, { case: "get", value: { path: "big.bin" } });
        peer.frame(1, { case: "credit", value: { bytes: Number.MAX_SAFE_INTEGER } });
      },
    },
    "Credit of nothing": {
      code: "FLOW_CONTROL",
      says: /0 bytes/,
      send: (peer) => {
        peer.request(1, { case: "get", value: { path: "big.bin" } });
        peer.frame(1, { case: "credit", value: { bytes: 0 } });
      },
    },
    "Data that leaves a gap": {
      code: "PROTOCOL_ERROR",
      says: /offset 10 .* offset 0/,
      send: (peer) => {
        peer.request(1, put("never.bin"));
        peer.data(1, 10, new Uint8Array(3));
      },
    },
    "Data over a block boundary": {
      code: "PROTOCOL_ERROR",
      says: /boundary/,
      send: (peer) => {
        peer.request(1, { case: "put", value: { path: "never.bin", uploadId } });
        peer.data(1, 0, new Uint8Array(1024));
        for (let at = 1024; at < MiB; at += MiB / 16) peer.data(1, at, new Uint8Array(MiB / 16));
      },
    },
    "a bad CRC of a block": {
      code: "CHECKSUM_MISMATCH",
      says: /block 0/,
      send: (peer) => {
        peer.request(1, put("never.bin", 3));
        peer.data(1, 0, Uint8Array.of(1, 2, 3), 12345);
      },
    },
    "a wrong final size": {
      code: "SIZE_MISMATCH",
      says: /3 bytes/,
      send: (peer) => {
        const payload = Uint8Array.of(1, 2, 3);
        peer.request(1, put("never.bin"));
        peer.data(1, 0, payload, crc32(payload));
        peer.frame(1, { case: "finish", value: { size: 4, crc32: crc32(payload) } });
      },
    },
    "another size than was declared": {
      code: "SIZE_MISMATCH",
      says: /9 (bytes|were declared)/,
      send: (peer) => {
        const payload = Uint8Array.of(1, 2, 3);
        peer.request(1, put("never.bin", 9));
        peer.data(1, 0, payload, crc32(payload));
        peer.frame(1, { case: "finish", value: { size: 3, crc32: crc32(payload) } });
      },
    },
    "more Data than was declared": {
      code: "SIZE_MISMATCH",
      says: /2 declared/,
      send: (peer) => {
        peer.request(1, put("never.bin", 2));
        peer.data(1, 0, Uint8Array.of(1, 2, 3), 0);
      },
    },
    "a bad CRC of the whole": {
      code: "CHECKSUM_MISMATCH",
      says: /whole/,
      send: (peer) => {
        const payload = Uint8Array.of(1, 2, 3);
        peer.request(1, put("never.bin"));
        peer.data(1, 0, payload, crc32(payload));
        peer.frame(1, { case: "finish", value: { size: 3, crc32: 1 } });
      },
    },
    "a Finish without size": {
      code: "PROTOCOL_ERROR",
      says: /size/,
      send: (peer) => {
        peer.request(1, put("never.bin"));
        peer.frame(1, { case: "finish", value: {} });
      },
    },
    "an upload id of another length": {
      code: "INVALID_ARGUMENT",
      says: /upload_id/,
      send: (peer) =>
        peer.request(1, { case: "put", value: { path: "x", uploadId: new Uint8Array(3) } }),
    },
    "Data on a download": {
      code: "PROTOCOL_ERROR",
      says: /Data/,
      send: (peer) => {
        peer.request(1, { case: "get", value: { path: "big.bin" } });
        peer.data(1, 0, new Uint8Array(3));
      },
    },
    "a Resend, which is not served yet": {
      code: "UNIMPLEMENTED",
      says: /again/,
      send: (peer) => {
        peer.request(1, { case: "get", value: { path: "big.bin" } });
        peer.frame(1, { case: "resend", value: { offset: 0, length: 1 } });
      },
    },
    "a put with more than permission bits": {
      code: "INVALID_ARGUMENT",
      says: /mode is 04755; permission bits are at most 0777/,
      send: (peer) => {
        peer.request(1, { case: "put", value: { path: "x", uploadId, mode: 0o4755 } });
      },
    },
    "a resuming put that compares more than a block": {
      code: "INVALID_ARGUMENT",
      says: /prefix_length is 2097152/,
      send: (peer) => {
        const prefix = { prefixCrc32: 0, prefixLength: 2 * MiB };
        const value = { path: "x", uploadId, resume: true, ...prefix };
        peer.request(1, { case: "put", value });
      },
    },
  };
  for (const [name, { code, says, send }] of Object.entries(cases)) {
    test(name, async () => {
      using peer = await RawPeer.welcomed(server.port, 64 * 1024);
      send(peer);
      let body = await peer.body(1);
      while (body.case !== "failure") body = await peer.body(1);
      expect({ code: body.value.code as string, message: body.value.message }).toEqual({
        code,
        message: expect.stringMatching(says),
      });
      // The connection goes on.
      peer.request(2, { case: "stat", value: { path: "a.txt" } });
      expect((await peer.body(2)).case).toBe("response");
      await othersAreServed(peer);
    });
  }
});

test("a thousand Resends, of what was sent and what was not, end one stream once", async () => {
  using peer = await RawPeer.welcomed(server.port, 64 * 1024);
  peer.request(1, { case: "get", value: { path: "big.bin" } });
  for (let n = 0; n < 1000; n += 1) {
    peer.frame(1, { case: "resend", value: { offset: n * MiB, length: MiB } });
  }
  let body = await peer.body(1);
  while (body.case !== "failure") body = await peer.body(1);
  expect(body.value.code).toBe("UNIMPLEMENTED");
  peer.request(2, { case: "stat", value: { path: "a.txt" } });
  // The next frame of all, streams that are over included.
  expect(await peer.next()).toMatchObject({ stream: 2, body: { case: "response" } });
});

test("a Resend on an upload is refused, and nothing of it becomes visible", async () => {
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, put("resent.bin", MiB));
  let body = await peer.body(1);
  while (body.case !== "response") body = await peer.body(1);
  peer.frame(1, { case: "resend", value: { offset: 0, length: 1 } });
  body = await peer.body(1);
  while (body.case !== "failure") body = await peer.body(1);
  expect(body.value.code).toBe("PROTOCOL_ERROR");
  await othersAreServed(peer);
});

test.each([
  ["at the next offset", 1000],
  ["anywhere else", 0],
] as const)(
  "Data behind the Finish of an upload, %s, is dropped, and no byte of it counts",
  async (_where, offset) => {
    using peer = await RawPeer.welcomed(server.port);
    const bytes = new Uint8Array(1000).fill(1);
    const sum = crc32(bytes);
    // In one write: behind the receipt the stream is over, and what comes then is dropped.
    peer.together(() => {
      peer.request(1, put("whole.bin", bytes.length));
      peer.data(1, 0, bytes, sum);
      peer.frame(1, { case: "finish", value: { size: bytes.length, crc32: sum } });
      peer.data(1, offset, new Uint8Array(1000).fill(2), sum);
    });
    let body = await peer.body(1);
    while (body.case === "response" || body.case === "credit") body = await peer.body(1);
    expect(body.case).toBe("receipt");
    expect(Buffer.compare(readFileSync(join(folder, "whole.bin")), bytes)).toBe(0);
    rmSync(join(folder, "whole.bin"));
  },
);

test("an unknown body on stream 0 is ignored", async () => {
  using peer = await RawPeer.welcomed(server.port);
  peer.bytes(Uint8Array.of(3, 0x82, 0x01, 0));
  peer.bytes(Uint8Array.of(0));
  peer.frame(0, { case: "ping", value: { nonce: 5 } });
  expect(await peer.body(0)).toEqual({ case: "pong", value: { nonce: 5 } });
});

test("a frame that is cut by the end of the connection ends it", async () => {
  using peer = await RawPeer.welcomed(server.port);
  peer.bytes(Uint8Array.of(20, 0x08, 1));
  peer.fin();
  expect((await peer.failure(0)).code).toBe("CONNECTION_LOST");
  await peer.ended();
  await othersAreServed(peer);
});

test("an upload that is cut leaves nothing", async () => {
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, put("half.bin", 100));
  peer.data(1, 0, new Uint8Array(50));
  expect((await peer.body(1)).case).toBe("response");
  peer.fin();
  expect((await peer.failure(1)).code).toBe("CONNECTION_LOST");
  await peer.ended();
  expect(readdirSync(join(folder, PARTIALS))).toEqual([]);
  await othersAreServed(peer);
});

test("requests may follow Hello at once, and a whole upload behind its request", async () => {
  using peer = await RawPeer.connect(server.port);
  peer.hello();
  peer.request(1, { case: "stat", value: { path: "a.txt" } });
  peer.request(2, { case: "list", value: {} });
  expect((await peer.body(0)).case).toBe("welcome");
  expect((await peer.body(1)).case).toBe("response");
  expect((await peer.body(2)).case).toBe("response");
  expect((await peer.body(2)).case).toBe("finish");
  const payload = new TextEncoder().encode("early");
  peer.request(3, put("early.txt", payload.length));
  peer.data(3, 0, payload, crc32(payload));
  peer.frame(3, { case: "finish", value: { size: payload.length, crc32: crc32(payload) } });
  expect((await peer.body(3)).case).toBe("response");
  const receipt = await peer.body(3);
  expect(receipt).toMatchObject({
    case: "receipt",
    value: { crc32: crc32(payload), durability: "DURABILITY_NONE", skipped: false, uploadId },
  });
  rmSync(join(folder, "early.txt"));
});

test("frames for a stream that ended are dropped", async () => {
  using peer = await RawPeer.welcomed(server.port);
  peer.request(1, put("a.txt", UPLOAD_WINDOW + 1));
  expect((await peer.failure(1)).code).toBe("ALREADY_EXISTS");
  peer.data(1, 0, new Uint8Array(5), 0);
  peer.frame(1, { case: "finish", value: { size: 5, crc32: 0 } });
  peer.request(2, { case: "stat", value: { path: "a.txt" } });
  expect((await peer.body(2)).case).toBe("response");
});

test("a stream beyond max_streams is refused, and may be tried again", async () => {
  using peer = await RawPeer.connect(server.port);
  peer.hello(1);
  const welcome = await peer.body(0);
  const most = welcome.case === "welcome" ? welcome.value.maxStreams : 0;
  for (let stream = 1; stream <= most; stream += 1) {
    peer.request(stream, { case: "get", value: { path: "big.bin" } });
  }
  peer.request(most + 1, { case: "stat", value: { path: "a.txt" } });
  const body = await peer.body(most + 1);
  expect(body).toMatchObject({
    case: "failure",
    value: { code: "RESOURCE_EXHAUSTED", retryable: true },
  });
});

test("Cancel ends a download with one Failure, and frees its stream", async () => {
  using peer = await RawPeer.welcomed(server.port, 1024);
  peer.request(1, { case: "get", value: { path: "big.bin" } });
  expect((await peer.body(1)).case).toBe("response");
  peer.frame(1, { case: "cancel", value: {} });
  expect((await peer.failure(1)).code).toBe("CANCELLED");
  peer.request(2, { case: "status", value: {} });
  expect(await peer.body(2)).toMatchObject({
    case: "response",
    value: { result: { case: "status", value: { streams: 1 } } },
  });
});

test("a download beyond its credit waits for more, and every block carries its CRC", async () => {
  using peer = await RawPeer.welcomed(server.port, 1000);
  peer.request(1, { case: "get", value: { path: "big.bin", length: 1500 } });
  let got = 0;
  let crc: number | undefined;
  while (got < 1500) {
    const heard = await peer.next();
    if (heard === "end" || heard === "closed") throw new Error(heard);
    if (!("bytes" in heard)) continue;
    expect(heard.offset).toBe(got);
    got += heard.bytes.length;
    crc = heard.crc32;
    if (got === 1000) peer.frame(1, { case: "credit", value: { bytes: 500 } });
  }
  expect(crc).toBe(crc32(new Uint8Array(1500)));
  const crcAll = crc32(new Uint8Array(1500));
  expect(await peer.body(1)).toMatchObject({
    case: "finish",
    value: { size: 1500, crc32: crcAll },
  });
});

test("a client that finished sending still gets what it asked for", async () => {
  using peer = await RawPeer.connect(server.port);
  peer.hello();
  peer.request(1, { case: "get", value: { path: "a.txt" } });
  peer.fin();
  expect((await peer.body(0)).case).toBe("welcome");
  expect((await peer.body(1)).case).toBe("response");
  expect((await peer.body(1)).case).toBe("finish");
  await peer.ended();
});
