import { describe, expect, test } from "bun:test";
import { SEND_ROOM } from "../../src/limits.ts";
import { NO_ROOM, writeData } from "../../src/session/data-writer.ts";
import { ReceiveWindow, SendWindow, UNBOUNDED } from "../../src/session/flow.ts";
import type { BufferedPayload } from "../../src/session/outgoing.ts";
import { Stream } from "../../src/session/stream.ts";
import { MAX_DATA_HEAD } from "../../src/wire/frame.ts";
import { seededRandom } from "../support/chop.ts";
import { framesIn } from "../support/pair.ts";
import { MAX_FRAME } from "../wire/events.ts";
import { Zeros } from "./bodies.ts";

const BLOCK = 1 << 20;

function streamOf(outgoing: Zeros | undefined, credit: number, offset = 0, id = 1): Stream {
  const window = new ReceiveWindow(0, 0, UNBOUNDED);
  const stream = new Stream(id, "get-answered", new SendWindow(credit), window, 0);
  stream.outgoing = outgoing;
  stream.sendOffset = offset;
  return stream;
}

/** What `writeData` put into a buffer; fails when it wrote outside of its bounds. */
function write(
  stream: Stream,
  room: number,
  limit = MAX_FRAME,
  payloads: BufferedPayload[] = [],
): { behind: number; frame: Uint8Array } {
  const at = 7;
  const into = new Uint8Array(at + room + 9).fill(0xee);
  const behind = writeData(stream, into, at, at + room, limit, payloads);
  const outside = [...into.subarray(0, at), ...into.subarray(at + room)];
  expect(new Set(outside)).toEqual(new Set([0xee]));
  return { behind: behind === NO_ROOM ? NO_ROOM : behind - at, frame: into.slice(at, behind) };
}

function dataOf(frame: Uint8Array) {
  const [only, ...more] = framesIn(frame);
  if (only?.body?.case !== "data" || more.length > 0) throw new Error("not one Data frame");
  return only.body.value;
}

describe("a Data frame", () => {
  test("holds what there is, what credit allows, and no more than a block or a frame may", () => {
    for (const [left, credit, offset, limit, length] of [
      [1000, 5000, 0, MAX_FRAME, 1000],
      [5000, 1000, 0, MAX_FRAME, 1000],
      [5000, 5000, BLOCK - 300, MAX_FRAME, 300],
      [5000, 5000, 7 * BLOCK - 1, MAX_FRAME, 1],
      [5 * BLOCK, 5 * BLOCK, 0, MAX_FRAME, BLOCK],
      [5 * BLOCK, 5 * BLOCK, 0, 257 << 10, 256 << 10],
      [5 * BLOCK, 5 * BLOCK, 0, 256 << 10, 192 << 10],
      [5 * BLOCK, 5 * BLOCK, 0, 64 << 10, (64 << 10) - MAX_DATA_HEAD],
      [1, 1, Number.MAX_SAFE_INTEGER - 1, MAX_FRAME, 1],
    ] as const) {
      const stream = streamOf(new Zeros(left), credit, offset);
      const { frame } = write(stream, BLOCK + 100, limit);
      const { payload, offset: told } = dataOf(frame);
      expect([payload.length, told, stream.sendOffset]).toEqual([length, offset, offset + length]);
      expect(stream.send.credit).toBe(credit - length);
      expect(frame.length - 5).toBeLessThanOrEqual(limit);
    }
  });

  test("carries the CRC where a block or the range ends, and nowhere else", () => {
    for (const [left, offset, crc32] of [
      [1000, 0, 7],
      [5000, BLOCK - 1000, 7],
      [5000, BLOCK - 1001, undefined],
      [1001, 0, undefined],
    ] as const) {
      const stream = streamOf(new Zeros(left), 1000, offset);
      expect(dataOf(write(stream, BLOCK).frame).crc32).toBe(crc32);
    }
  });

  test("is cut for lack of room, but not into crumbs", () => {
    const least = SEND_ROOM + MAX_DATA_HEAD;
    const fits = streamOf(new Zeros(BLOCK), BLOCK);
    expect(dataOf(write(fits, least).frame).payload).toHaveLength(SEND_ROOM);
    const stream = streamOf(new Zeros(BLOCK), BLOCK);
    for (const room of [least - 1, 40, 1, 0]) {
      expect(write(stream, room).behind).toBe(NO_ROOM);
      expect([stream.sendOffset, stream.send.credit]).toEqual([0, BLOCK]);
    }
    // A crumb that is all there is goes wherever it fits.
    const crumb = streamOf(new Zeros(3), BLOCK);
    expect(write(crumb, MAX_DATA_HEAD + 2).behind).toBe(NO_ROOM);
    expect(dataOf(write(crumb, MAX_DATA_HEAD + 3).frame).payload).toHaveLength(3);
  });

  test("is none where there is nothing to send, no credit, or nobody who sends", () => {
    for (const stream of [
      streamOf(new Zeros(0), 10),
      streamOf(new Zeros(10), 0),
      streamOf(undefined, 10),
    ]) {
      expect(write(stream, 1000).behind).toBe(0);
    }
  });

  test("notes where its payload stands, if that can be taken again", () => {
    const payloads: BufferedPayload[] = [];
    const zeros = new Zeros(10);
    write(streamOf(zeros, 10, 5), 1000, MAX_FRAME, payloads);
    expect(payloads).toEqual([]);
    const retaken = Object.assign(new Zeros(10), { retake: () => {} });
    const { frame } = write(streamOf(retaken, 10, 5), 1000, MAX_FRAME, payloads);
    const start = 7 + frame.length - 10;
    expect(payloads).toEqual([{ outgoing: retaken, start, length: 10, position: 5 }]);
  });

  test("that can't be read leaves everything as it was", () => {
    const stream = streamOf(new Zeros(100, { failsAt: 10 }), 100);
    expect(() => write(stream, 1000)).toThrow("the disk is gone");
    expect([stream.sendOffset, stream.send.credit]).toEqual([0, 100]);
  });

  test("has a head that fits its room, whatever the numbers", () => {
    const random = seededRandom(104);
    for (let round = 0; round < 500; round++) {
      const left = 1 + random.below(1 << random.below(19));
      const offset = random.below(2 ** random.below(53));
      const id = random.pick([1, 127, 128, 0xffff_ffff, random.below(2 ** 32)]);
      const stream = streamOf(new Zeros(left), 1 + random.below(2 * left), offset, id);
      const room = random.below(300_000);
      const { behind, frame } = write(stream, room);
      if (behind === NO_ROOM) continue;
      expect(dataOf(frame).payload.length).toBe(stream.sendOffset - offset);
    }
  });
});
