/** Which calls are tried again when the connection is lost, and which are not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { behindFaults } from "./support.ts";
import { refusal } from "../support/refusal.ts";
import { isSecured } from "../support/tls.ts";
import { until } from "../support/until.ts";
import { testExcept } from "../support/ways.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  for (const name of ["a", "b", "c"]) library.file(name, name);
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

/** The connection ends within the first request, so that it is never done. */
let before: Fault;
/** Nothing arrives behind Welcome: the request is done, and its answer is lost. */
let behindWelcome: Fault;

beforeAll(async () => {
  using proxy = new FaultProxy(server.port, () => ({}));
  await using _client = await connect(proxy.address);
  before = { cutUp: proxy.up + 2 };
  // The signature in a TLS handshake is some bytes longer or shorter each time; its next record is longer than that.
  const signature = isSecured(server.port) ? 8 : 0;
  behindWelcome = { stallDown: proxy.down + signature };
});

const behind = (
  faults: readonly Fault[],
  use: (client: Client, proxy: FaultProxy) => Promise<void>,
): Promise<void> => behindFaults(server.port, faults, use);

async function names(client: Client): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of client.list()) found.push(name);
  return found;
}

describe("over a connection that is lost", () => {
  const asks: Record<string, (client: Client) => Promise<unknown>> = {
    list: async (client) => expect(await names(client)).toContain("a"),
    stat: async (client) => expect((await client.stat("a")).size).toBe(1),
    checksum: async (client) => expect((await client.checksum("a")).digest.length).toBe(32),
    status: async (client) => expect((await client.status()).readOnly).toBe(false),
    get: async (client) => expect(await (await client.get("a")).text()).toBe("a"),
    ping: async (client) => expect(await client.ping()).toBeGreaterThan(0),
  };
  test.each(Object.keys(asks))("%s is asked again", async (name) => {
    await behind([before, before], async (client, proxy) => {
      await asks[name]!(client);
      expect(proxy.connections).toBe(3);
    });
  });

  test("a change is not repeated: it is unknown whether it was made", async () => {
    const changes: Record<string, (client: Client) => Promise<unknown>> = {
      remove: (client) => client.remove("b"),
      rename: (client) => client.rename("c", "d"),
      makeDirectory: (client) => client.makeDirectory("folder"),
    };
    for (const [name, change] of Object.entries(changes)) {
      await behind([behindWelcome], async (client, proxy) => {
        const changed = refusal(change(client));
        await until(() => !existsSync(library.at("b")) || name !== "remove");
        await until(() => existsSync(library.at("d")) || name !== "rename");
        await until(() => existsSync(library.at("folder")) || name !== "makeDirectory");
        proxy.reset();
        expect([name, (await changed).code]).toEqual([name, "OUTCOME_UNKNOWN"]);
        expect(proxy.connections).toBe(1);
      });
    }
  });

  test("but is, when the server is stopping and has not begun it", async () => {
    using folder = new TemporaryFolder();
    folder.file("x", "x");
    const stopping = await startServer({ library: folder.path });
    using proxy = new FaultProxy(stopping.port, () => ({}));
    await using client = await connect(proxy.address, { retry: 20_000 });
    await client.ping();
    await stopping.stop();
    await using next = await startServer({ library: folder.path });
    proxy.port = next.port;
    await client.remove("x");
    expect(existsSync(folder.at("x"))).toBe(false);
  });

  test("many requests tell of it once", async () => {
    const messages: string[] = [];
    using proxy = new FaultProxy(server.port, (connection) => (connection === 0 ? before : {}));
    await using client = await connect(proxy.address, {
      retry: 20_000,
      onRetry: ({ message }) => messages.push(message),
    });
    await Promise.all(Array.from({ length: 20 }, () => client.stat("a")));
    expect(messages.length).toBe(1);
  });

  test("nothing is asked again unless that is wanted", async () => {
    using proxy = new FaultProxy(server.port, (connection) => (connection === 0 ? before : {}));
    await using client = await connect(proxy.address);
    expect((await refusal(client.stat("a"))).code).toBe("CONNECTION_LOST");
    expect((await refusal(client.stat("a"))).code).toBe("CONNECTION_LOST");
    expect(proxy.connections).toBe(1);
  });

  test("what waits to be asked again is given up with its signal, or its client", async () => {
    const lost = await startServer({ library: library.path });
    const client = await connect(lost.address, { retry: 20_000 });
    await lost.stop({ drain: 0 });
    const stop = new AbortController();
    const first = refusal(client.stat("a", { signal: stop.signal }));
    const second = refusal(client.stat("a"));
    stop.abort();
    expect((await first).code).toBe("CANCELLED");
    await client.close();
    expect(["CANCELLED", "CONNECTION_LOST", "UNAVAILABLE"]).toContain((await second).code);
  });
});

const testFull = testExcept(["iterative", "workers"], "it is full with more clients than one");

describe("a server that is full", () => {
  testFull("is tried again at the time that it named, and lets the client in", async () => {
    using folder = new TemporaryFolder();
    await using small = await startServer({ library: folder.path, maxConnections: 1 });
    const first = await connect(small.address);
    const retries: number[] = [];
    const waiting = connect(small.address, {
      retry: 20_000,
      onRetry: (error, delay) => {
        expect(error.code).toBe("RESOURCE_EXHAUSTED");
        retries.push(delay);
        void first.close();
      },
    });
    await using second = await waiting;
    expect(await names(second)).toEqual([]);
    expect(retries[0]).toBeGreaterThanOrEqual(1000);
  });
});
