import { describe, expect, test } from "bun:test";
import { ReceiveWindow, SendWindow, UNBOUNDED } from "../../src/session/flow.ts";
import { type StreamState, TRANSITIONS } from "../../src/session/state.ts";
import { Stream } from "../../src/session/stream.ts";
import { refusal } from "../wire/refusal.ts";

const BLOCK = 1 << 20;

function streamIn(state: StreamState, window = 4 * BLOCK): Stream {
  const receive = new ReceiveWindow(window, window, UNBOUNDED);
  return new Stream(1, state, new SendWindow(0), receive, 0);
}

describe("an arriving Data frame", () => {
  test("is booked where the last one ended", () => {
    const stream = streamIn("put");
    stream.onReceived(0, BLOCK, BLOCK);
    stream.onReceived(BLOCK, 1, 1);
    expect([stream.receiveOffset, stream.receive.held]).toEqual([BLOCK + 1, BLOCK + 1]);
  });

  test.each([
    ["a gap", 1, 1, "PROTOCOL_ERROR"],
    ["a block too long", 0, BLOCK + 1, "PROTOCOL_ERROR"],
  ] as const)("with %s is refused and not booked", (_what, offset, length, code) => {
    const stream = streamIn("put");
    refusal(code, () => stream.onReceived(offset, length, length));
    expect([stream.receiveOffset, stream.receive.held]).toEqual([0, 0]);
  });

  test("beyond the credit is refused and not booked", () => {
    const stream = streamIn("put", 10);
    refusal("FLOW_CONTROL", () => stream.onReceived(0, 11, 11));
    expect([stream.receiveOffset, stream.receive.held]).toEqual([0, 0]);
    stream.onReceived(0, 10, 10);
  });
});

test("a server waits for its client where bytes or credit are the client's to send", () => {
  const states = Object.keys(TRANSITIONS) as StreamState[];
  const waiting = states.filter((state) => streamIn(state).waitsForClient);
  expect(waiting).toEqual(["get-answered", "put", "put-answered", "put-tree-answered"]);
});

test("a stream is given up in two states", () => {
  const states = Object.keys(TRANSITIONS) as StreamState[];
  expect(states.filter((state) => streamIn(state).cancelled)).toEqual([
    "unary-cancelled",
    "cancelled",
  ]);
});
