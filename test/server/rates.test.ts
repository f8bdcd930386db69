/** The rate of a user is that of all their transfers together; other users have their own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Client, type Server } from "../../src/index.ts";
import { CLOSE_DEADLINE, KiB, RATE_BURST } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { until } from "../support/until.ts";
import { createUsers, type TestUsers } from "../support/users.ts";

const RATE = 512 * KiB;
const SIZE = 256 * KiB;

/** Half a minute of the rate: it is given up before. */
const LONG = 64 * SIZE;

/** Milliseconds that so many bytes take at least. */
const least = (bytes: number): number => (bytes / RATE) * 1000 - RATE_BURST;

const folder = new TemporaryFolder();
let server: Server;
let users: TestUsers;

beforeAll(async () => {
  folder.file("library/f", new Uint8Array(LONG));
  const limits = { upload: RATE, download: RATE };
  users = createUsers(folder, { alice: { limits }, bob: {} });
  const library = folder.at("library");
  server = await startServer({ library, users: users.path, durability: "none" });
});
afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const come = (user: string): Promise<Client> =>
  connect(server.address, { credentials: { token: users.token(user) } });

const ways = {
  down: async (client: Client, _to: string, size = SIZE) => {
    const download = await client.get("f", { length: size });
    await download.bytes();
  },
  up: async (client: Client, to: string, size = SIZE) =>
    void (await client.put(to, new Uint8Array(size))),
};

describe.each(["down", "up"] as const)("%s", (way) => {
  test("no faster than it may", async () => {
    await using alice = await come("alice");
    const began = performance.now();
    await ways[way](alice, "one");
    expect(performance.now() - began).toBeGreaterThan(least(SIZE));
  });

  testExcept(["processes", "threads", "workers", "iterative"], "each process has its own")(
    "connections share it, and get equal parts",
    async () => {
      await using one = await come("alice");
      await using two = await come("alice");
      const began = performance.now();
      const ends = [one, two].map(async (client, index) => {
        await ways[way](client, `two-${index}`);
        return performance.now() - began;
      });
      const [first, last] = (await Promise.all(ends)).toSorted((a, b) => a - b);
      expect(last!).toBeGreaterThan(least(2 * SIZE));
      // Had one waited for the other, it would have taken half of the time.
      expect(first!).toBeGreaterThan(0.7 * least(2 * SIZE));
    },
  );

  testExcept(["iterative"], "one client at a time")("others are not held up", async () => {
    await using alice = await come("alice");
    await using bob = await come("bob");
    const slow = ways[way](alice, "slow", LONG);
    slow.catch(() => {});
    await ways[way](bob, "fast", LONG);
    // The server is told, and does not send on as far as it may.
    const began = performance.now();
    await alice.close();
    expect(performance.now() - began).toBeLessThan(CLOSE_DEADLINE);
    await expect(slow).rejects.toThrow();
  });
});

testExcept(["processes", "threads", "workers"], "they hear of it a moment later")(
  "a client that came before there were any rates comes again",
  async () => {
    using own = new TemporaryFolder();
    own.folder("library");
    const file = createUsers(own, { alice: {} });
    await using fresh = await startServer({ library: own.at("library"), users: file.path });
    {
      using early = await RawPeer.connect(fresh.port);
      await until(() => fresh.connections === 1);
      file.write({ alice: { limits: { download: RATE } } });
      await fresh.reload();
      early.hello(undefined, file.token("alice"));
      expect(await early.failure(0)).toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining("rates of users were changed"),
      });
    }
    using again = await RawPeer.welcomed(fresh.port, undefined, undefined, file.token("alice"));
    again.fin();
    await again.ended();
  },
);

test("a rate that nobody could work with is refused", async () => {
  const own = createUsers(folder, { alice: { limits: { upload: 10 } } });
  const library = folder.at("library");
  await expect(startServer({ library, users: own.path })).rejects.toThrow(/1024 or more/);
});
