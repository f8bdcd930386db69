import { dlopen, ptr } from "bun:ffi";
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { LeatError } from "../../src/errors.ts";
import { NOT_SENT_LOW_WATER } from "../../src/limits.ts";
import { addressText, connectBun, listenBun } from "../../src/net/bun.ts";
import type { DirectReads } from "../../src/net/direct-reads.ts";
import type { Accept, Address, Transport } from "../../src/net/transport.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Line, Peer, peerTo, transportContract } from "./contract.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let sockets = 0;

const LOOPBACK: Address = { hostname: "127.0.0.1", port: 0 };

async function line(address: Address, reads?: DirectReads): Promise<Line & { listening: string }> {
  const server = peerTo();
  const client = peerTo();
  const listener = listenBun(address, server.accept, { reads });
  const where = "unix" in address ? address : { ...address, port: listener.port };
  await connectBun(where, client.accept, { reads });
  const [a, b] = [await client.peer, await server.peer];
  return {
    a,
    b,
    listening: listener.address,
    async [Symbol.asyncDispose]() {
      for (const { transport, diary } of [a, b]) if (!diary.includes("close")) transport.close();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** In which sockets are read. */
const WAYS = ["auto", "on", "off"] as const;

for (const reads of WAYS) {
  const name = `direct reads ${reads}`;
  transportContract(`TCP, ${name}`, () => line(LOOPBACK, reads));
  transportContract(`a Unix socket, ${name}`, () =>
    line({ unix: folder.at(`s${sockets++}`) }, reads),
  );
}

/** What a promise is rejected with. */
async function refusedBy(promise: Promise<unknown>): Promise<LeatError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LeatError);
  return error as LeatError;
}

const nobody: Accept = (transport) => new Peer(transport);

describe("a listener", () => {
  test("picks a free port, and says where it listens", async () => {
    await using listener = listenBun(LOOPBACK, nobody);
    expect(listener.port).toBeGreaterThan(0);
    expect(listener.address).toBe(`127.0.0.1:${listener.port}`);
  });

  test("on IPv6 says so in brackets, and names its peers so", async () => {
    await using made = await line({ hostname: "::1", port: 0 });
    expect(made.listening).toMatch(/^\[::1\]:\d+$/);
    expect(made.b.transport.peer).toMatch(/^\[::1\]:\d+$/);
    expect(made.a.transport.peer).toBe(made.listening);
  });

  test("names the peers of a Unix socket by its path", async () => {
    const unix = folder.at("named");
    await using made = await line({ unix });
    expect([made.listening, made.a.transport.peer, made.b.transport.peer]).toEqual(
      Array(3).fill(`unix:${unix}`),
    );
  });

  test("on a port that is taken is refused", async () => {
    await using listener = listenBun(LOOPBACK, nobody);
    const { port } = listener;
    let error: unknown;
    try {
      listenBun({ hostname: "127.0.0.1", port }, nobody);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    expect((error as LeatError).message).toContain(`127.0.0.1:${port}`);
  });

  test.each<[string, Address, string]>([
    ["an address of another machine", { hostname: "203.0.113.7", port: 0 }, "INVALID_ARGUMENT"],
    ["a host that nobody knows", { hostname: "nobody.invalid", port: 0 }, "INVALID_ARGUMENT"],
    ["a Unix socket in a missing folder", { unix: "/nowhere/at/all" }, "NOT_FOUND"],
    ["a Unix socket with too long a path", { unix: `/tmp/${"x".repeat(200)}` }, "INVALID_ARGUMENT"],
  ])("on %s is refused by a type and a sentence", (_what, address, expected) => {
    let error: unknown;
    try {
      listenBun(address, nobody).stop();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(LeatError);
    const { code, message } = error as LeatError;
    expect<string>(code).toBe(expected);
    expect(message).toContain(addressText(address));
  });

  test("that is stopped takes nobody new; who is there stays", async () => {
    const server = peerTo();
    const listener = listenBun(LOOPBACK, server.accept);
    const client = peerTo();
    const address = { hostname: "127.0.0.1", port: listener.port };
    await connectBun(address, client.accept);
    const [a, b] = [await client.peer, await server.peer];
    listener.stop();
    listener.stop();
    expect((await refusedBy(connectBun(address, nobody))).code).toBe("UNAVAILABLE");
    a.send(Uint8Array.of(1, 2));
    await b.until(() => b.received === 2);
    a.transport.close();
    await b.until(() => b.diary.length > 0);
    b.transport.close();
  });

  test("gives its port back at once", async () => {
    const first = listenBun(LOOPBACK, nobody);
    const { port } = first;
    await first[Symbol.asyncDispose]();
    await using second = listenBun({ hostname: "127.0.0.1", port }, nobody);
    expect(second.port).toBe(port);
  });
});

describe("connecting", () => {
  test("where nobody listens is refused as UNAVAILABLE, worth another try", async () => {
    await using listener = listenBun(LOOPBACK, nobody);
    const { port } = listener;
    listener.stop();
    const error = await refusedBy(connectBun({ hostname: "127.0.0.1", port }, nobody));
    expect([error.code, error.retryable]).toEqual(["UNAVAILABLE", true]);
    expect(error.message).toContain(`127.0.0.1:${port}`);
  });

  test("to a host that nobody knows is UNAVAILABLE", async () => {
    const error = await refusedBy(connectBun({ hostname: "nobody.invalid", port: 1 }, nobody));
    expect([error.code, error.message.includes("nobody.invalid:1")]).toEqual(["UNAVAILABLE", true]);
  });

  test.each(["missing", "file"])("to a Unix socket that is %s is UNAVAILABLE", async (kind) => {
    const unix = kind === "file" ? folder.file("plain") : folder.at("missing");
    const error = await refusedBy(connectBun({ unix }, nobody));
    expect([error.code, error.message.includes(unix)]).toEqual(["UNAVAILABLE", true]);
  });

  test("calls nobody where it fails", async () => {
    let calls = 0;
    const accept: Accept = (transport) => {
      calls++;
      return new Peer(transport);
    };
    await refusedBy(connectBun({ unix: folder.at("gone") }, accept));
    expect(calls).toBe(0);
  });
});

describe("the other side is no leat", () => {
  test.each(WAYS)("and resets the connection: it is told once, with why (%s)", async (reads) => {
    const server = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const client = peerTo();
    await connectBun({ hostname: "127.0.0.1", port }, client.accept, { reads });
    const peer = await client.peer;
    await peer.closed();
    expect([peer.diary, LeatError.from(peer.error).code]).toEqual([["close"], "CONNECTION_LOST"]);
    server.close();
  });

  test("and resets it while it is paused: it is told all the same", async () => {
    const server = peerTo();
    await using listener = listenBun(LOOPBACK, server.accept);
    const socket = connect(listener.port, "127.0.0.1");
    const peer = await server.peer;
    peer.transport.pause();
    socket.resetAndDestroy();
    await peer.closed();
    expect(peer.diary).toEqual(["close"]);
  });

  test("and closes at once: that is an end", async () => {
    const server = peerTo();
    await using listener = listenBun(LOOPBACK, server.accept);
    const socket = connect({ port: listener.port, host: "127.0.0.1" });
    const peer = await server.peer;
    socket.end();
    await peer.ended();
    peer.transport.shutdown();
    peer.transport.close();
    expect([peer.diary, peer.error]).toEqual([["end", "close"], undefined]);
  });
});

test("a handler that throws ends its connection, once, and no other", async () => {
  const { error: logged } = console;
  const told: unknown[] = [];
  console.error = (thing: unknown): void => void told.push(thing);
  try {
    await using good = await line(LOOPBACK);
    await using bad = await line(LOOPBACK);
    const defect = new Error("a defect");
    bad.b.onData = () => {
      throw defect;
    };
    bad.a.send(Uint8Array.of(1));
    await bad.b.closed();
    expect([bad.b.diary, bad.b.error, told]).toEqual([["close"], defect, [defect]]);
    await bad.a.closed();
    good.a.send(Uint8Array.of(1, 2));
    await good.b.until(() => good.b.received === 2);
  } finally {
    console.error = logged;
  }
});

// As src/net/socket-options.ts has it: there the number is for Linux or macOS.
test.if(process.platform === "linux")(
  "the not-sent low-water mark is set on both sides",
  async () => {
    const { symbols } = dlopen("libc.so.6", {
      getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    });
    const mark = (fd: number): number => {
      const value = new Int32Array(1);
      const length = new Uint32Array([4]);
      expect(symbols.getsockopt(fd, 6, 25, ptr(value), ptr(length))).toBe(0);
      return value[0]!;
    };
    const fds: number[] = [];
    const { open } = withDescriptors(fds);
    await using made = await open();
    expect(fds.map(mark)).toEqual([NOT_SENT_LOW_WATER, NOT_SENT_LOW_WATER]);
    // What it is for: of a long write to one that reads nothing, little is taken.
    made.b.transport.pause();
    const taken = made.a.transport.write(new Uint8Array(8 << 20), 0, 8 << 20);
    expect(taken).toBeLessThan(3 << 20);
  },
);

/** Opens a line, and finds the descriptors of its sockets among the new ones of this process. */
function withDescriptors(fds: number[]): { open(): Promise<Line> } {
  const socketsOpen = (): Set<number> => {
    const found = new Set<number>();
    for (const { fd, target } of descriptors()) if (target.startsWith("socket:")) found.add(fd);
    return found;
  };
  return {
    async open() {
      const server = peerTo();
      const listener = listenBun(LOOPBACK, server.accept);
      const before = socketsOpen();
      const client = peerTo();
      await connectBun({ hostname: "127.0.0.1", port: listener.port }, client.accept);
      const [a, b] = [await client.peer, await server.peer];
      for (const fd of socketsOpen()) if (!before.has(fd)) fds.push(fd);
      return {
        a,
        b,
        async [Symbol.asyncDispose]() {
          for (const { transport } of [a, b]) (transport as Transport).close();
          await listener[Symbol.asyncDispose]();
        },
      };
    },
  };
}

function* descriptors(): Generator<{ fd: number; target: string }> {
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      yield { fd: Number(name), target: readlinkSync(`/proc/self/fd/${name}`) };
    } catch {
      // The one that listed the others.
    }
  }
}
