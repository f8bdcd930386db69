import { describe, expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import { ANSWER_LIMIT, REQUEST_CHARACTERS } from "../../src/limits.ts";
import { type FrameBodyInit, encodeFrame } from "../../src/wire/frame.ts";
import { chop, join } from "../support/chop.ts";
import { End, Pair, WINDOW } from "../support/pair.ts";
import { refusal } from "../wire/refusal.ts";
import { BODIES, HELLO, Zeros, request } from "./bodies.ts";

const gone = new LeatError("NOT_FOUND", "there is no such file");
const typesOf = (events: readonly { readonly type: string }[]): string[] =>
  events.map((event) => event.type);
const casesOf = (end: End): [number, string | undefined][] =>
  end.said().map(({ stream, body }) => [stream, body?.case]);
const canOpen = (end: End): boolean => end.session.canOpen;
const ping = (nonce: number) => ({ case: "ping", value: { nonce } }) as const;
const pong = (nonce: number) => ({ case: "pong", value: { nonce } }) as const;

describe("requests before Welcome", () => {
  test("are 16 at most, follow the Hello at once, and run in order once it is accepted", () => {
    const pair = new Pair({ server: { welcome: null } });
    const { client, server } = pair;
    let opened = 0;
    while (canOpen(client)) opened = client.session.open(request("stat").value, 0);
    expect(opened).toBe(16);
    server.give(client.take());
    expect(typesOf(server.events)).toEqual(["hello"]);
    server.session.welcome(WINDOW);
    server.read();
    const requests = server.events.slice(1);
    expect(new Set(typesOf(requests))).toEqual(new Set(["request"]));
    expect(requests.map((event) => ("stream" in event ? event.stream : 0))).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
    expect(client.session.canOpen).toBe(false);
    client.give(server.take());
    expect(client.session.canOpen).toBe(true);
  });

  test("send no Data before Welcome says how much, and Finish of an empty file needs none", () => {
    const { client, server } = new Pair({ server: { welcome: 1000 } });
    const source = new Zeros(5000);
    for (const outgoing of [source, new Zeros(0)]) {
      const stream = client.session.open(request("put").value, 0);
      client.session.attach(stream, outgoing, 0, 0);
    }
    const first = client.take();
    expect(source.taken).toBe(0);
    server.give(first);
    client.give(server.take());
    server.give(client.take());
    expect(source.taken).toBe(1000);
    expect(typesOf(server.events)).toEqual(["hello", "request", "request", "finish", "data"]);
  });

  test("beyond what the server then allows are refused one by one, and can be tried again", () => {
    const { client, server } = new Pair({ server: { maxStreams: 2 } });
    for (let i = 0; i < 4; i++) client.session.open(request("stat").value, 0);
    server.give(client.take());
    client.give(server.take());
    expect(client.events.slice(1)).toMatchObject([
      { type: "failure", stream: 3, error: { code: "RESOURCE_EXHAUSTED", retryable: true } },
      { type: "failure", stream: 4, error: { code: "RESOURCE_EXHAUSTED", retryable: true } },
    ]);
    expect(client.session.canOpen).toBe(false);
    server.session.send(1, BODIES.response, 0);
    client.give(server.take());
    expect(client.session.canOpen).toBe(true);
    client.session.open(request("stat").value, 0);
    server.give(client.take());
    expect(server.events.at(-1)).toMatchObject({ type: "request", stream: 5 });
  });
});

describe("stream numbers", () => {
  test("may leave gaps, but go up: an old one opened again ends the connection", () => {
    for (const again of [1, 3, 5]) {
      const { server } = Pair.open();
      expect(typesOf(server.frames([1, request("stat")], [5, request("get")]))).toEqual([
        "request",
        "request",
      ]);
      server.session.send(1, BODIES.response, 0);
      const events = server.frames([again, request("stat")]);
      expect(events).toMatchObject([{ type: "closed", error: { code: "PROTOCOL_ERROR" } }]);
    }
  });

  test("in a gap belong to nobody: their frames are dropped", () => {
    const { server } = Pair.open();
    server.frames([5, request("get")]);
    expect(server.frames([3, BODIES.cancel])).toEqual([]);
  });

  test("go up to 2^32 - 1", () => {
    const { server } = Pair.open();
    expect(server.frames([0xffff_ffff, request("stat")])).toMatchObject([
      { type: "request", stream: 0xffff_ffff },
    ]);
  });
});

describe("a stream that is given up", () => {
  test("is ended by the server, with whatever was on its way", () => {
    const { client, server } = Pair.open();
    client.session.open(request("stat").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    client.session.fail(1, gone, 0);
    server.give(client.take());
    client.give(server.take());
    expect([client.session.streams.size, server.session.streams.size]).toEqual([0, 0]);
    expect(typesOf(client.events)).toEqual([]);
    expect(typesOf(server.events)).toEqual(["request"]);
    expect([client.take().length, server.take().length]).toEqual([0, 0]);
  });

  test("keeps its place until then, and says Cancel once", () => {
    const { client, server } = Pair.open({ server: { maxStreams: 1 } });
    client.session.open(request("list").value, 0);
    client.session.fail(1, gone, 0);
    client.session.fail(1, gone, 0);
    expect(client.session.canOpen).toBe(false);
    server.give(client.take());
    expect(typesOf(server.events)).toEqual(["request", "cancel"]);
    server.session.fail(1, gone, 0);
    client.give(server.take());
    expect([client.session.canOpen, typesOf(client.events).length]).toEqual([true, 0]);
  });

  test("lets go of what it was sending, at once and once", () => {
    const { client, server } = Pair.open();
    const source = new Zeros(100 * WINDOW);
    const stream = client.session.open(request("put").value, 0);
    client.session.attach(stream, source, 0, 0);
    server.give(client.take());
    client.session.fail(stream, gone, 0);
    expect(source.released).toBe(true);
    const late = new Zeros(1);
    client.session.attach(stream, late, 0, 0);
    expect(late.released).toBe(true);
    expect(casesOf(client)).toEqual([[1, "cancel"]]);
  });

  test("while its upload is committed may still get its receipt", () => {
    const { client, server } = Pair.open();
    const stream = client.session.open(request("put").value, 0);
    client.session.attach(stream, new Zeros(0), 0, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    client.session.fail(1, gone, 0);
    server.give(client.take());
    server.session.send(1, BODIES.receipt, 0);
    client.give(server.take());
    expect([client.session.streams.size, server.session.streams.size]).toEqual([0, 0]);
    expect(typesOf(client.events)).toEqual([]);
  });
});

describe("what is sent", () => {
  test("fails only its stream when it can't be read, and tells both sides", () => {
    for (const source of [new Zeros(5000, { failsAt: 10 }), new Zeros(0, { changes: true })]) {
      const { client, server } = Pair.open();
      client.session.open(request("get").value, 0);
      client.session.open(request("stat").value, 0);
      server.give(client.take());
      server.session.send(1, BODIES.response, 0);
      server.session.attach(1, source, 0, 0);
      client.give(server.take());
      server.read();
      expect(source.released).toBe(true);
      for (const end of [client, server]) {
        expect(end.events.at(-1)).toMatchObject({ type: "failure", stream: 1 });
        expect([...end.session.streams.values()].map(({ id }) => id)).toEqual([2]);
      }
    }
  });

  test("is given up by a client that can't read its own file", () => {
    const { client, server } = Pair.open();
    const stream = client.session.open(request("put").value, 0);
    client.session.attach(stream, new Zeros(5000, { failsAt: 10 }), 0, 0);
    server.give(client.take());
    client.read();
    expect(client.events).toMatchObject([{ type: "failure", stream: 1 }]);
    expect(typesOf(server.events)).toEqual(["request", "cancel"]);
  });

  test("for a stream that ended is dropped without a word", () => {
    const { server } = Pair.open();
    server.frames([1, request("get")]);
    server.session.fail(1, gone, 0);
    server.take();
    server.session.send(1, BODIES.response, 0);
    server.session.fail(1, gone, 0);
    server.session.consumed(1, 100, 0);
    server.session.offer(1, 0);
    const source = new Zeros(10);
    server.session.attach(1, source, 0, 0);
    expect([source.released, server.take().length]).toEqual([true, 0]);
    expect(server.session.widen(1, 100, 0)).toBe(0);
  });

  test("begins where it is told to, and ends with Finish by itself", () => {
    const { client, server } = Pair.open();
    client.session.open(request("get").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    server.session.attach(1, new Zeros(10), 77, 0);
    const [, data, finish] = server.said();
    expect(data).toMatchObject({ stream: 1, body: { case: "data", value: { offset: 77 } } });
    expect(finish).toMatchObject({ stream: 1, body: { case: "finish", value: { size: 10 } } });
  });

  test("waits for credit: what is spent comes back only by Credit", () => {
    const { client, server } = Pair.open({ client: { initialWindow: 100 } });
    client.session.open(request("get").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    const source = new Zeros(1000);
    server.session.attach(1, source, 0, 0);
    server.take();
    expect(source.taken).toBe(100);
    server.frames([1, { case: "credit", value: { bytes: 1 } }]);
    server.take();
    expect(source.taken).toBe(101);
    const events = server.frames([1, { case: "credit", value: { bytes: 0 } }]);
    expect(events).toMatchObject([{ type: "failure", error: { code: "FLOW_CONTROL" } }]);
    expect([source.released, server.session.streams.size]).toEqual([true, 0]);
  });

  test("of answers goes before Data", () => {
    const { client, server } = Pair.open();
    client.session.open(request("get").value, 0);
    client.session.open(request("stat").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    server.session.attach(1, new Zeros(WINDOW), 0, 0);
    server.fill(1 << 16);
    server.session.send(2, BODIES.response, 0);
    const frames = casesOf(server);
    expect(frames[0]).toEqual([2, "response"]);
    expect(frames[1]).toEqual([1, "data"]);
  });
});

describe("what can't be written", () => {
  const path = "half a pair: \ud83d";

  test("as a request opens no stream, however often it is tried", () => {
    const { client, server } = Pair.open();
    for (let i = 0; i < 100; i++) {
      const bad = { operation: { case: "stat", value: { path } } } as const;
      refusal("INTERNAL", () => client.session.open(bad, 0));
    }
    expect([client.session.canOpen, client.session.streams.size, client.take().length]).toEqual([
      true,
      0,
      0,
    ]);
    client.session.open(request("stat").value, 0);
    expect(typesOf(server.give(client.take()))).toEqual(["request"]);
  });

  test("as an answer leaves the stream as it was: it can still fail", () => {
    const { client, server } = Pair.open();
    for (const operation of ["stat", "list", "get", "put"] as const) {
      const stream = client.session.open(request(operation).value, 0);
      server.give(client.take());
      const { state } = server.session.streams.get(stream)!;
      const result = { case: "stat", value: { name: path } } as const;
      const bad = { case: "response", value: { result } } as const;
      refusal("INTERNAL", () => server.session.send(stream, bad, 0));
      expect(server.session.streams.get(stream)!.state).toBe(state);
      server.session.fail(stream, gone, 0);
      expect(client.give(server.take())).toMatchObject([{ type: "failure", stream }]);
    }
  });

  test("as a Finish fails the transfer", () => {
    const { client, server } = Pair.open();
    client.session.open(request("get").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    const source = new Zeros(0);
    source.finish = () => ({ size: 1.5, crc32: 0 });
    server.session.attach(1, source, 0, 0);
    expect(client.give(server.take()).at(-1)).toMatchObject({ type: "failure", stream: 1 });
    expect(source.released).toBe(true);
  });
});

describe("ping", () => {
  test("measures the round trip by the time it is told", () => {
    const { client, server } = Pair.open();
    client.now = 500;
    expect(client.session.ping(client.now)).toBe(1);
    server.give(client.take());
    client.now = 540;
    client.give(server.take());
    expect(client.events).toEqual([{ type: "pong", nonce: 1, roundTrip: 40 }]);
    expect(client.session.pings.roundTrip).toBe(40);
    expect(client.session.ping(client.now)).toBe(2);
  });

  test("waits for its Pong before there is another", () => {
    const { client } = Pair.open();
    client.session.ping(0);
    expect([client.session.ping(1), client.session.ping(2)]).toEqual([undefined, undefined]);
    expect(casesOf(client)).toEqual([[0, "ping"]]);
  });

  test("is answered on both sides, before Data", () => {
    const { client, server } = Pair.open();
    for (const end of [client, server]) {
      end.frames([0, ping(7)]);
      expect(end.said()).toMatchObject([{ stream: 0, body: pong(7) }]);
      end.frames([0, ping(7)]);
      expect(end.said()).toMatchObject([{ stream: 0, body: pong(7) }]);
    }
  });

  test("twice before the Pong can have been read ends the connection", () => {
    for (const end of [Pair.open().client, Pair.open().server]) {
      const events = end.frames([0, ping(1)], [0, ping(2)], [0, ping(3)]);
      expect(events).toMatchObject([{ type: "closed", error: { code: "PROTOCOL_ERROR" } }]);
      expect(casesOf(end)).toEqual([
        [0, "pong"],
        [0, "failure"],
      ]);
    }
  });

  test("may come again as soon as all of the Pong has left, and no byte earlier", () => {
    const { server } = Pair.open();
    server.frames([0, ping(1)]);
    const length = encodeFrame(0, pong(1)).length;
    for (let left = 0; left < length; left++) {
      const cut = Pair.open().server;
      cut.frames([0, ping(1)]);
      cut.fill(left);
      expect(typesOf(cut.frames([0, ping(2)]))).toEqual(["closed"]);
    }
    server.fill(length);
    expect(server.frames([0, ping(2)])).toEqual([]);
  });

  test.each([
    ["never asked for", false, 1],
    ["for another nonce", true, 2],
  ])("a Pong %s ends the connection", (_what, asked, nonce) => {
    const { client } = Pair.open();
    if (asked) client.session.ping(0);
    const events = client.frames([0, pong(nonce)]);
    expect(events).toMatchObject([{ type: "closed", error: { code: "PROTOCOL_ERROR" } }]);
  });

  test("a Pong that comes twice ends the connection", () => {
    const { client } = Pair.open();
    client.session.ping(0);
    const events = client.frames([0, pong(1)], [0, pong(1)]);
    expect(typesOf(events)).toEqual(["pong", "closed"]);
  });
});

describe("GoAway", () => {
  test("lets open streams finish, and fails those above, one by one", () => {
    const { client, server } = Pair.open();
    for (let i = 0; i < 2; i++) client.session.open(request("stat").value, 0);
    server.give(client.take());
    server.session.goAway(new LeatError("UNAVAILABLE", "bye", { retryAfter: 5 }));
    server.session.goAway(new LeatError("UNAVAILABLE", "bye again"));
    const late = client.session.open(request("stat").value, 0);
    server.give(client.take());
    client.give(server.take());
    expect(typesOf(server.events)).toEqual(["request", "request"]);
    expect(client.events).toMatchObject([
      { type: "goAway", lastStream: 2, error: { code: "UNAVAILABLE", retryAfter: 5 } },
      { type: "failure", stream: late, error: { code: "UNAVAILABLE", message: "bye" } },
    ]);
    expect(client.session.canOpen).toBe(false);
    server.session.send(1, BODIES.response, 0);
    server.session.send(2, BODIES.response, 0);
    client.give(server.take());
    expect(typesOf(client.events)).toEqual(["goAway", "failure", "response", "response"]);
    expect([client.session.streams.size, server.session.streams.size]).toEqual([0, 0]);
  });

  test("lets a transfer go on that is below it", () => {
    const { client, server } = Pair.open();
    client.session.open(request("get").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    server.session.attach(1, new Zeros(3 * WINDOW), 0, 0);
    server.session.goAway(gone);
    for (let i = 0; i < 10; i++) {
      client.give(server.take());
      for (const event of client.events.splice(0)) {
        if (event.type === "data") client.session.consumed(1, event.bytes.length, 0);
      }
      server.give(client.take());
    }
    expect(server.session.streams.size).toBe(0);
  });
});

test("streams may ask for so many characters together, and whoever asks for few is not refused", () => {
  const { server } = Pair.open({ server: { maxStreams: 256 } });
  const stat = (path: string): FrameBodyInit => ({
    case: "request",
    value: { operation: { case: "stat", value: { path } } },
  });
  const long = "a".repeat(4096);
  const most = REQUEST_CHARACTERS / long.length;
  for (let id = 1; id <= most; id += 1) server.frames([id, stat(long)]);
  expect([server.session.streams.size, server.take().length]).toEqual([most, 0]);
  server.frames([most + 1, stat("b")]);
  expect(server.said()).toMatchObject([
    { stream: most + 1, body: { value: { code: "RESOURCE_EXHAUSTED", retryable: true } } },
  ]);
  // One that ends makes room, whoever was refused takes none.
  server.session.send(1, BODIES.response, 0);
  server.frames([most + 2, stat("b")]);
  expect(server.said()).toMatchObject([{ stream: 1 }]);
  expect(server.session.streams.characters).toBe(REQUEST_CHARACTERS - long.length + 1);
});

describe("answers that nobody takes", () => {
  const flood = join(Array.from({ length: 5000 }, (_, i) => encodeFrame(i + 1, request("stat"))));

  test.each([[flood.length], [1000]])("stop the reading inside a chunk of %p bytes", (size) => {
    const { server } = Pair.open({ server: { maxStreams: 1, answerLimit: ANSWER_LIMIT } });
    const { session } = server;
    const one = 200;
    let most = 0;
    for (const chunk of chop(flood, [size])) {
      server.give(chunk);
      most = Math.max(most, session.unsentControls);
      while (session.unsentControls > ANSWER_LIMIT) {
        server.fill(5000);
        server.read();
        most = Math.max(most, session.unsentControls);
      }
    }
    expect(most).toBeLessThan(ANSWER_LIMIT + one);
    expect(most).toBeGreaterThan(ANSWER_LIMIT);
    server.take();
    server.read();
    expect(session.streams.last).toBe(5000);
  });

  test("do not hold back what the session itself reports", () => {
    const { server } = Pair.open({ server: { maxStreams: 2, answerLimit: 0 } });
    server.frames([1, request("get")]);
    server.session.send(1, BODIES.response, 0);
    server.session.attach(1, new Zeros(0, { changes: true }), 0, 0);
    server.read();
    expect(server.events.at(-1)).toMatchObject({ type: "failure", stream: 1 });
  });
});

describe("once it is over", () => {
  test("nothing is opened, pinged, welcomed, sent or told", () => {
    const source = new Zeros(WINDOW);
    const { client, server } = Pair.open();
    client.session.open(request("get").value, 0);
    server.give(client.take());
    server.session.send(1, BODIES.response, 0);
    server.session.attach(1, source, 0, 0);
    const ended: number[] = [];
    server.session.observer = { onStreamEnded: (stream) => void ended.push(stream) };
    server.session.refuse(gone);
    server.session.refuse(gone);
    server.session.goAway(gone);
    server.session.send(1, BODIES.response, 0);
    expect([ended, source.released]).toEqual([[1], true]);
    expect(server.session.ping(0)).toBeUndefined();
    expect(casesOf(server)).toEqual([
      [1, "response"],
      [0, "failure"],
    ]);
    client.session.close(gone);
    expect(client.session.canOpen).toBe(false);
    expect(client.frames([0, HELLO], [1, BODIES.finish])).toEqual([]);
  });
});
