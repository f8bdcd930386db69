/** TLS over bad lines, and with peers that do not want it to work. */
import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type ClientTls, LeatError, openDiskStore, type Server } from "../../src/index.ts";
import { HELLO_DEADLINE, MiB } from "../../src/limits.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { TestRuntime } from "../connection/support.ts";
import { Authority } from "../support/certificates.ts";
import { contents } from "../support/contents.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { until } from "../support/until.ts";

const authority = new Authority();
const tls = authority.issue({ name: "server", alternatives: "DNS:localhost,IP:127.0.0.1" });
const TRUST: ClientTls = { ca: authority.cert };
const BYTES = contents(6 * MiB + 4321, 7);

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  library.file("f", BYTES);
  server = await startServer({
    library: library.path,
    tls,
    durability: "none",
    kernelCopy: "on",
  });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

const clientOf = (proxy: FaultProxy, retry: number) =>
  connect(proxy.address, { tls: TRUST, retry });

/** The first connection has the fault, those behind it have none. */
const behind = (fault: Fault): FaultProxy =>
  new FaultProxy(server.port, (connection) => (connection === 0 ? fault : {}));

describe("a line that ends without close_notify", () => {
  test("in the middle of a download is a lost connection", async () => {
    using proxy = behind({ cutDown: 2 * MiB });
    await using client = await clientOf(proxy, 0);
    const error = await (await client.get("f")).bytes().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeatError);
    expect((error as LeatError).code).toBe("CONNECTION_LOST");
  });

  test.each([{ cutDown: 2 * MiB }, { cutDown: 2 * MiB, reset: true }])(
    "in a download: it goes on over another connection (%j)",
    async (fault) => {
      using proxy = behind(fault);
      await using client = await clientOf(proxy, 20_000);
      using local = new TemporaryFolder();
      await client.download("f", local.at("f"), { durability: "none" });
      expect(readFileSync(local.at("f")).equals(BYTES)).toBe(true);
      expect([proxy.connections, proxy.down < BYTES.length + 3 * MiB]).toEqual([2, true]);
    },
  );

  test.each([{ cutUp: 3 * MiB }, { cutUp: 3 * MiB, reset: true }])(
    "in an upload: it goes on over another connection (%j)",
    async (fault) => {
      using proxy = behind(fault);
      await using client = await clientOf(proxy, 20_000);
      using local = new TemporaryFolder();
      const name = `sent-${JSON.stringify(fault).length}`;
      await client.put(name, Bun.file(local.file("f", BYTES)));
      expect(readFileSync(library.at(name)).equals(BYTES)).toBe(true);
      expect(proxy.connections).toBe(2);
    },
  );
});

test("a flipped bit ends the connection: nothing damaged is taken, and the transfer goes on", async () => {
  using printed = spyOn(console, "error");
  using proxy = behind({ flipDown: [8 * 2 * MiB] });
  await using client = await clientOf(proxy, 20_000);
  expect(Buffer.compare(await (await client.get("f")).bytes(), BYTES)).toBe(0);
  expect([proxy.connections, printed.mock.calls]).toEqual([2, []]);
});

test("handshake and first frames may come byte by byte", async () => {
  using proxy = new FaultProxy(server.port, () => ({ oneByOne: 4000 }));
  await using client = await clientOf(proxy, 0);
  expect((await client.stat("f")).size).toBe(BYTES.length);
});

test("a client beyond those that the server has room for is told so", async () => {
  await using small = await startServer({
    library: library.path,
    tls,
    maxConnections: 1,
    workers: 1,
  });
  await using _first = await connect(small.address, { tls: TRUST });
  const error = await connect(small.address, { tls: TRUST }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
});

describe("a handshake that is not ended", () => {
  /** Begins TLS with so many bytes of a ClientHello. */
  async function begin(port: number, bytes: number): Promise<Socket> {
    const socket = connectTcp(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    await new Promise((resolve) => socket.once("connect", resolve));
    if (bytes > 0) socket.write(HELLO.subarray(0, bytes));
    return socket;
  }

  /** The head of a record with a ClientHello of 500 bytes, of which the end never comes. */
  const HELLO = Buffer.concat([Buffer.from("16030101f4010001f00303", "hex"), Buffer.alloc(400)]);

  test("ends with the deadline of Hello, which it shares with that", async () => {
    const runtime = new TestRuntime();
    const options = { library: library.path, durability: "none", tls } as const;
    const loop = new LeatServer(new Host(openDiskStore(library.path), options, runtime));
    loop.listen({ hostname: "127.0.0.1", port: 0 });
    const open = await Promise.all([0, 3, 5, 200].map((bytes) => begin(loop.port, bytes)));
    const closed = open.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    await until(() => loop.connections === open.length);
    runtime.pass(HELLO_DEADLINE);
    expect(loop.connections).toBe(open.length);
    runtime.pass(1);
    await Promise.all(closed);
    await until(() => loop.connections === 0);
    await loop.stop({ drain: 0 });
  });

  test("does not keep a server from stopping, nor one that is slow from its end", async () => {
    const own = await startServer({ library: library.path, tls });
    const open = await Promise.all([0, 200].map((bytes) => begin(own.port, bytes)));
    const closed = open.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    await until(() => own.connections > 0);
    await own.stop({ drain: 0 });
    await Promise.all(closed);
  });
});
