/** Floods of frames that cost their peer nothing, and who is served meanwhile. */
import { describe, expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import {
  IGNORED_FRAMES,
  LEAST_SHARE,
  SHORT_CHUNK,
  TURN_SHARE,
  TURN_WORK,
} from "../../src/limits.ts";
import { MemoryTransport } from "../../src/net/memory.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { join } from "../support/chop.ts";
import { turns } from "../net/support.ts";
import { BODIES, dataFrame, request } from "../session/bodies.ts";
import { type Ends, TestRuntime, greeted } from "./support.ts";

const CHUNK = 1 << 19;
const whole = { capacity: CHUNK, chunk: () => CHUNK };

const flood = (frame: Uint8Array, bytes = CHUNK / 2): Uint8Array =>
  join(Array.from({ length: Math.floor(bytes / frame.length) }, () => frame));

/** Floods of one peer, by what it has said before: stream 1 has ended, stream 2 is a download. */
const FLOODS: Readonly<Record<string, Uint8Array>> = {
  "empty frames": Uint8Array.of(0),
  "bodies of a later version": Uint8Array.of(3, 0xfa, 1, 0),
  "Data for a stream that has ended": dataFrame(1, 0, Uint8Array.of(1)),
  Credit: encodeFrame(2, BODIES.credit),
};

async function flooder(runtime: TestRuntime): Promise<Ends> {
  const made = await greeted({ runtime, pipe: whole });
  made.raw.frame(1, request("stat"));
  made.raw.frame(2, request("get"));
  await turns(3);
  made.diary.connection.send(1, BODIES.response);
  await turns(2);
  return made;
}

describe.each(Object.entries(FLOODS))("a flood of %s", (_, frame) => {
  test("of 32 peers is read a little a turn, and a neighbour's request before the rest", async () => {
    const runtime = new TestRuntime();
    const peers: Ends[] = [];
    for (let i = 0; i < 32; i += 1) peers.push(await flooder(runtime));
    const neighbour = await greeted({ runtime });
    neighbour.diary.does = (event) => {
      if (event.type === "request") neighbour.diary.connection.send(event.stream, BODIES.response);
    };
    for (const { raw } of peers) raw.send(flood(frame));
    await turns(2); // what was sent has come
    neighbour.raw.frame(1, request("stat"));
    await turns(3);
    expect(neighbour.raw.cases()).toEqual(["response"]);
    const unread = peers.filter(({ diary }) => diary.connection.session.unread);
    expect(unread.length).toBeGreaterThanOrEqual(32 - (6 * TURN_WORK) / TURN_SHARE);
  });

  test("ends, and so does what is held of it", async () => {
    const runtime = new TestRuntime();
    const { raw, diary } = await flooder(runtime);
    raw.send(flood(frame));
    raw.finish();
    const over = (): boolean => diary.types.includes("closed") || diary.types.includes("end");
    while (!over()) await turns(1);
    const ignored = frame !== FLOODS["Credit"];
    expect(diary.types.at(-1)).toBe(ignored ? "closed" : "end");
    if (!ignored) return;
    while (diary.closed.length === 0) await turns(1);
    expect(raw.cases().at(-1)).toBe("failure");
    expect([diary.closed[0]?.code, runtime.connections]).toEqual(["PROTOCOL_ERROR", 0]);
  });
});

test("a few bytes of each of many peers, which are read in any turn, make none long", async () => {
  const runtime = new TestRuntime();
  const peers: Ends[] = [];
  for (let i = 0; i < 64; i += 1) peers.push(await flooder(runtime));
  const connections = peers.map(({ diary }) => diary.connection);
  const read = (): number =>
    connections.reduce((sum, { session }) => sum + session.framesReceived, 0);
  const before = read();
  const credit = FLOODS["Credit"]!;
  for (const connection of connections) connection.onData(flood(credit, SHORT_CHUNK));
  const first = read() - before;
  expect(first).toBeLessThan(2 * TURN_WORK + TURN_SHARE + 64 * LEAST_SHARE);
  expect(first).toBeGreaterThan(2 * 64);
  // And all the others later.
  const all = 64 * Math.floor(SHORT_CHUNK / credit.length);
  while (read() - before < all) await turns(1);
  expect(connections.some(({ session }) => session.unread)).toBe(false);
});

test("nothing more of a peer is taken from the system while it waits for its turn", async () => {
  const { raw, diary } = await flooder(new TestRuntime());
  const { connection } = diary;
  const { session } = connection;
  let chunks = 0;
  const onData = connection.onData.bind(connection);
  connection.onData = (chunk) => {
    expect(session.unread).toBe(false);
    chunks += 1;
    onData(chunk);
  };
  raw.send(flood(FLOODS["Credit"]!, 3 * CHUNK));
  raw.finish();
  while (diary.types.at(-1) !== "end") await turns(1);
  expect(chunks).toBeGreaterThan(2);
});

test("what came before a flood of one peer's own is answered before it is read", async () => {
  const { raw, diary } = await greeted({ pipe: whole });
  raw.send(join([encodeFrame(1, request("stat")), flood(Uint8Array.of(0), IGNORED_FRAMES / 2)]));
  await turns(2);
  expect(diary.types).toEqual(["request"]);
  expect(diary.connection.session.unread).toBe(true);
  diary.connection.send(1, BODIES.response);
  await turns(2);
  expect(raw.cases()).toEqual(["response"]);
  raw.frame(2, request("stat"));
  while (diary.types.length < 2) await turns(1);
});

test("a long chunk goes back when it was read to its end, in however many turns", async () => {
  const { raw, diary } = await flooder(new TestRuntime());
  const freed: number[] = [];
  const free = MemoryTransport.prototype.free;
  MemoryTransport.prototype.free = function (chunk) {
    freed.push(chunk.length);
    free.call(this, chunk);
  };
  try {
    const bytes = flood(FLOODS["Credit"]!, 200_000); // others are still read
    raw.send(bytes);
    raw.finish();
    while (diary.types.at(-1) !== "end") await turns(1);
    expect(freed).toContain(bytes.length);
  } finally {
    MemoryTransport.prototype.free = free;
  }
});

test("what comes behind a refusal is not heard, chunk by chunk in turns, and its end is", async () => {
  const { raw, diary, runtime } = await flooder(new TestRuntime());
  const { connection } = diary;
  connection.refuse(new LeatError("UNAVAILABLE", "the server is stopping"));
  const turnsOf: number[] = [];
  let turn = 0;
  const onData = connection.onData.bind(connection);
  connection.onData = (chunk) => {
    turnsOf.push(turn);
    onData(chunk);
  };
  raw.send(flood(FLOODS["Credit"]!, 4 * CHUNK));
  raw.finish();
  for (; diary.closed.length === 0; turn += 1) await turns(1);
  // Not one a turn: others have theirs in between.
  expect(turnsOf.length).toBeGreaterThan(3);
  expect(new Set(turnsOf).size).toBe(turnsOf.length);
  expect([raw.cases().at(-1), runtime.connections]).toEqual(["failure", 0]);
});
