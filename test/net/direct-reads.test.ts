/** Sockets that are read by recv(2), compared with a socket of node:net, which the runtime reads. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { CODES } from "../../src/errors.ts";
import { connectBun, listenBun } from "../../src/net/bun.ts";
import type { DirectReads } from "../../src/net/direct-reads.ts";
import { eventLoopDescriptor } from "../../src/net/event-loop.ts";
import { EAGAIN, PollSet, ReceiveBuffer, hasSocketCalls } from "../../src/net/socket-calls.ts";
import type { Address } from "../../src/net/transport.ts";
import { client } from "../cli/support.ts";
import { join, seededRandom } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Line, Peer, peerTo } from "./contract.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let sockets = 0;

const tcp = (): Address => ({ hostname: "127.0.0.1", port: 0 });
const unix = (): Address => ({ unix: folder.at(`s${sockets++}`) });

const MiB = 1 << 20;
const CONTENTS = seededRandom(1701).bytes(MiB);
const many = (count: number): Uint8Array => join(Array<Uint8Array>(count).fill(CONTENTS));

/** Peer `b` connects to `a`. */
async function line(address = tcp(), reads: DirectReads = "auto"): Promise<Line> {
  const [client, server] = [peerTo(), peerTo()];
  const listener = listenBun(address, server.accept, { reads });
  const where = "unix" in address ? address : { ...address, port: listener.port };
  await connectBun(where, client.accept, { reads });
  const [a, b] = [await server.peer, await client.peer];
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const { transport, diary } of [a, b]) if (!diary.includes("close")) transport.close();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** Sends pieces of random lengths, sometimes waiting until one has left. */
async function sendRandom(from: Peer, seed: number): Promise<void> {
  const chance = seededRandom(seed);
  for (let i = 0; i < 60; i++) {
    from.send(CONTENTS.subarray(0, chance.pick([1, 100, 20_000, 70_000, 700_000, MiB])));
    if (chance.below(4) === 0) await from.until(() => from.sent);
  }
  from.finish();
}

/** What a socket of node:net gets of it. */
async function expected(seed: number): Promise<string> {
  const server = peerTo();
  await using listener = listenBun({ hostname: "127.0.0.1", port: 0 }, server.accept);
  const hash = new Bun.CryptoHasher("sha256");
  const socket = connect(listener.port, "127.0.0.1");
  socket.on("data", (chunk) => hash.update(chunk));
  const ended = new Promise((resolve) => void socket.on("end", resolve));
  await sendRandom(await server.peer, seed);
  await ended;
  socket.destroy();
  return hash.digest("hex");
}

describe.if(hasSocketCalls())("direct reads", () => {
  test.each([1, 2, 3, 4, 5, 6])("get what other sockets get (%p)", async (seed) => {
    await using made = await line(seed % 2 === 0 ? unix() : tcp());
    const { a, b } = made;
    const chance = seededRandom(-seed);
    const hash = new Bun.CryptoHasher("sha256");
    const kept: Uint8Array[] = [];
    const take = (): void => {
      for (const chunk of kept.splice(0)) {
        hash.update(chunk);
        b.transport.free(chunk);
      }
    };
    b.onData = (chunk) => {
      kept.push(chunk);
      if (chance.below(10) > 0) take();
      if (chance.below(10) > 0) return;
      b.transport.pause();
      setImmediate(() => b.transport.resume());
    };
    await sendRandom(a, seed);
    await b.ended();
    take();
    expect(hash.digest("hex")).toBe(await expected(seed));
  });

  test("go both ways at once, between many", async () => {
    const lines = await Promise.all(Array.from({ length: 8 }, () => line()));
    const received = new Map<Peer, InstanceType<typeof Bun.CryptoHasher>>();
    for (const peer of lines.flatMap(({ a, b }) => [a, b])) {
      const hash = new Bun.CryptoHasher("sha256");
      received.set(peer, hash);
      peer.onData = (chunk) => {
        hash.update(chunk);
        peer.transport.free(chunk);
      };
    }
    const all = many(8);
    for (const peer of received.keys()) {
      peer.send(all);
      peer.finish();
    }
    // Where both have sent FIN the runtime may close a socket at once.
    await Promise.all([...received.keys()].map((peer) => peer.until(() => peer.diary.length > 0)));
    const digests = new Set([...received.values()].map((hash) => hash.digest("hex")));
    expect([...digests]).toEqual([Bun.SHA256.hash(all, "hex")]);
    await Promise.all(lines.map((made) => made[Symbol.asyncDispose]()));
  });

  test("use memory again once it is freed, and never before", async () => {
    await using made = await line();
    const { a, b } = made;
    const memory = new Set<ArrayBufferLike>();
    let kept: Uint8Array | undefined;
    let copy: Uint8Array | undefined;
    let [received, chunks] = [0, 0];
    b.onData = (chunk) => {
      received += chunk.length;
      chunks += 1;
      memory.add(chunk.buffer);
      if (kept === undefined && chunks > 10) {
        kept = chunk;
        copy = chunk.slice();
      } else {
        b.transport.free(chunk);
      }
    };
    a.send(many(100));
    a.finish();
    await b.ended();
    expect(received).toBe(100 * MiB);
    expect(Buffer.compare(kept!, copy!)).toBe(0);
    // The runtime reads at the beginning, after a silence, and after a chunk that was kept.
    expect(memory.size).toBeLessThan(chunks / 2);
  });

  test("read as much at a time as is wanted", async () => {
    await using made = await line(tcp(), "on");
    const { a, b } = made;
    const wanted = 300_000;
    Object.assign(b, { wanted });
    let [received, longest, whole] = [0, 0, 0];
    b.onData = (chunk) => {
      received += chunk.length;
      longest = Math.max(longest, chunk.length);
      if (chunk.length === wanted) whole += 1;
      b.transport.free(chunk);
    };
    a.send(many(20));
    a.finish();
    await b.ended();
    expect([received, longest, whole > 0]).toEqual([20 * MiB, wanted, true]);
  });

  test("let timers, and other sockets, go on", async () => {
    await using made = await line();
    await using other = await line();
    const { a, b } = made;
    b.onData = (chunk) => b.transport.free(chunk);
    const ticks: number[] = [];
    const timer = setInterval(() => ticks.push(performance.now()), 1);
    other.a.onData = (chunk) => other.a.send(chunk);
    const flood = (): void => a.send(CONTENTS);
    a.onDrain = flood;
    for (let i = 0; i < 32; i++) flood();
    while (ticks.length < 50 || other.b.received < 50) {
      const { received } = other.b;
      other.b.send(Uint8Array.of(1));
      await other.b.until(() => other.b.received > received);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    clearInterval(timer);
    expect(other.b.received).toBeGreaterThanOrEqual(50);
  });

  test("end with the error of a peer that breaks off, once", async () => {
    await using made = await line();
    const { a, b } = made;
    let received = 0;
    b.onData = (chunk) => {
      received += chunk.length;
      b.transport.free(chunk);
      // Bytes that it has not read turn its close into a reset.
      if (received > 2 * MiB) a.transport.close();
      else b.send(CONTENTS.subarray(0, 10));
    };
    a.transport.pause();
    a.send(many(16));
    await b.closed();
    expect(b.diary).toEqual(["close"]);
    expect(b.transport.write(CONTENTS, 0, 1)).toBe(-1);
  });

  test("end when what takes the bytes throws: the connection goes, the process stays", async () => {
    await using made = await line();
    const { a, b } = made;
    let chunks = 0;
    b.onData = (chunk) => {
      b.transport.free(chunk);
      if (++chunks > 20) throw new Error("a defect of a test");
    };
    a.send(many(64));
    await b.closed();
    expect(b.error?.message).toBe("a defect of a test");
    await a.closed();
  });

  test("may be ended from inside what takes the bytes", async () => {
    await using made = await line();
    const { a, b } = made;
    let chunks = 0;
    b.onData = (chunk) => {
      b.transport.free(chunk);
      if (++chunks === 20) b.transport.close();
    };
    a.send(many(64));
    await b.closed();
    expect(chunks).toBe(20);
    await a.closed();
  });

  test("find the descriptor of the event loop, and nothing for a socket that it does not read", async () => {
    await using made = await line();
    const { fd } = made.b.transport;
    expect(eventLoopDescriptor(fd!)).toBeGreaterThan(2);
    expect(eventLoopDescriptor(-1)).toBeUndefined();
  });

  test("say what the system says of a descriptor that is none", () => {
    const EBADF = 9;
    expect(new ReceiveBuffer(10).receive(-1, 10)).toBe(-EBADF);
  });

  test("wait for any of several sockets, and no longer than they may", async () => {
    await using made = await line();
    const fds = [made.a.transport.fd!, made.b.transport.fd!];
    const [set, buffer] = [new PollSet(fds), new ReceiveBuffer(10)];
    set.wait(1);
    expect([set.isReady(0), set.isReady(1), buffer.receive(fds[1]!, 10)]).toEqual([
      false,
      false,
      -EAGAIN,
    ]);
    made.a.send(Uint8Array.of(7));
    set.wait(60_000);
    expect([set.isReady(0), set.isReady(1)]).toEqual([false, true]);
    expect([buffer.receive(fds[1]!, 10), buffer.bytes[0]]).toEqual([1, 7]);
  });

  test.each(["on", "off"] as const)("are for every read when they are %s", async (reads) => {
    await using made = await line(tcp(), reads);
    const { a, b } = made;
    const { fd } = b.transport;
    const seen = new Set([runtimeReads(fd!)]);
    let received = 0;
    b.onData = (chunk) => {
      received += chunk.length;
      seen.add(runtimeReads(fd!));
      // Kept chunks, too, and a pause leave it as it is.
      if (received % 2 === 0) b.transport.free(chunk);
      b.transport.pause();
      setImmediate(() => b.transport.resume());
    };
    a.send(Uint8Array.of(1));
    a.send(many(16));
    a.finish();
    await b.ended();
    expect(received).toBe(16 * MiB + 1);
    expect([...seen]).toEqual([reads === "off"]);
  });
});

/** Whether the event loop waits for bytes of a socket: EPOLLIN is 1. */
function runtimeReads(socket: number): boolean {
  const loop = readFileSync(`/proc/self/fdinfo/${eventLoopDescriptor(socket)}`, "utf8");
  const [, events] = new RegExp(`^tfd:\\s+${socket} events:\\s+(\\w+)`, "m").exec(loop)!;
  return (Number.parseInt(events!, 16) & 1) === 1;
}

test("LEAT_DIRECT_READS is refused when it says something else", async () => {
  const { code, stderr } = await client("127.0.0.1:1", ["list"], {
    env: { LEAT_DIRECT_READS: "maybe" },
  });
  expect(stderr).toContain("LEAT_DIRECT_READS=maybe in the environment is invalid");
  expect([code, stderr.trim().split("\n").length]).toEqual([CODES.INVALID_ARGUMENT.exit, 1]);
});
