/** A long link is filled: windows grow to what is under way, within what a server may promise. */
import { expect, test } from "bun:test";
import { DOWNLOAD_WINDOW, MAX_WINDOW, MiB, TRANSFER_WINDOW } from "../../src/limits.ts";
import { Capacity } from "../../src/server/host/capacity.ts";
import { settle } from "../../src/server/options/table.ts";
import type { SessionEvent } from "../../src/session/event.ts";
import { request, Zeros } from "../session/bodies.ts";
import { LongLink } from "../support/long-link.ts";
import { End } from "../support/pair.ts";

const SIZE = 512 * MiB;
/** 1 Gbit/s, round trip 100 ms: 12.5 MB are under way. */
const LINK = { delay: 50, rate: 125_000 };

/** @returns bytes in a millisecond, all streams together, and the largest window */
function measure(
  way: "get" | "put",
  { capacity = new Capacity(settle({})), streams = 1, size = SIZE, link = LINK } = {},
): { speed: number; window: number } {
  const { offeredWindow, windows: budgets } = capacity;
  const client = new End("client", { initialWindow: DOWNLOAD_WINDOW, maxWindow: MAX_WINDOW });
  const server = new End("server", { welcome: offeredWindow, maxWindow: MAX_WINDOW, budgets });
  const wire = new LongLink(client, server, link);
  client.session.hello(client.now);
  const begun = wire.now;
  let window = 0;
  for (let i = 0; i < streams; i++) {
    const id = client.session.open(request(way).value, client.now);
    if (way === "put") client.session.attach(id, new Zeros(size), 0, client.now);
  }
  wire.run((end, event) => onEvent(end, event));
  return { speed: (streams * size) / (wire.now - begun), window };

  function onEvent(end: End, event: SessionEvent): void {
    const { session, now } = end;
    if (event.type === "request") {
      if (way === "put") session.widen(event.stream, TRANSFER_WINDOW, now);
      const result = { case: way, value: {} } as { case: "put"; value: {} };
      session.send(event.stream, { case: "response", value: { result } }, now);
      if (way === "get") session.attach(event.stream, new Zeros(size), 0, now);
    } else if (event.type === "data") {
      session.consumed(event.stream, event.bytes.length, now);
      window = Math.max(window, session.streams.get(event.stream)?.receive.size ?? 0);
    } else if (event.type === "finish" && end === server) {
      session.send(event.stream, { case: "receipt", value: {} }, now);
    } else if (event.type === "closed" || event.type === "failure") {
      throw event.error;
    }
  }
}

test.each(["get", "put"] as const)("one %s fills four fifths of a gigabit at 100 ms", (way) => {
  const { speed, window } = measure(way);
  expect(speed).toBeGreaterThan(0.8 * LINK.rate);
  expect(window).toBeLessThanOrEqual(MAX_WINDOW);
});

test("four uploads beside each other do so", () => {
  const { speed } = measure("put", { streams: 4, size: SIZE / 2 });
  expect(speed).toBeGreaterThan(0.8 * LINK.rate);
});

test("windows of a short link stay as they are", () => {
  const { window } = measure("put", { link: { delay: 0.1, rate: 1_000_000 }, size: 64 * MiB });
  expect(window).toBe(TRANSFER_WINDOW);
});

test("what windows have grown by is given back", () => {
  const capacity = new Capacity(settle({}));
  const { begin, grow } = capacity.windows;
  const before = [begin.fair, grow.fair];
  measure("put", { capacity, size: 64 * MiB });
  expect([begin.fair, grow.fair]).toEqual(before);
});
