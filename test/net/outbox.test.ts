import { describe, expect, test } from "bun:test";
import { LARGE_BUFFER, LARGE_SHARE, SEND_BUFFER, SILENCE } from "../../src/limits.ts";
import type { ByteSink, FileRegion } from "../../src/file-region.ts";
import { seededRandom } from "../support/chop.ts";
import { bytesOf, Speaker, Stage, turn, turns } from "./support.ts";

/** A region of this length, of which a line takes a piece at a time. */
class Piece implements FileRegion {
  left: number;
  blocked = false;
  disposals = 0;
  readonly #most: number;

  constructor(left: number, most = Number.POSITIVE_INFINITY) {
    this.left = left;
    this.#most = most;
  }

  send(transport: ByteSink): number {
    const length = Math.min(this.left, this.#most);
    const written = transport.write(new Uint8Array(length).fill(255), 0, length);
    if (written < 0) return -1;
    this.blocked = written < length;
    this.left -= written;
    return written;
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

/** Says 10 bytes, then a region, then 10 bytes. */
function withRegion(stage: Stage, piece: Piece, room = Number.POSITIVE_INFINITY): Speaker {
  const speaker = new Speaker(stage, { length: 20, room });
  speaker.most = 10;
  const { fill } = speaker;
  speaker.fill = (into, end) => {
    speaker.region = speaker.fills === 0 ? piece : undefined;
    return fill.call(speaker, into, end);
  };
  return speaker;
}

describe("a region of a file", () => {
  test("leaves behind the buffer that it follows, and before the next one", async () => {
    for (const most of [1, 7, 50, 1000]) {
      for (const room of [1, 9, 10, 11, 60, 1000]) {
        const stage = new Stage();
        const piece = new Piece(100, most);
        const speaker = withRegion(stage, piece, room);
        speaker.outbox.wake();
        await turn();
        for (let drains = 0; speaker.line.taken.length < 120; drains++) {
          expect(drains).toBeLessThan(200);
          speaker.drain(room);
          await turn();
        }
        const { taken } = speaker.line;
        const region = new Uint8Array(100).fill(255);
        expect(taken).toEqual(
          Uint8Array.from([...bytesOf(0, 0, 10), ...region, ...bytesOf(0, 10, 20)]),
        );
        expect([piece.disposals, speaker.flushes, speaker.outbox.idle]).toEqual([1, 1, true]);
      }
    }
  });

  test("holds no buffer while the transport takes nothing", async () => {
    const stage = new Stage();
    const speaker = withRegion(stage, new Piece(100), 50);
    speaker.outbox.wake();
    await turn();
    expect([speaker.line.taken.length, stage.pool.taken]).toEqual([50, 0]);
    expect([speaker.outbox.blockedSince, speaker.outbox.idle]).toEqual([1, false]);
  });

  test("still follows a buffer that was put aside for others", async () => {
    const stage = new Stage({ buffers: 1 });
    const piece = new Piece(100);
    const speaker = withRegion(stage, piece, 5);
    speaker.outbox.wake();
    await turn();
    const other = new Speaker(stage, { length: 300, number: 1 });
    other.outbox.wake();
    await turn();
    expect([other.line.taken.length, speaker.saves]).toEqual([300, 1]);
    speaker.drain(1000);
    await turn();
    expect(speaker.line.taken.length).toBe(120);
    expect(speaker.line.taken.slice(0, 12)).toEqual(
      Uint8Array.from([...bytesOf(0, 0, 10), 255, 255]),
    );
  });

  test("counts for the turn: a neighbour is not kept waiting", async () => {
    const stage = new Stage({ budget: 100 });
    const [one, two] = [new Piece(1000, 50), new Piece(1000, 50)];
    const speakers = [withRegion(stage, one), withRegion(stage, two)];
    for (const { outbox } of speakers) outbox.wake();
    await Promise.resolve();
    await Promise.resolve();
    expect(one.left + two.left).toBeGreaterThanOrEqual(2000 - 150);
    expect([one.left < 1000, two.left < 1000]).toEqual([true, true]);
    await turns(50);
    expect([one.disposals, two.disposals]).toEqual([1, 1]);
  });

  test.each(["in its middle", "while it is filled"])(
    "is given back when it ends %s",
    async (when) => {
      const stage = new Stage();
      const piece = new Piece(100);
      const speaker = withRegion(stage, piece, 50);
      const { fill } = speaker;
      if (when === "while it is filled") {
        speaker.fill = (into, end) => {
          const behind = fill(into, end);
          speaker.outbox.close();
          return behind;
        };
      }
      speaker.outbox.wake();
      await turn();
      speaker.outbox.close();
      speaker.drain(1000);
      await turn();
      expect([piece.disposals, piece.left > 0, stage.pool.taken]).toEqual([1, true, 0]);
    },
  );

  test("on a transport that is gone closes the way out", async () => {
    const stage = new Stage();
    const piece = new Piece(100);
    const speaker = withRegion(stage, piece, 50);
    speaker.outbox.wake();
    await turn();
    speaker.line.gone = true;
    speaker.drain(10);
    await turn();
    expect([piece.disposals, piece.left, speaker.losses]).toEqual([1, 60, 1]);
  });
});

/** @returns how far each write may reach at most, in bytes, as they come */
function endsOf(speaker: Speaker): number[] {
  const ends: number[] = [];
  const { fill } = speaker;
  speaker.fill = (into, end) => {
    ends.push(end);
    return fill.call(speaker, into, end);
  };
  return ends;
}

describe("an outbox", () => {
  test("holds no buffer but while it has something to send", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    expect([speaker.outbox.idle, stage.pool.taken]).toEqual([false, 0]);
    speaker.outbox.wake();
    await turn();
    expect(speaker.line.taken).toEqual(speaker.expected);
    expect([speaker.outbox.idle, stage.pool.taken, speaker.flushes]).toEqual([true, 0, 1]);
    speaker.outbox.wake();
    await turn();
    expect([speaker.fills, speaker.flushes]).toEqual([1, 1]);
  });

  test("sends every byte once and in order, however short the writes are", async () => {
    for (const size of [1, 2, 3, 7, 50, 299, 300, 301, 1000]) {
      const stage = new Stage({ size: 300 });
      const speaker = new Speaker(stage, { length: 1000, room: size });
      speaker.outbox.wake();
      await turn();
      for (let drains = 0; speaker.line.taken.length < 1000; drains++) {
        expect(speaker.line.taken.length).toBe(Math.min(1000, size * (drains + 1)));
        expect(speaker.outbox.blockedSince).toBe(1);
        expect(stage.pool.taken).toBe(1);
        speaker.drain(size);
        await turn();
      }
      expect(speaker.line.taken).toEqual(speaker.expected);
      expect([speaker.flushes, stage.pool.taken, speaker.outbox.idle]).toEqual([1, 0, true]);
    }
  });

  test("is not disturbed by a drain when nothing was refused", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    speaker.outbox.drained();
    speaker.outbox.drained();
    await turn();
    speaker.outbox.drained();
    await turn();
    expect([speaker.line.taken.length, speaker.flushes]).toEqual([100, 1]);
  });

  test("says since when its peer takes nothing", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100, room: 10 });
    stage.now = 70;
    speaker.outbox.wake();
    await turn();
    expect(speaker.outbox.blockedSince).toBe(70);
    stage.now = 90;
    speaker.outbox.wake();
    await turn();
    expect(speaker.outbox.blockedSince).toBe(70);
    speaker.drain(10);
    expect(speaker.outbox.blockedSince).toBeUndefined();
    await turn();
    expect(speaker.outbox.blockedSince).toBe(90);
    speaker.drain(1000);
    await turn();
    expect(speaker.outbox.blockedSince).toBeUndefined();
  });

  test("tells that all is out when the producer has nothing after all", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    speaker.most = 0;
    speaker.outbox.wake();
    const { fill } = speaker;
    speaker.fill = (into, end) => {
      speaker.left = 0;
      return fill.call(speaker, into, end);
    };
    await turn();
    expect([speaker.flushes, stage.pool.taken, speaker.outbox.idle]).toEqual([1, 0, true]);
  });

  test("is not idle while its buffer is filled", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    const { fill } = speaker;
    const idle: boolean[] = [];
    speaker.fill = (into, end) => {
      const behind = fill.call(speaker, into, end);
      idle.push(speaker.outbox.idle);
      return behind;
    };
    speaker.outbox.wake();
    await turn();
    expect(idle).toEqual([false]);
    expect(speaker.outbox.idle).toBe(true);
  });

  test("that is closed while its buffer is filled writes nothing, and gives the buffer back", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    const { fill } = speaker;
    speaker.fill = (into, end) => {
      speaker.outbox.close();
      return fill.call(speaker, into, end);
    };
    speaker.outbox.wake();
    await turn();
    expect([speaker.line.taken.length, stage.pool.taken]).toEqual([0, 0]);
  });

  test("that is closed sends nothing more, gives back its buffer once, and can't be woken", async () => {
    const stage = new Stage({ buffers: 1 });
    const speaker = new Speaker(stage, { length: 100, room: 10 });
    speaker.outbox.wake();
    await turn();
    speaker.outbox.close();
    speaker.outbox.close();
    speaker.drain(1000);
    await turn();
    expect([speaker.line.taken.length, stage.pool.taken]).toEqual([10, 0]);
  });

  test("of a transport that is gone closes itself", async () => {
    const stage = new Stage();
    const speaker = new Speaker(stage, { length: 100 });
    speaker.line.close();
    speaker.outbox.wake();
    await turns(2);
    expect([stage.pool.taken, speaker.outbox.runnable, speaker.fills]).toEqual([0, false, 1]);
  });

  test("puts less into a write on a slow line", async () => {
    const stage = new Stage({ size: SEND_BUFFER });
    const speaker = new Speaker(stage, { length: 10 << 20, room: 0 });
    const ends = endsOf(speaker);
    speaker.outbox.wake();
    for (let i = 0; i < 60; i++) {
      await turn();
      stage.now += 100;
      speaker.drain(20_000);
    }
    expect([ends[0], ends.at(-1)]).toEqual([LARGE_BUFFER, 24 << 10]);
  });

  test("is short while many peers are sent to: they do not wait for long writes of others", async () => {
    const stage = new Stage({ size: SEND_BUFFER, buffers: LARGE_SHARE });
    const speaker = new Speaker(stage, { length: 3 << 20, room: 0 });
    const ends = endsOf(speaker);
    speaker.outbox.wake();
    await turn();
    const second = new Speaker(stage, { length: 100, room: 0, number: 1 });
    second.outbox.wake();
    await turn();
    speaker.drain(LARGE_BUFFER + 1);
    await turns(3);
    second.drain(100);
    await turns(3);
    speaker.drain(3 << 20);
    await turns(3);
    expect(ends.slice(0, 3)).toEqual([LARGE_BUFFER, SEND_BUFFER, LARGE_BUFFER]);
    expect(Buffer.compare(speaker.line.taken, speaker.expected)).toBe(0);
  });

  test("is no longer than the frames that the peer takes allow", async () => {
    const stage = new Stage({ size: SEND_BUFFER });
    const speaker = new Speaker(stage, { length: 10 << 20 });
    speaker.mostWanted = 257 << 10;
    const { fill } = speaker;
    const lengths = new Set<number>();
    speaker.fill = (into, end) => {
      lengths.add(into.length);
      return fill.call(speaker, into, end);
    };
    speaker.outbox.wake();
    await turns(60);
    expect([[...lengths], speaker.left]).toEqual([[SEND_BUFFER], 0]);
  });
});

describe("where buffers are short", () => {
  test("a silent peer's bytes are dropped, and made again when it reads", async () => {
    const stage = new Stage({ buffers: 1 });
    const silent = new Speaker(stage, { length: 500, room: 100, number: 1 });
    silent.outbox.wake();
    await turn();
    const other = new Speaker(stage, { length: 500, number: 2 });
    other.outbox.wake();
    await turn();
    expect(other.line.taken).toEqual(other.expected);
    expect([stage.pool.taken, silent.outbox.idle]).toEqual([0, false]);
    silent.drain(1000);
    await turn();
    expect(silent.line.taken).toEqual(silent.expected);
    expect(silent.line.taken).toHaveLength(500);
    expect([stage.pool.taken, silent.flushes]).toEqual([0, 1]);
  });

  test.each([
    [SEND_BUFFER + 1, false],
    [SEND_BUFFER, true],
  ])("%p bytes of a large buffer may be dropped: %p", async (unsent, dropped) => {
    const stage = new Stage({ size: SEND_BUFFER });
    const silent = new Speaker(stage, { length: LARGE_BUFFER, room: LARGE_BUFFER - unsent });
    silent.outbox.wake();
    await turn();
    expect([stage.pool.taken, silent.outbox.evict(), stage.pool.taken]).toEqual([
      1,
      dropped,
      dropped ? 0 : 1,
    ]);
    silent.drain(LARGE_BUFFER);
    await turns(3);
    expect(Buffer.compare(silent.line.taken, silent.expected)).toBe(0);
  });

  test("the one that has been silent for longest loses its buffer first", async () => {
    const stage = new Stage({ buffers: 2 });
    const early = new Speaker(stage, { length: 500, room: 100 });
    const late = new Speaker(stage, { length: 500, room: 100 });
    late.outbox.wake();
    early.outbox.wake();
    await turn();
    late.drain(1);
    await turn();
    const other = new Speaker(stage, { length: 500 });
    other.outbox.wake();
    await turn();
    expect([early.saves, late.saves, other.line.taken.length]).toEqual([1, 0, 500]);
  });

  test("one waits for a buffer without a loop that spins, and gets the next", async () => {
    const stage = new Stage({ buffers: 1 });
    const holder = new Speaker(stage, { length: 500, room: 100, again: false });
    holder.outbox.wake();
    await turn();
    const waiting = new Speaker(stage, { length: 500 });
    waiting.outbox.wake();
    await turns(3);
    expect(stage.looks).toBeLessThan(20);
    expect([waiting.fills, waiting.outbox.runnable, waiting.outbox.idle]).toEqual([
      0,
      false,
      false,
    ]);
    holder.drain(1000);
    await turns(2);
    expect([holder.line.taken.length, waiting.line.taken.length]).toEqual([500, 500]);
  });

  test("all who wait get theirs, one behind the other, and no wake-up is lost", async () => {
    const stage = new Stage({ buffers: 1 });
    const holder = new Speaker(stage, { length: 500, room: 100, again: false });
    holder.outbox.wake();
    await turn();
    const waiting = Array.from({ length: 6 }, () => new Speaker(stage, { length: 500 }));
    for (const speaker of waiting) speaker.outbox.wake();
    await turn();
    // The first has nothing to say any more when its turn comes; the second is gone; the third has
    // nothing to say once it was called, but has not come for its buffer yet.
    waiting[0]!.left = 0;
    waiting[1]!.outbox.close();
    const { outbox } = waiting[2]!;
    const { bufferFree } = outbox;
    outbox.bufferFree = () => {
      const wants = bufferFree.call(outbox);
      waiting[2]!.left = 0;
      return wants;
    };
    holder.drain(1000);
    await turns(2);
    expect(waiting.map((speaker) => speaker.line.taken.length)).toEqual([0, 0, 0, 500, 500, 500]);
    expect(stage.pool.taken).toBe(0);
  });

  test("one that closes after it was called passes the buffer on", async () => {
    const stage = new Stage({ buffers: 1 });
    const holder = new Speaker(stage, { length: 500, room: 100, again: false });
    holder.outbox.wake();
    await turn();
    const first = new Speaker(stage, { length: 500 });
    const second = new Speaker(stage, { length: 500 });
    first.outbox.wake();
    second.outbox.wake();
    await turn();
    holder.outbox.close();
    first.outbox.close();
    await turns(2);
    expect([first.line.taken.length, second.line.taken.length]).toEqual([0, 500]);
  });

  test("one that waits tries again when it is told to: others may have fallen silent", async () => {
    const stage = new Stage({ buffers: 1 });
    const holder = new Speaker(stage, { length: 500, room: 100, again: false });
    holder.outbox.wake();
    await turn();
    const waiting = new Speaker(stage, { length: 500 });
    waiting.outbox.wake();
    await turn();
    waiting.outbox.wake();
    await turn();
    expect(holder.saves).toBe(1);
    waiting.outbox.retry();
    await turn();
    expect(holder.saves).toBe(2);
  });

  test("a peer that has been silent for long is cut off, if its bytes can't be made again", async () => {
    const stage = new Stage({ buffers: 3 });
    const silent = Array.from(
      { length: 3 },
      (_, i) => new Speaker(stage, { length: 500, room: 100, again: i === 1, number: i }),
    );
    for (const speaker of silent) speaker.outbox.wake();
    await turn();
    const first = new Speaker(stage, { length: 500, room: 100, again: false });
    first.outbox.wake();
    await turn();
    expect(silent.map((speaker) => speaker.cuts)).toEqual([0, 0, 0]);
    stage.now += SILENCE - 1;
    const second = new Speaker(stage, { length: 500 });
    second.outbox.wake();
    await turns(2);
    expect(second.fills).toBe(0);
    stage.now += 1;
    second.outbox.retry();
    await turns(2);
    // One is enough.
    expect(silent.map((speaker) => speaker.cuts)).toEqual([1, 0, 0]);
    expect(second.line.taken).toHaveLength(500);
    expect(silent[1]!.outbox.idle).toBe(false);
  });

  test("everybody's bytes are right, whatever is taken away from whom", async () => {
    const random = seededRandom(201);
    for (let round = 0; round < 15; round++) {
      const stage = new Stage({ buffers: 1 + random.below(4), size: 300 + random.below(1000) });
      const speakers = Array.from(
        { length: 2 + random.below(12) },
        (_, number) =>
          new Speaker(stage, {
            length: random.below(8000),
            room: random.below(500),
            again: random.below(4) > 0,
            number,
          }),
      );
      for (const speaker of speakers) speaker.outbox.wake();
      const finished = (): boolean => speakers.every((speaker) => speaker.outbox.idle);
      for (let step = 0; !finished(); step++) {
        if (step > 20_000) throw new Error("it stalls");
        const speaker = random.pick(speakers);
        if (speaker.outbox.blockedSince !== undefined) speaker.drain(1 + random.below(700));
        else if (random.below(4) === 0) speaker.outbox.drained();
        if (random.below(3) === 0) await turn();
        expect(stage.pool.taken).toBeLessThanOrEqual(4);
      }
      for (const speaker of speakers) expect(speaker.line.taken).toEqual(speaker.expected);
      expect(stage.pool.taken).toBe(0);
    }
  });
});

test("a region that throws ends its connection, and holds up no other", async () => {
  const stage = new Stage();
  const piece = new Piece(10);
  const defect = new Error("a defect");
  piece.send = () => {
    throw defect;
  };
  const bad = withRegion(stage, piece);
  const good = new Speaker(stage, { length: 100 });
  bad.outbox.wake();
  good.outbox.wake();
  await turns(3);
  expect([bad.failures, piece.disposals, bad.outbox.runnable]).toEqual([[defect], 1, false]);
  expect([good.said, good.failures]).toEqual([100, []]);
  expect(stage.pool.taken).toBe(0);
});
