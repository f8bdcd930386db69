/** Transports over descriptors: pipes, pairs of sockets, and one socket of a pair. */
import { dlopen, ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { STDIO_PIPE } from "../../src/limits.ts";
import { LIBC_NAMES } from "../../src/libc.ts";
import { adopt } from "../../src/net/handover.ts";
import { Program } from "../../src/net/program.ts";
import { socketPair } from "../../src/net/socket-pair.ts";
import { joinDescriptors } from "../../src/net/stdio.ts";
import type { Accept } from "../../src/net/transport.ts";
import { until } from "../support/until.ts";
import { type Line, Peer, peerTo, transportContract } from "./contract.ts";

const libc = dlopen(LIBC_NAMES[0]!, { pipe: { args: ["ptr"], returns: "i32" } }).symbols;

/** @returns the end to read, and the one to write */
function pipe(): readonly [number, number] {
  const ends = new Int32Array(2);
  expect(libc.pipe(ptr(ends))).toBe(0);
  return [ends[0]!, ends[1]!];
}

function lineOf(a: Peer, b: Peer): Line {
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const { transport, diary } of [a, b]) if (!diary.includes("close")) transport.close();
    },
  };
}

/** @param make makes a way from one end to the other */
function line(make: () => readonly [number, number]): Line {
  const [there, back] = [make(), make()];
  const peers: Peer[] = [];
  const accept: Accept = (transport) => {
    const peer = new Peer(transport);
    peers.push(peer);
    return peer;
  };
  joinDescriptors(back[0], there[1], "a", accept);
  joinDescriptors(there[0], back[1], "b", accept);
  return lineOf(peers[0]!, peers[1]!);
}

async function socketLine(): Promise<Line> {
  const [one, other] = socketPair();
  const ends = [peerTo(), peerTo()];
  await adopt(one, "pair", ends[0]!.accept);
  await adopt(other, "pair", ends[1]!.accept);
  return lineOf(await ends[0]!.peer, await ends[1]!.peer);
}

transportContract("two pipes", async () => line(pipe));
transportContract("two sockets, one for each way", async () => line(socketPair));
transportContract("a pair of sockets", socketLine);

test("bytes are the caller's again when write returns", async () => {
  await using made = line(pipe);
  const { a, b } = made;
  b.transport.pause();
  const bytes = new Uint8Array(1 << 20).fill(1);
  const taken = a.transport.write(bytes, 0, bytes.length);
  expect(a.transport.write(bytes, taken, bytes.length - taken)).toBe(0);
  bytes.fill(2);
  b.transport.resume();
  await b.until(() => b.received === taken);
  expect(b.bytes.every((byte) => byte === 1)).toBe(true);
});

test.if(process.platform === "linux")("a pipe takes a MiB that nobody reads yet", async () => {
  await using made = line(pipe);
  const { a, b } = made;
  b.transport.pause();
  const bytes = new Uint8Array(STDIO_PIPE);
  let taken = 0;
  const write = (): void => {
    taken += a.transport.write(bytes, 0, bytes.length - (taken % bytes.length));
  };
  write();
  await until(() => {
    write();
    return taken > STDIO_PIPE;
  });
  b.transport.resume();
  await b.until(() => b.received >= STDIO_PIPE);
});

test.if(process.platform === "linux")("a program writes what nobody reads yet", async () => {
  const lines: string[] = [];
  const end = peerTo();
  // Ten writes as ssh makes them: by default Linux takes six.
  const script = "dd if=/dev/zero bs=32k count=10 2> /dev/null; echo written >&2; cat > /dev/null";
  using program = await Program.start(["sh", "-c", script], {
    peer: "program",
    accept(transport) {
      const handler = end.accept(transport);
      transport.pause();
      return handler;
    },
    onLine: (line) => void lines.push(line),
  });
  const peer = await end.peer;
  await until(() => lines.includes("written"));
  peer.transport.resume();
  await peer.until(() => peer.received === 10 * 32 * 1024);
  peer.transport.shutdown();
  expect(await program.ended).toEqual({ code: 0 });
});
