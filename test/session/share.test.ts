/** What a peer may send for nothing, and what reading from it may cost in one turn. */
import { describe, expect, test } from "bun:test";
import { IGNORED_FRAMES, LEAST_DATA, PAID_FRAMES, TURN_SHARE } from "../../src/limits.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { join } from "../support/chop.ts";
import { Pair, WINDOW } from "../support/pair.ts";
import { BODIES, Zeros, dataFrame, request } from "./bodies.ts";

const EMPTY = Uint8Array.of(0);
/** Field 31, which this version does not know, on stream 0. */
const UNKNOWN = Uint8Array.of(3, 0xfa, 1, 0);

const GET_ANSWER = {
  case: "response",
  value: { result: { case: "get", value: { length: WINDOW } } },
} as const;

const many = (count: number, frame: Uint8Array): Uint8Array =>
  join(Array.from({ length: count }, () => frame));

/** Both are greeted; streams 1 and up were opened and failed, with all their credit left. */
function afterFailed(streams: number): Pair {
  const pair = Pair.open();
  for (let id = 1; id <= streams; id += 1) {
    pair.client.session.open(request("put").value, 0);
    pair.exchange();
    pair.server.session.send(id, BODIES.failure, 0);
    pair.exchange();
  }
  return pair;
}

describe.each([
  ["empty frames", EMPTY],
  ["bodies of a later version", UNKNOWN],
  ["Credit for a stream that has ended", encodeFrame(1, BODIES.credit)],
  ["Cancel for a stream that has ended", encodeFrame(1, BODIES.cancel)],
  ["Data of a byte for a stream that has ended", dataFrame(1, 0, Uint8Array.of(1))],
])("%s", (_, frame) => {
  test("are ignored up to a bound, then end the connection", () => {
    const { server } = afterFailed(1);
    server.give(many(IGNORED_FRAMES, frame));
    expect(server.session.phase).toBe("open");
    const events = server.give(frame);
    expect(events.at(-1)).toMatchObject({ type: "closed", error: { code: "PROTOCOL_ERROR" } });
  });

  test("are forgotten where as much is sent that means something", () => {
    const pair = afterFailed(1);
    const { server, client } = pair;
    const before = server.session.streams.last;
    for (let i = 0; i < (3 * IGNORED_FRAMES) / PAID_FRAMES; i += 1) {
      server.give(many(PAID_FRAMES, frame));
      client.session.open(request("stat").value, 0);
      pair.exchange();
      server.session.send(before + i + 1, BODIES.response, 0);
      pair.exchange();
    }
    expect(server.session.phase).toBe("open");
  });
});

test("a client ends a server that sends nothing but what it ignores", () => {
  const { client } = afterFailed(1);
  client.give(many(IGNORED_FRAMES, EMPTY));
  expect(client.session.phase).toBe("open");
  expect(client.give(EMPTY).at(-1)).toMatchObject({ error: { code: "PROTOCOL_ERROR" } });
});

describe("Data that was on its way when its stream ended", () => {
  const payload = new Uint8Array(LEAST_DATA);
  const most = WINDOW / LEAST_DATA;

  test("is not counted, as far as there was credit", () => {
    const streams = 20; // more than would be allowed, were they counted
    const { server } = afterFailed(streams);
    expect(streams * most).toBeGreaterThan(2 * IGNORED_FRAMES);
    server.give(many(streams * most, dataFrame(1, 0, payload)));
    expect(server.session.phase).toBe("open");
    const over = server.give(many(IGNORED_FRAMES, dataFrame(1, 0, payload)));
    expect(over.at(-1)).toMatchObject({ error: { code: "PROTOCOL_ERROR" } });
  });

  test("is not counted where the stream was given up and has not ended yet", () => {
    const pair = Pair.open();
    pair.client.session.open(request("put").value, 0);
    pair.exchange();
    pair.server.frames([1, BODIES.cancel]);
    for (let i = 0; i < 4; i += 1) pair.server.give(many(most / 4, dataFrame(1, 0, payload)));
    pair.server.session.send(1, BODIES.failure, 0);
    pair.server.give(many(IGNORED_FRAMES / 2, dataFrame(1, 0, payload)));
    expect(pair.server.session.phase).toBe("open");
    // The credit is there once, whether the stream had ended or not.
    pair.server.give(many(1 + IGNORED_FRAMES / 4, dataFrame(1, 0, payload)));
    expect(pair.server.session.phase).toBe("closing");
  });

  test("that was taken is no credit any more", () => {
    const pair = Pair.open();
    pair.client.session.open(request("put").value, 0);
    pair.exchange();
    pair.server.give(dataFrame(1, 0, new Uint8Array(WINDOW / 2)));
    pair.server.give(dataFrame(1, WINDOW / 2, new Uint8Array(WINDOW / 2), 0));
    pair.server.session.send(1, BODIES.failure, 0);
    pair.server.give(many(1 + IGNORED_FRAMES / 2, dataFrame(1, 0, payload)));
    expect(pair.server.session.phase).toBe("closing");
  });
});

describe("Credit for Data that was sent before its stream ended", () => {
  const late = encodeFrame(1, { case: "credit", value: { bytes: LEAST_DATA } });
  const most = WINDOW / LEAST_DATA;

  /** Streams 1 and up were downloads of all that a window holds, and are over. */
  function afterDownloads(streams: number): Pair {
    const pair = Pair.open();
    for (let id = 1; id <= streams; id += 1) {
      pair.client.session.open(request("get").value, 0);
      pair.exchange();
      pair.server.session.send(id, GET_ANSWER, 0);
      pair.server.session.attach(id, new Zeros(WINDOW), 0, 0);
      pair.exchange();
    }
    expect(pair.server.session.streams.size).toBe(0);
    return pair;
  }

  test("is not counted, as far as Data was sent", () => {
    const streams = 20; // more than would be allowed, were it counted
    const { server } = afterDownloads(streams);
    expect(streams * most).toBeGreaterThan(2 * IGNORED_FRAMES);
    server.give(many(streams * most, late));
    expect(server.session.phase).toBe("open");
    server.give(many(IGNORED_FRAMES + 1, late));
    expect(server.session.phase).toBe("closing");
  });

  test("that came in time is not owed any more", () => {
    const pair = Pair.open();
    pair.client.session.open(request("get").value, 0);
    pair.exchange();
    pair.server.frames([1, { case: "credit", value: { bytes: WINDOW } }]);
    pair.server.session.send(1, GET_ANSWER, 0);
    pair.server.session.attach(1, new Zeros(WINDOW), 0, 0);
    pair.exchange();
    pair.server.give(many(IGNORED_FRAMES + 1, late));
    expect(pair.server.session.phase).toBe("closing");
  });

  test("counts where it grants next to nothing", () => {
    const { server } = afterDownloads(20);
    server.give(many(IGNORED_FRAMES + 1, encodeFrame(1, BODIES.credit)));
    expect(server.session.phase).toBe("closing");
  });
});

test("long frames that are ignored count by their bytes as well", () => {
  const { server } = afterFailed(1);
  const length = 16_000;
  // Field 31 again, with bytes in it.
  const body = Uint8Array.of(0xfa, 1, 0x80, 0x7d, ...new Uint8Array(length));
  const frame = join([Uint8Array.of(0x84, 0x7d), body]);
  const before = Math.floor(IGNORED_FRAMES / (1 + Math.floor(body.length / LEAST_DATA)));
  server.give(many(before, frame));
  expect(server.session.phase).toBe("open");
  server.give(frame);
  expect(server.session.phase).toBe("closing");
});

describe("a share of a turn", () => {
  test.each([
    ["empty frames", EMPTY],
    ["Credit for a stream that has ended", encodeFrame(1, BODIES.credit)],
    ["bodies of a later version", UNKNOWN],
  ])("is used up by %s, and what is left is read in the next ones", (_, frame) => {
    const { server } = afterFailed(1);
    const { session } = server;
    const stat = encodeFrame(2, request("stat"));
    server.events.length = 0;
    session.share.renew();
    server.give(join([many(3 * TURN_SHARE, frame), stat]));
    expect([session.unread, session.share.isSpent]).toEqual([true, true]);
    let renewed = 0;
    for (; session.unread; renewed += 1) {
      expect(server.events).toEqual([]);
      session.share.renew();
      server.read();
    }
    expect(renewed).toBeGreaterThanOrEqual(3);
    expect(server.events.at(-1)?.type).toBe("request");
  });

  test("is not used up by Data as large as it should be", () => {
    const { client, server } = Pair.open();
    client.session.open(request("put").value, 0);
    server.give(client.take());
    server.session.share.renew();
    const part = new Uint8Array(1 << 18);
    server.give(
      join([0, 1, 2, 3].map((i) => dataFrame(1, i << 18, part, i === 3 ? 0 : undefined))),
    );
    expect(server.session.unread).toBe(false);
    expect(server.session.share.spent).toBeLessThan(TURN_SHARE / 8);
  });

  test("is used up sooner by frames in an unusual form, which take longer to understand", () => {
    const credit = encodeFrame(1, BODIES.credit);
    // Field 31, which nobody knows, stands before the others.
    const unusual = join([Uint8Array.of(credit[0]! + 3, 0xfa, 1, 0), credit.subarray(1)]);
    const spent = [credit, unusual].map((frame) => {
      const { server } = afterFailed(1);
      server.session.share.renew();
      server.give(many(20, frame));
      return server.session.share.spent;
    });
    expect(spent[0]).toBeLessThan(30);
    expect(spent[1]).toBeGreaterThan(160);
  });
});
