/** Holes of a file that is sent or received, without a file. */
import { describe, expect, test } from "bun:test";
import { NO_ROOM, writeData } from "../../src/session/data-writer.ts";
import { ReceiveWindow, SendWindow, UNBOUNDED } from "../../src/session/flow.ts";
import type { Outgoing, OutgoingHole } from "../../src/session/outgoing.ts";
import { Stream } from "../../src/session/stream.ts";
import { HOLES } from "../../src/wire/features.ts";
import { Pair, framesIn } from "../support/pair.ts";
import { MAX_FRAME } from "../wire/events.ts";
import { Zeros, request } from "./bodies.ts";

const BLOCK = 1 << 20;
const FAR = 2 ** 52;
const CRC = 0xfedcba98;

/** Bytes of which the first `hole` are a hole; the rest has to be sent. */
class Sparse extends Zeros implements Outgoing {
  hole: number;

  constructor(hole: number, rest: number) {
    super(hole + rest);
    this.hole = hole;
  }

  takeHole(): OutgoingHole | undefined {
    const length = this.hole;
    if (length === 0) return undefined;
    this.hole = 0;
    this.left -= length;
    return { length, crc32: CRC };
  }
}

function streamOf(outgoing: Outgoing, credit: number, offset: number): Stream {
  const window = new ReceiveWindow(0, 0, UNBOUNDED);
  const stream = new Stream(0xffff_ffff, "get-answered", new SendWindow(credit), window, 0);
  stream.outgoing = outgoing;
  stream.sendOffset = offset;
  return stream;
}

function write(stream: Stream, room = 1000, holes = true): Uint8Array | typeof NO_ROOM {
  const into = new Uint8Array(room);
  const behind = writeData(stream, into, 0, room, MAX_FRAME, [], holes);
  return behind === NO_ROOM ? NO_ROOM : into.subarray(0, behind);
}

describe("a hole that is sent", () => {
  test("is one frame, however long, and takes no credit", () => {
    const stream = streamOf(new Sparse(FAR, 10), 0, FAR);
    const frame = write(stream);
    expect(frame).not.toBe(NO_ROOM);
    expect(framesIn(frame as Uint8Array)).toEqual([
      {
        stream: 0xffff_ffff,
        body: { case: "hole", value: { offset: FAR, length: FAR, crc32: CRC } },
      },
    ]);
    expect([stream.sendOffset, stream.send.credit]).toEqual([2 * FAR, 0]);
    expect(write(stream)).toHaveLength(0); // bytes take some
  });

  test("waits for room for the longest", () => {
    const stream = streamOf(new Sparse(FAR, 10), 0, FAR);
    const { length } = write(streamOf(new Sparse(FAR - BLOCK, 0), 0, FAR)) as Uint8Array;
    expect(write(stream, length - 1)).toBe(NO_ROOM);
    expect(stream.sendOffset).toBe(FAR);
    expect(write(stream, 60)).not.toBe(NO_ROOM);
  });

  test("begins with a block, and is bytes for a peer that takes none", () => {
    for (const [offset, holes] of [
      [BLOCK + 1, true],
      [BLOCK, false],
    ] as const) {
      const stream = streamOf(new Sparse(BLOCK, 10), 100, offset);
      const frames = framesIn(write(stream, 1000, holes) as Uint8Array);
      expect(frames.map(({ body }) => body?.case)).toEqual(["data"]);
    }
  });
});

describe("between a client and a server", () => {
  function sent(features: readonly string[]): string[] {
    const pair = Pair.open({ client: { features }, server: { features: [HOLES] } });
    pair.client.session.open(request("get").value, 0);
    pair.exchange();
    const result = { case: "get", value: { length: 3 * BLOCK } } as const;
    pair.server.session.send(1, { case: "response", value: { result } }, 0);
    pair.server.session.attach(1, new Sparse(2 * BLOCK, 1000), 0, 0);
    pair.exchange();
    return pair.client.events.map((event) => event.type);
  }

  test("a hole comes before the bytes behind it, and Finish after both", () => {
    const types = sent([HOLES]).filter((type) => type !== "pong");
    expect(types).toEqual(["request", "response", "hole", "data", "finish"].slice(1));
  });

  test("none comes unless both name it", () => {
    expect(sent([])).not.toContain("hole");
  });
});
