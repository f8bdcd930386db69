import { describe, expect, test } from "bun:test";
import { type ErrorCode, LeatError } from "../../src/errors.ts";
import { MAX_FRAME } from "../../src/limits.ts";
import { type FrameBodyInit, encodeFrame } from "../../src/wire/frame.ts";
import { chop, join } from "../support/chop.ts";
import { End, Pair, WINDOW } from "../support/pair.ts";
import { BODIES, HELLO, WELCOME, request } from "./bodies.ts";

type HelloInit = Extract<FrameBodyInit, { case: "hello" }>["value"];
type WelcomeInit = Extract<FrameBodyInit, { case: "welcome" }>["value"];

const hello = (change: Partial<HelloInit> = {}): Uint8Array =>
  encodeFrame(0, { case: "hello", value: { ...HELLO.value, ...change } });
const welcome = (change: Partial<WelcomeInit> = {}): Uint8Array =>
  encodeFrame(0, { case: "welcome", value: { ...WELCOME.value, ...change } });

/** How a session ended: the code it was closed with, and what it told the peer. */
function refusalOf(end: End): { code: ErrorCode; told: unknown[] } {
  const last = end.events.at(-1);
  if (last?.type !== "closed") throw new Error(`not closed but ${JSON.stringify(last)}`);
  expect(end.session.phase).toBe("closing");
  const told = end.said().map(({ stream, body }) => [stream, body?.case]);
  return { code: last.error.code, told };
}

const refused = new LeatError("UNAUTHENTICATED", "who are you?");
const TOLD = [[0, "failure"]];

describe("a handshake", () => {
  test("tells both sides what the other takes", () => {
    const pair = new Pair({
      client: { maxFrame: 1 << 17 },
      server: { welcome: 5000, maxStreams: 3 },
    });
    pair.exchange();
    const { client, server } = pair;
    expect(server.events).toMatchObject([
      { type: "hello", hello: { minimumVersion: 1, maximumVersion: 1, agent: "test" } },
    ]);
    expect(client.events).toMatchObject([
      { type: "welcome", welcome: { version: 1, maxStreams: 3, initialWindow: 5000 } },
    ]);
    expect([client.session.phase, server.session.phase]).toEqual(["open", "open"]);
    expect([client.session.streams.max, server.session.streams.max]).toEqual([3, 3]);
    expect([client.session.peerFrame, server.session.peerFrame]).toEqual([MAX_FRAME, 1 << 17]);
  });

  test.each([[1], [2], [7]])("does so in pieces of %p bytes", (size) => {
    const pair = new Pair();
    pair.exchange([size]);
    expect([pair.client.session.phase, pair.server.session.phase]).toEqual(["open", "open"]);
  });

  test("reads nothing behind a Hello that is being decided on", () => {
    const server = new End("server", { welcome: null });
    const early = join([hello(), encodeFrame(1, request("stat"))]);
    expect(server.give(early).map((event) => event.type)).toEqual(["hello"]);
    expect([server.session.phase, server.session.reading]).toEqual(["deciding", false]);
    server.read();
    expect(server.events).toHaveLength(1);
    server.session.welcome(0);
    server.read();
    expect(server.events.at(-1)).toMatchObject({ type: "request", stream: 1 });
    expect(server.said()).toMatchObject([{ stream: 0, body: { case: "welcome" } }]);
  });

  test("runs nothing behind a Hello that is refused", () => {
    const server = new End("server", { welcome: null });
    server.give(join([hello(), encodeFrame(1, request("remove"))]));
    server.session.refuse(refused);
    server.read();
    expect(server.give(encodeFrame(3, request("remove")))).toEqual([]);
    expect(server.events.map((event) => event.type)).toEqual(["hello"]);
    expect(server.said()).toMatchObject([
      { stream: 0, body: { case: "failure", value: { code: "UNAUTHENTICATED" } } },
    ]);
  });

  test("is not welcomed any more when it was refused meanwhile", () => {
    const server = new End("server", { welcome: null });
    server.give(join([hello(), encodeFrame(1, request("remove"))]));
    server.session.refuse(refused);
    server.session.welcome(WINDOW);
    server.read();
    expect(server.session.phase).toBe("closing");
    expect(server.events.map((event) => event.type)).toEqual(["hello"]);
    expect(server.said().map((frame) => frame.body?.case)).toEqual(["failure"]);
  });
});

describe("a server refuses a Hello", () => {
  const long = "x".repeat(65);
  test.each<[string, ErrorCode, Partial<HelloInit>]>([
    ["of versions too new", "VERSION_UNSUPPORTED", { minimumVersion: 2, maximumVersion: 9 }],
    ["of versions too old", "VERSION_UNSUPPORTED", { minimumVersion: 0, maximumVersion: 0 }],
    ["without a version between", "VERSION_UNSUPPORTED", { minimumVersion: 2, maximumVersion: 0 }],
    ["with too small a frame limit", "INVALID_ARGUMENT", { maxFrame: (64 << 10) - 1 }],
    ["with too large a frame limit", "INVALID_ARGUMENT", { maxFrame: (16 << 20) + 1 }],
    ["with too many features", "INVALID_ARGUMENT", { features: Array(65).fill("x") }],
    ["with too long a feature", "INVALID_ARGUMENT", { features: [long] }],
    ["with too long an agent", "INVALID_ARGUMENT", { agent: "x".repeat(129) }],
    ["without the magic", "PROTOCOL_ERROR", { magic: 0 }],
    ["with another magic", "PROTOCOL_ERROR", { magic: 0x7461656d }],
    ["above 16 KiB", "TOO_LARGE", { features: Array(16 << 10).fill("x") }],
  ])("%s", (_what, code, change) => {
    for (const size of [1, 1 << 20]) {
      const server = new End("server");
      for (const piece of chop(hello(change), [size])) server.give(piece);
      expect(refusalOf(server)).toEqual({ code, told: TOLD });
    }
  });

  test.each<[string, FrameBodyInit]>([
    ["a Request", request("list")],
    ["a Ping", { case: "ping", value: { nonce: 1 } }],
    ["a Welcome", WELCOME],
    ["a Failure", BODIES.failure],
    ["Data", BODIES.data],
  ])("when %s comes instead", (_what, body) => {
    const server = new End("server");
    server.give(encodeFrame(1, body));
    expect(refusalOf(server)).toEqual({ code: "PROTOCOL_ERROR", told: TOLD });
  });

  test("on a stream", () => {
    const server = new End("server");
    server.give(encodeFrame(1, HELLO));
    expect(refusalOf(server).code).toBe("PROTOCOL_ERROR");
  });

  test("that comes a second time", () => {
    const server = new End("server");
    server.give(join([hello(), hello()]));
    expect(server.session.phase).toBe("closing");
    expect(server.said().map((frame) => frame.body?.case)).toEqual(["welcome", "failure"]);
  });

  test("at the first wrong byte, before a frame is whole", () => {
    const server = new End("server");
    server.give(new TextEncoder().encode("GET"));
    const { code } = refusalOf(server);
    expect(code).toBe("PROTOCOL_ERROR");
  });

  test("takes one at its limits", () => {
    const server = new End("server");
    const features = Array.from({ length: 64 }, () => "x".repeat(64));
    server.give(hello({ features, agent: "x".repeat(128), maxFrame: 64 << 10 }));
    expect([server.session.phase, server.session.peerFrame]).toEqual(["open", 64 << 10]);
  });
});

describe("features", () => {
  const KNOWN = ["old", "new"];
  const NAMES = ["old", "new", "unknown", "other"];
  const of = ({ session }: End): string[] => NAMES.filter((name) => session.has(name));

  test("are those that both sides name", () => {
    const client = new End("client", { features: ["unknown", "new", "old"] });
    const server = new End("server", { features: KNOWN });
    client.session.hello(0);
    server.give(client.take());
    expect([of(client), of(server)]).toEqual([[], KNOWN]);
    client.give(server.take());
    expect(of(client)).toEqual(KNOWN);
  });

  test("are none with a peer that names none, or others", () => {
    const server = new End("server", { features: KNOWN });
    server.give(hello());
    const client = new End("client", { features: KNOWN });
    client.give(welcome({ features: ["other"] }));
    expect([of(server), of(client)]).toEqual([[], []]);
  });
});

describe("a client refuses a Welcome", () => {
  test.each<[string, ErrorCode, Partial<WelcomeInit>]>([
    ["of another version", "VERSION_UNSUPPORTED", { version: 2 }],
    ["without streams", "PROTOCOL_ERROR", { maxStreams: 0 }],
    ["with too small a frame limit", "INVALID_ARGUMENT", { maxFrame: 1 }],
    ["without the magic", "PROTOCOL_ERROR", { magic: 1 }],
  ])("%s", (_what, code, change) => {
    for (const size of [1, 1 << 20]) {
      const client = new End("client");
      for (const piece of chop(welcome(change), [size])) client.give(piece);
      expect(refusalOf(client)).toEqual({ code, told: TOLD });
    }
  });

  test("that comes a second time", () => {
    const client = new End("client");
    client.give(join([welcome(), welcome()]));
    expect(refusalOf(client).code).toBe("PROTOCOL_ERROR");
  });

  test.each<[string, FrameBodyInit]>([
    ["a Response", BODIES.response],
    ["a Hello", HELLO],
    ["Data", BODIES.data],
  ])("when %s comes instead", (_what, body) => {
    const client = new End("client");
    client.give(encodeFrame(0, body));
    expect(refusalOf(client)).toEqual({ code: "PROTOCOL_ERROR", told: TOLD });
  });
});

test.each<[string, FrameBodyInit]>([
  ["a Failure", { case: "failure", value: { code: "RESOURCE_EXHAUSTED", message: "full" } }],
  ["a GoAway", { case: "goAway", value: { code: "RESOURCE_EXHAUSTED", message: "full" } }],
])("%s in place of a Welcome says why, and is not answered", (_what, body) => {
  const client = new End("client");
  client.give(encodeFrame(0, body));
  const { error } = client.events[0] as { error: Error & { code: ErrorCode } };
  expect([error.code, error.message]).toEqual(["RESOURCE_EXHAUSTED", "full"]);
  expect(refusalOf(client).told).toEqual([]);
});
