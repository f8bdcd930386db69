import { expect, spyOn, test } from "bun:test";
import { connectBun, listenBun } from "../../src/net/bun.ts";
import { adopt } from "../../src/net/handover.ts";
import { duplicate } from "../../src/net/duplicate.ts";
import type { ListenOptions } from "../../src/net/bun.ts";
import type { LeatError } from "../../src/errors.ts";
import type { Accept, Address } from "../../src/net/transport.ts";
import { Authority } from "../support/certificates.ts";
import { type Line, peerTo, transportContract } from "./contract.ts";

const authority = new Authority();
const LOCAL = { name: "server", alternatives: "DNS:localhost,IP:127.0.0.1,IP:::1" };
const { cert, key } = authority.issue(LOCAL);
const TLS = { cert, key };
const LOOPBACK: Address = { hostname: "127.0.0.1", port: 0 };

async function line(options: ListenOptions, ca = authority.cert): Promise<Line> {
  const server = peerTo();
  const client = peerTo();
  const listener = listenBun(LOOPBACK, server.accept, options);
  const where = { ...LOOPBACK, port: listener.port };
  await connectBun(where, client.accept, { tls: { ca }, reads: "on" });
  return joined(client, server, () => listener.stop());
}

type End = ReturnType<typeof peerTo>;

async function joined(client: End, server: End, stop: () => void): Promise<Line> {
  const [a, b] = [await client.peer, await server.peer];
  await a.until(() => !a.transport.isHandshaking || a.diary.includes("close"));
  await b.until(() => !b.transport.isHandshaking || b.diary.includes("close"));
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const { transport, diary } of [a, b]) if (!diary.includes("close")) transport.close();
      stop();
    },
  };
}

/** As the models do it whose clients have a process or thread of their own. */
async function adoptedLine(): Promise<Line> {
  const server = peerTo();
  const client = peerTo();
  const divert = (fd: number, peer: string): boolean => {
    void adopt(duplicate(fd), peer, server.accept, TLS);
    return true;
  };
  const listener = listenBun(
    LOOPBACK,
    () => ({ onData() {}, onDrain() {}, onEnd() {}, onClose() {} }),
    { tls: TLS, divert },
  );
  const where = { ...LOOPBACK, port: listener.port };
  await connectBun(where, client.accept, { tls: { ca: authority.cert } });
  return joined(client, server, () => listener.stop());
}

transportContract("TLS", () => line({ tls: TLS, reads: "on" }));
transportContract("TLS on a socket that was accepted as a plain one", () =>
  line({ tls: TLS, divert: () => false }),
);
transportContract("TLS on a socket that was accepted elsewhere", adoptedLine);

test("a socket with TLS has no descriptor: nothing may write to it, or read it, past the runtime", async () => {
  await using made = await line({ tls: TLS, reads: "on" });
  const { a, b } = made;
  expect([a.transport.fd, b.transport.fd]).toEqual([undefined, undefined]);
  a.send(new Uint8Array(3 << 20).fill(7));
  a.finish();
  await b.ended();
  expect([b.received, b.bytes.every((byte) => byte === 7)]).toEqual([3 << 20, true]);
});

test("what a handler throws ends the connection, and the process stays", async () => {
  using printed = spyOn(console, "error").mockImplementation(() => {});
  await using made = await line({ tls: TLS });
  const { a, b } = made;
  b.onData = () => {
    throw new Error("a defect of a test");
  };
  a.send(Uint8Array.of(1));
  await b.closed();
  expect([b.error?.message, printed.mock.calls.length]).toEqual(["a defect of a test", 1]);
  await a.until(() => a.diary.length > 0);
});

test("nothing comes of a peer without a certificate that is valid; it may be told why", async () => {
  const server = peerTo();
  const client = peerTo();
  const reasons: string[] = [];
  const accept: Accept = (transport) => {
    const handler = server.accept(transport);
    return Object.assign(handler, {
      onUnauthenticated: ({ code }: LeatError) => void reasons.push(code),
    });
  };
  const tls = { ...TLS, clientCa: authority.cert };
  const listener = listenBun(LOOPBACK, accept, { tls });
  const where = { ...LOOPBACK, port: listener.port };
  await connectBun(where, client.accept, { tls: { ca: authority.cert } });
  await using made = await joined(client, server, () => listener.stop());
  const { a, b } = made;
  a.send(new Uint8Array(1 << 20));
  a.finish();
  await b.ended();
  expect([b.received, b.transport.identity, reasons]).toEqual([0, undefined, ["UNAUTHENTICATED"]]);
  b.send(Uint8Array.of(1, 2, 3));
  b.finish();
  await a.until(() => a.received === 3);
});
