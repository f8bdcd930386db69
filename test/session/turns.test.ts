import { expect, test } from "bun:test";
import { Turns } from "../../src/session/turns.ts";
import { Pair } from "../support/pair.ts";
import { Zeros, request } from "./bodies.ts";

test("first come, first in line; adding again does not move", () => {
  const turns = new Turns<string>();
  for (const stream of ["a", "b", "a", "c"]) turns.add(stream);
  expect([turns.first, turns.first, turns.size]).toEqual(["a", "a", 3]);
  turns.remove("a");
  turns.add("a");
  expect(turns.first).toBe("b");
  turns.remove("b");
  turns.remove("nobody");
  expect([turns.first, turns.size]).toEqual(["c", 2]);
});

test("nobody is first in an empty line", () => {
  expect(new Turns<string>().first).toBeUndefined();
});

/** Downloads of so many streams at once, all endless. @returns what each sent by then */
function share(streams: number, size: number, fills: number): number[] {
  const pair = Pair.open({ client: { initialWindow: 1 << 30 } });
  const { client, server } = pair;
  const sources: Zeros[] = [];
  for (let i = 0; i < streams; i++) client.session.open(request("get").value, 0);
  pair.exchange();
  for (const { id } of server.session.streams.values()) {
    const source = new Zeros(1 << 30);
    sources.push(source);
    server.session.send(id, { case: "response", value: {} }, 0);
    server.session.attach(id, source, 0, 0);
  }
  for (let i = 0; i < fills; i++) server.fill(size);
  return sources.map((source) => source.taken);
}

// 264 KiB is the send buffer, 24 KiB what is put into it on a slow link.
test.each([
  [2, 264 << 10],
  [3, 264 << 10],
  [2, 24 << 10],
  [64, 24 << 10],
])("%p streams share a buffer of %p bytes fairly", (streams, size) => {
  const taken = share(streams, size, streams * 20);
  const mean = taken.reduce((sum, bytes) => sum + bytes) / streams;
  expect(mean).toBeGreaterThan(18 * size);
  for (const bytes of taken) expect(Math.abs(bytes - mean)).toBeLessThan(2 * size);
});
