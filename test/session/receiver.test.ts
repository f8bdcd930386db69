import { describe, expect, test } from "bun:test";
import { type ErrorCode, LeatError } from "../../src/errors.ts";
import type { SessionEvent } from "../../src/session/event.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { chop, chopAtRandom, join, seededRandom } from "../support/chop.ts";
import { End, Pair, WINDOW } from "../support/pair.ts";
import { BODIES, dataFrame, request } from "./bodies.ts";

const BLOCK = 1 << 20;
const random = seededRandom(103);
const wrong = new LeatError("NOT_FOUND", "there is no such file");

/** A server that was greeted and has these streams open, numbered from 1. */
function serverWith(...operations: readonly ("put" | "get" | "stat" | "list")[]): End {
  const { server } = openPair(operations);
  return server;
}

function openPair(operations: readonly ("put" | "get" | "stat" | "list")[]): Pair {
  const pair = Pair.open();
  for (const operation of operations) pair.client.session.open(request(operation).value, 0);
  pair.exchange();
  pair.client.events.length = pair.server.events.length = 0;
  return pair;
}

/** The code of the failure of a stream, and what the peer was told on it. */
function failed(end: End, events: readonly SessionEvent[]): [ErrorCode, string[]] {
  const failures = events.filter((event) => event.type === "failure");
  expect(failures).toHaveLength(1);
  expect(end.session.phase).toBe("open");
  return [failures[0]!.error.code, end.said().map(({ body }) => body?.case ?? "")];
}

/** The code with which the whole connection ended. */
function closed(end: End): ErrorCode {
  const event = end.events.at(-1);
  if (event?.type !== "closed") throw new Error(`not closed but ${event?.type}`);
  expect(end.session.phase).toBe("closing");
  expect(end.said().at(-1)).toMatchObject({
    stream: 0,
    body: { case: "failure", value: { code: event.error.code } },
  });
  return event.error.code;
}

/** A frame with a body that this version does not know: field 40, empty. */
function unknownBody(stream: number): Uint8Array {
  return delimit(Uint8Array.of(...(stream === 0 ? [] : [0x08, stream]), 0xc2, 0x02, 0x00));
}

describe("Data", () => {
  test("comes in pieces, with the CRC on the last piece of its frame", () => {
    const payload = random.bytes(3000);
    const frames = join([
      dataFrame(1, 0, payload.subarray(0, 2000)),
      dataFrame(1, 2000, payload.subarray(2000), 9),
    ]);
    for (const chunks of [[frames], chop(frames, [1]), chopAtRandom(frames, random, 700)]) {
      const server = serverWith("put");
      for (const chunk of chunks) server.give(chunk);
      const pieces = server.events.map((event) => {
        if (event.type !== "data") throw new Error(event.type);
        return event;
      });
      let offset = 0;
      for (const piece of pieces) {
        expect([piece.stream, piece.offset]).toEqual([1, offset]);
        offset += piece.bytes.length;
        expect(piece.crc32).toBe(offset === payload.length ? 9 : undefined);
      }
      expect(join(pieces.map((piece) => piece.bytes))).toEqual(payload);
    }
  });

  test("without payload ends the connection", () => {
    const server = serverWith("put");
    server.give(encodeFrame(1, { case: "data", value: { offset: 0 } }));
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test.each([2, 4_000_000_000])("for stream %p, never opened, ends the connection", (stream) => {
    const server = serverWith("put");
    server.give(dataFrame(stream, 0, Uint8Array.of(1)));
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test("on stream 0 ends the connection", () => {
    const server = serverWith("put");
    server.give(dataFrame(0, 0, Uint8Array.of(1)));
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test.each([1, 700, 1 << 20])("for a stream that ended is dropped, in chunks of %p", (size) => {
    const server = serverWith("put", "stat");
    server.session.fail(1, wrong, 0);
    server.take();
    const late = dataFrame(1, 0, random.bytes(2000));
    const chunks = join([late, dataFrame(1, 2000, random.bytes(9)), encodeFrame(2, BODIES.cancel)]);
    for (const chunk of chop(chunks, [size])) server.give(chunk);
    expect(server.events).toEqual([{ type: "cancel", stream: 2, keep: false }]);
    expect(server.take()).toBeEmpty();
  });

  test("that was half here when its stream ended is dropped from there", () => {
    const server = serverWith("put", "stat");
    const frame = dataFrame(1, 0, random.bytes(2000));
    expect(server.give(frame.slice(0, 1000))).toHaveLength(1);
    server.session.fail(1, wrong, 0);
    server.take();
    expect(server.give(frame.slice(1000))).toEqual([]);
    expect(server.frames([2, BODIES.cancel])).toEqual([{ type: "cancel", stream: 2, keep: false }]);
  });

  test("for a download that was given up is dropped, and spends no credit", () => {
    const { client } = openPair(["get"]);
    client.frames([1, BODIES.response]);
    client.session.fail(1, wrong, 0);
    expect(client.said().map(({ body }) => body?.case)).toEqual(["cancel"]);
    for (let at = 0; at < 3 * WINDOW; at += BLOCK) {
      expect(client.give(dataFrame(1, at, new Uint8Array(BLOCK)))).toEqual([]);
    }
    client.frames([1, BODIES.finish]);
    expect(client.session.streams.size).toBe(0);
  });

  test.each([
    ["before what was next", 5],
    ["behind what was next", 11],
    ["at the other end of the numbers", Number.MAX_SAFE_INTEGER],
  ])("%s ends its stream only", (_where, offset) => {
    const server = serverWith("put", "put");
    server.give(dataFrame(1, 0, random.bytes(10)));
    const events = server.give(dataFrame(1, offset, random.bytes(10)));
    expect(failed(server, events)).toEqual(["PROTOCOL_ERROR", ["failure"]]);
    expect(server.give(dataFrame(2, 0, random.bytes(10)))).toMatchObject([{ type: "data" }]);
  });

  test("that crosses the end of a block ends its stream", () => {
    const server = serverWith("put");
    server.give(dataFrame(1, 0, new Uint8Array(BLOCK - 10)));
    const events = server.give(dataFrame(1, BLOCK - 10, random.bytes(11)));
    expect(failed(server, events)).toEqual(["PROTOCOL_ERROR", ["failure"]]);
  });

  test("that ends a block exactly, and begins the next, is as it should be", () => {
    const pair = openPair(["put"]);
    pair.server.session.widen(1, 2 * BLOCK, 0);
    pair.server.give(dataFrame(1, 0, new Uint8Array(BLOCK)));
    pair.server.give(dataFrame(1, BLOCK, new Uint8Array(BLOCK)));
    expect(pair.server.events.map((event) => event.type)).toEqual(["data", "data"]);
  });

  test("beyond the credit ends its stream before a byte of it is told", () => {
    const server = serverWith("put", "put");
    server.give(dataFrame(1, 0, new Uint8Array(WINDOW)));
    server.events.length = 0;
    const events = server.give(dataFrame(1, WINDOW, Uint8Array.of(1)));
    expect(events.map((event) => event.type)).toEqual(["failure"]);
    expect(failed(server, events)).toEqual(["FLOW_CONTROL", ["failure"]]);
    // Credit is a stream's own.
    expect(server.give(dataFrame(2, 0, new Uint8Array(WINDOW)))).toHaveLength(1);
  });

  test("behind new credit goes on", () => {
    const pair = openPair(["put"]);
    const { server } = pair;
    server.give(dataFrame(1, 0, new Uint8Array(WINDOW)));
    server.session.consumed(1, WINDOW, 10);
    const credit = server.said().find(({ body }) => body?.case === "credit");
    expect(credit).toMatchObject({ stream: 1, body: { value: { bytes: WINDOW } } });
    server.give(dataFrame(1, WINDOW, new Uint8Array(WINDOW)));
    expect(server.session.streams.get(1)?.receive.held).toBe(WINDOW);
  });

  test("before the Response of its upload is not forgotten by the Response", () => {
    const server = serverWith("put");
    server.give(dataFrame(1, 0, random.bytes(10)));
    const result = { case: "put", value: { durableOffset: 0 } } as const;
    server.session.send(1, { case: "response", value: { result } }, 0);
    server.give(dataFrame(1, 10, random.bytes(10)));
    expect(server.events.map((event) => event.type)).toEqual(["data", "data"]);
  });

  test("of an upload that resumes begins where the Response says", () => {
    const server = serverWith("put");
    const result = { case: "put", value: { durableOffset: 500 } } as const;
    server.session.send(1, { case: "response", value: { result } }, 0);
    server.give(dataFrame(1, 500, random.bytes(10)));
    expect(server.events).toMatchObject([{ type: "data", offset: 500 }]);
  });

  test("of a download begins where the Response says", () => {
    const { client } = openPair(["get"]);
    const result = { case: "get", value: { offset: 77, length: 10 } } as const;
    client.frames([1, { case: "response", value: { result } }]);
    client.give(dataFrame(1, 77, random.bytes(10)));
    expect(client.events.at(-1)).toMatchObject({ type: "data", offset: 77 });
  });
});

describe("what nobody knows", () => {
  test("on stream 0 is passed over", () => {
    for (const end of [serverWith(), openPair([]).client]) {
      expect(end.give(unknownBody(0))).toEqual([]);
      expect(end.give(delimit(new Uint8Array(0)))).toEqual([]);
      expect(end.take()).toBeEmpty();
      expect(end.session.phase).toBe("open");
    }
  });

  test("on a stream ends the stream: the server fails it, the client gives it up", () => {
    const { client, server } = openPair(["get"]);
    expect(failed(server, server.give(unknownBody(1)))).toEqual(["UNIMPLEMENTED", ["failure"]]);
    expect(failed(client, client.give(unknownBody(1)))).toEqual(["UNIMPLEMENTED", ["cancel"]]);
  });

  test("on a stream that ended is dropped", () => {
    const { client, server } = openPair(["stat"]);
    server.session.fail(1, wrong, 0);
    client.give(server.take());
    client.events.length = 0;
    for (const end of [client, server]) {
      expect(end.give(unknownBody(1))).toEqual([]);
      expect(end.take()).toBeEmpty();
    }
  });

  test("on a stream that was never opened ends the connection", () => {
    const server = serverWith("stat");
    server.give(unknownBody(2));
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test("as an operation is told to the driver, and the stream waits for its Failure", () => {
    const server = serverWith();
    const newer = delimit(Uint8Array.of(0x08, 1, 0x22, 3, 0x9a, 0x06, 0));
    for (const frame of [newer, encodeFrame(2, { case: "request", value: {} })]) {
      const [event] = server.give(frame);
      expect(event).toMatchObject({ type: "request", operation: undefined });
    }
    server.session.fail(1, wrong, 0);
    server.session.fail(2, wrong, 0);
    expect(server.said().map(({ stream, body }) => [stream, body?.case])).toEqual([
      [1, "failure"],
      [2, "failure"],
    ]);
  });
});

describe("the connection ends", () => {
  test.each([
    ["a stream that was never opened", 5, BODIES.cancel],
    ["a Welcome from a client", 0, { case: "welcome", value: {} }],
    ["a GoAway from a client", 0, { case: "goAway", value: {} }],
    ["a Response on stream 0", 0, BODIES.response],
    ["a Cancel on stream 0", 0, BODIES.cancel],
    ["a Request on stream 0", 0, request("stat")],
  ] as const)("for %s", (_what, stream, body) => {
    const server = serverWith("stat");
    server.frames([stream, body]);
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test("for a Request from a server", () => {
    const { client } = openPair([]);
    client.frames([1, request("stat")]);
    expect(closed(client)).toBe("PROTOCOL_ERROR");
  });

  test("for a frame above the limit, and for bytes that are no frame", () => {
    const large = serverWith();
    large.give(Uint8Array.of(0xff, 0xff, 0xff, 0x7f));
    expect(closed(large)).toBe("TOO_LARGE");
    const broken = serverWith();
    broken.give(delimit(Uint8Array.of(0x22, 200, 1)));
    expect(closed(broken)).toBe("PROTOCOL_ERROR");
  });

  test("for a request that is longer than any request has to be, before it is decoded", () => {
    const server = serverWith();
    const path = "x".repeat(100_000);
    server.frames([
      1,
      { case: "request", value: { operation: { case: "stat", value: { path } } } },
    ]);
    expect(closed(server)).toBe("TOO_LARGE");
  });

  test("for a number beyond 2^53 - 1", () => {
    const server = serverWith("put");
    // Credit { bytes: 2^53 }
    server.give(delimit(Uint8Array.of(8, 1, 0x1a, 9, 8, 128, 128, 128, 128, 128, 128, 128, 16)));
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });

  test("with what the peer's Failure on stream 0 says, and without an answer", () => {
    for (const end of [serverWith("put"), openPair(["get"]).client]) {
      end.frames([0, BODIES.failure], [0, { case: "ping", value: { nonce: 1 } }]);
      expect(end.events).toMatchObject([{ type: "closed", error: { code: "NOT_FOUND" } }]);
      expect([end.session.phase, end.session.streams.size]).toEqual(["closing", 0]);
      expect(end.take()).toBeEmpty();
      expect(end.give(encodeFrame(1, BODIES.cancel))).toEqual([]);
    }
  });

  test("and nothing that comes behind what broke it is read", () => {
    const server = serverWith("put");
    server.give(join([dataFrame(9, 0, Uint8Array.of(1)), encodeFrame(1, BODIES.finish)]));
    expect(server.events.map((event) => event.type)).toEqual(["closed"]);
    expect(closed(server)).toBe("PROTOCOL_ERROR");
  });
});

describe("EOF", () => {
  test("between frames is an end; what is open may go on", () => {
    const { client, server } = openPair(["get"]);
    expect(server.session.end()).toEqual({ type: "end" });
    server.session.send(1, BODIES.response, 0);
    expect(server.said()).toMatchObject([{ stream: 1, body: { case: "response" } }]);
    expect(client.session.end()).toEqual({ type: "end" });
  });

  test.each([1, 5, 20])("after %p bytes of a frame is a loss", (length) => {
    const server = serverWith("put");
    server.give(dataFrame(1, 0, random.bytes(100)).slice(0, length));
    server.events.length = 0;
    server.events.push(server.session.end());
    expect(closed(server)).toBe("CONNECTION_LOST");
  });

  test("once it is over means nothing any more", () => {
    const server = serverWith("put");
    server.give(dataFrame(1, 0, random.bytes(100)).slice(0, 50));
    server.session.refuse(wrong);
    expect(server.session.end()).toEqual({ type: "end" });
  });

  test("before a Hello is an end", () => {
    expect(new End("server").session.end()).toEqual({ type: "end" });
  });
});
