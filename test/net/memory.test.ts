import { describe, expect, test } from "bun:test";
import { type PipeOptions, memoryPair } from "../../src/net/memory.ts";
import { seededRandom } from "../support/chop.ts";
import { Peer, transportContract } from "./contract.ts";

async function line(options: PipeOptions = {}) {
  const peers: Peer[] = [];
  const accept = (transport: Peer["transport"]): Peer => {
    const peer = new Peer(transport);
    peers.push(peer);
    return peer;
  };
  const [first] = memoryPair(accept, accept, options);
  const [a, b] = peers as [Peer, Peer];
  return { a, b, cut: () => first.cut(), async [Symbol.asyncDispose]() {} };
}

transportContract("the pair in memory", () => line());

const random = seededRandom(502);
transportContract("the pair in memory, with random pieces", () =>
  line({ capacity: 200_000, chunk: () => 1 + random.below(60_000) }),
);

/** A line whose steps are run by hand. */
async function stepped(options: PipeOptions = {}) {
  const steps: (() => void)[] = [];
  const made = await line({ ...options, later: (step) => void steps.push(step) });
  const run = (most = Number.POSITIVE_INFINITY): number => {
    let done = 0;
    for (; done < most && steps.length > 0; done++) steps.shift()!();
    return done;
  };
  return { ...made, run, steps };
}

const BYTES = random.bytes(100);

describe("the knobs of the pair", () => {
  test("capacity: no more is on its way than that, and drain says when there is room", async () => {
    const { a, b, run } = await stepped({ capacity: 7 });
    expect(a.transport.write(BYTES, 0, 100)).toBe(7);
    expect(a.transport.write(BYTES, 7, 93)).toBe(0);
    let drains = 0;
    a.onDrain = () => void drains++;
    run();
    expect([b.received, drains]).toEqual([7, 1]);
    expect(a.transport.write(BYTES, 7, 5)).toBe(5);
    run();
    expect([b.received, drains]).toEqual([12, 1]);
    expect(b.bytes).toEqual(BYTES.slice(0, 12));
  });

  test("capacity 1 and chunk 1 still carry everything", async () => {
    const { a, b, run } = await stepped({ capacity: 1, chunk: () => 1 });
    a.send(BYTES);
    a.finish();
    run();
    expect([b.bytes, b.chunks.length, b.diary]).toEqual([BYTES, 100, ["end"]]);
  });

  test("chunk: writes are cut where it says", async () => {
    const sizes = [3, 10, 1];
    const { a, b, run } = await stepped({ chunk: () => sizes.shift() ?? 1000 });
    a.send(BYTES);
    run();
    expect(b.chunks.map((chunk) => chunk.length)).toEqual([3, 10, 1, 86]);
    expect(b.bytes).toEqual(BYTES);
  });

  test("later: nothing comes before its step", async () => {
    const { a, b, run } = await stepped();
    a.send(BYTES);
    expect(b.received).toBe(0);
    run(1);
    expect(b.received).toBe(100);
  });

  test("later: a pause before the step keeps the bytes back", async () => {
    const { a, b, run } = await stepped();
    a.send(BYTES);
    b.transport.pause();
    run();
    expect(b.received).toBe(0);
    b.transport.resume();
    run();
    expect(b.received).toBe(100);
  });

  test("a freed chunk holds nonsense: who still looks at it is found out", async () => {
    const { a, b, run } = await stepped();
    a.send(BYTES);
    run();
    b.transport.free(b.chunks[0]!);
    expect(new Set(b.bytes)).toEqual(new Set([0xdd]));
  });
});

describe("the pair in memory ends", () => {
  test("with a reset for the other where nothing was shut down, and what was on its way is lost", async () => {
    const { a, b, run } = await stepped();
    a.send(BYTES);
    a.transport.close();
    run();
    expect([b.diary, b.error?.message]).toEqual([["close"], "read ECONNRESET"]);
  });

  test("with a reset where input was unread, as TCP does", async () => {
    const { a, b, run } = await stepped();
    b.send(BYTES);
    a.finish();
    a.transport.close();
    run();
    expect(b.diary).toContain("close");
    expect(b.error).toBeDefined();
  });

  test("in any order of its steps: what was sent before FIN arrives before the other is told", async () => {
    for (let round = 0; round < 50; round++) {
      const { a, b, steps } = await stepped({ capacity: 50, chunk: () => 1 + random.below(9) });
      b.finish();
      while (steps.length > 0) steps.shift()!();
      a.send(BYTES.subarray(0, 50));
      a.transport.shutdown();
      a.transport.close();
      while (steps.length > 0) steps.splice(random.below(steps.length), 1)[0]!();
      expect([b.received, b.diary]).toEqual([50, ["end"]]);
    }
  });

  test("with a reset for both when it is cut", async () => {
    const { a, b, cut } = await stepped();
    cut();
    expect([a.diary, b.diary]).toEqual([["close"], ["close"]]);
    expect([a.error, b.error].every((error) => error?.message === "read ECONNRESET")).toBe(true);
  });

  test("although it was closed while it was accepted", () => {
    const accept = (transport: Peer["transport"]): Peer => {
      transport.close();
      return new Peer(transport);
    };
    expect(() => memoryPair(accept, accept)).not.toThrow();
  });
});
