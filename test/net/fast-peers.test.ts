/** How much the kernel may hold unsent for a peer: seen where it is set, and in what a write takes. */
import { dlopen, ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { FAST_LOW_WATER, FAST_PEERS, NOT_SENT_LOW_WATER } from "../../src/limits.ts";
import { connectBun, listenBun } from "../../src/net/bun.ts";
import type { Transport } from "../../src/net/transport.ts";
import { type Peer, peerTo } from "./contract.ts";

/** More than the kernel holds for a peer that reads nothing. */
const MUCH = new Uint8Array(16 << 20);

function lowWater({ transport }: Peer): number {
  const { symbols } = dlopen("libc.so.6", {
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  });
  const value = new Int32Array(new ArrayBuffer(4));
  const length = new Uint32Array(new ArrayBuffer(4)).fill(4);
  expect(symbols.getsockopt(transport.fd!, 6, 25, ptr(value), ptr(length))).toBe(0);
  return value[0]!;
}

const fast = ({ transport }: Peer, isFast = true): void => transport.takesFast!(isFast);

class Lines implements AsyncDisposable {
  readonly #closed: (() => unknown)[] = [];

  /** @returns our end, and that of the peer, which reads nothing */
  async open(): Promise<[Peer, Peer]> {
    const [ours, theirs] = [peerTo(), peerTo()];
    const listener = listenBun({ hostname: "127.0.0.1", port: 0 }, theirs.accept);
    await connectBun({ hostname: "127.0.0.1", port: listener.port }, ours.accept);
    const [a, b] = [await ours.peer, await theirs.peer];
    b.transport.pause();
    const close = ({ diary, transport }: { diary: string[]; transport: Transport }): void => {
      if (!diary.includes("close")) transport.close();
    };
    this.#closed.push(
      () => close(a),
      () => close(b),
      () => listener[Symbol.asyncDispose](),
    );
    return [a, b];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closed) await close();
  }
}

const onLinux = test.if(process.platform === "linux");

onLinux("a fast peer may have a block unsent, and a slow one no more", async () => {
  await using lines = new Lines();
  const [a] = await lines.open();
  fast(a, false);
  expect(lowWater(a)).toBe(NOT_SENT_LOW_WATER);
  fast(a);
  fast(a);
  expect(lowWater(a)).toBe(FAST_LOW_WATER);
  fast(a, false);
  expect(lowWater(a)).toBe(NOT_SENT_LOW_WATER);
  fast(a);
  expect(lowWater(a)).toBe(FAST_LOW_WATER);
});

onLinux("all have it in turn, as long as they take what is sent", async () => {
  await using lines = new Lines();
  for (let i = 0; i < 2 * FAST_PEERS; i++) {
    const [a] = await lines.open();
    fast(a);
    expect(lowWater(a)).toBe(FAST_LOW_WATER);
  }
});

onLinux("those that read nothing keep their places, also when they count as slow", async () => {
  await using lines = new Lines();
  const stuck: [Peer, Peer][] = [];
  for (let i = 0; i < FAST_PEERS; i++) {
    const [a, b] = await lines.open();
    fast(a);
    a.send(MUCH);
    expect(a.sent).toBe(false);
    if (i % 2 === 0) fast(a, false);
    stuck.push([a, b]);
  }
  const [next] = await lines.open();
  fast(next);
  expect(lowWater(next)).toBe(NOT_SENT_LOW_WATER);
  // One has taken everything.
  const [a, b] = stuck[3]!;
  b.transport.resume();
  await b.until(() => b.received === MUCH.length);
  fast(next);
  expect([lowWater(next), lowWater(a)]).toEqual([FAST_LOW_WATER, NOT_SENT_LOW_WATER]);
  next.send(MUCH);
  // One is gone.
  const [last] = await lines.open();
  fast(last);
  expect(lowWater(last)).toBe(NOT_SENT_LOW_WATER);
  stuck[0]![0].transport.close();
  fast(last);
  expect(lowWater(last)).toBe(FAST_LOW_WATER);
});
