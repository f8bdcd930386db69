/** What one address, or one user, may have of a server; others find room all the same. */
import { describe, expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { MAX_CHILDREN, MAX_STREAMS, TREE_COMMITS } from "../../src/limits.ts";
import { Budget } from "../../src/server/host/budget.ts";
import { Capacity } from "../../src/server/host/capacity.ts";
import { Reservation } from "../../src/server/host/reservation.ts";
import { Shares } from "../../src/server/host/shares.ts";
import { settle } from "../../src/server/options/table.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { testExcept, testPlain } from "../support/ways.ts";
import { until } from "../support/until.ts";
import { createUsers } from "../support/users.ts";

/** Of one process, so that all clients meet. */
const own = testExcept(["processes", "threads", "workers", "iterative"], "clients do not meet");
const notIterative = testExcept(["iterative", "workers"], "one client at a time, or by worker");

/** Both addresses of this machine reach it. */
const HOST = { hostname: "::" };

const TWO_ADDRESSES = "clients come by two addresses, which the certificate does not name";

/** Uploads of a client that sends nothing: each keeps a file open. */
function idleUploads(peer: RawPeer, from: number, count: number): void {
  for (let n = from; n < from + count; n += 1) {
    const uploadId = new Uint8Array(16).fill(n);
    peer.request(2 * n + 1, { case: "put", value: { path: `up-${n}`, uploadId, size: 10 } });
  }
}

testPlain(TWO_ADDRESSES, notIterative)(
  "an address has no more than its connections, and another comes in",
  async () => {
    using folder = new TemporaryFolder();
    const options = { library: folder.path, ...HOST, maxConnectionsPerAddress: 2 };
    await using server = await startServer(options);
    const come = (host: string) => connect(`${host}:${server.port}`);
    const first = await come("127.0.0.1");
    await using _second = await come("127.0.0.1");
    const told = await refusal(come("127.0.0.1"));
    expect(told).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryable: true });
    expect(told.message).toMatch(/this address has the 2 connections .*close one.*per-address/);
    expect(told.retryAfter).toBeGreaterThan(0);
    await using _other = await come("[::1]");
    await first.close();
    await using again = await connect(`127.0.0.1:${server.port}`, { retry: 60_000 });
    expect(await again.stat("")).toMatchObject({ kind: "DIRECTORY" });
  },
);

testPlain(TWO_ADDRESSES, own)(
  "idle uploads of one address leave files for others, and are given back",
  async () => {
    using folder = new TemporaryFolder();
    const options = { library: folder.path, ...HOST, maxStreamsPerAddress: 6 };
    await using server = await startServer({ ...options, durability: "none" });
    {
      using one = await RawPeer.welcomed(server.port);
      using two = await RawPeer.welcomed(server.port);
      idleUploads(one, 0, 4);
      await one.body(7);
      idleUploads(two, 4, 3);
      const { code, message } = await two.failure(13);
      expect(code).toBe("RESOURCE_EXHAUSTED");
      expect(message).toMatch(/this address .* 6 streams and files .*--max-streams-per-address/);
      using other = await RawPeer.welcomed(server.port, undefined, "::1");
      idleUploads(other, 7, 1);
      expect(await other.body(15)).toMatchObject({ case: "response" });
    }
    await until(() => server.connections === 0);
    await using client = await connect(`127.0.0.1:${server.port}`);
    for (let n = 0; n < 8; n += 1) await client.put(`f-${n}`, new Uint8Array(1));
  },
);

own("a user has no more than the users file, or the server, allows", async () => {
  using folder = new TemporaryFolder();
  folder.folder("library");
  const { path, token } = createUsers(folder, {
    alice: { limits: { connections: 1 } },
    bob: {},
  });
  const options = { library: folder.at("library"), users: path, maxConnectionsPerUser: 2 };
  await using server = await startServer(options);
  const come = (user: string, retry = 0) =>
    connect(server.address, { credentials: { token: token(user) }, retry });
  const alice = await come("alice");
  const told = await refusal(come("alice"));
  expect(told).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryable: true });
  expect(told.message).toMatch(/this user has the 1 connections .*close one/);
  await using _bob = await come("bob");
  await using _bobToo = await come("bob");
  expect((await refusal(come("bob"))).message).toContain("the 2 connections");
  await alice.close();
  await (await come("alice", 60_000)).close();
});

own("nor more streams", async () => {
  using folder = new TemporaryFolder();
  folder.folder("library");
  const { path, token } = createUsers(folder, { alice: { limits: { streams: 2 } }, bob: {} });
  const options = { library: folder.at("library"), users: path, maxStreamsPerUser: 3 };
  await using server = await startServer(options);
  const refusedAfter = async (user: string, streams: number) => {
    using peer = await RawPeer.welcomed(server.port, undefined, undefined, token(user));
    idleUploads(peer, 0, streams + 1);
    const { code, message } = await peer.failure(2 * streams + 1);
    expect(code).toBe("RESOURCE_EXHAUSTED");
    expect(message).toContain(`this user has as many of its ${streams} streams`);
  };
  await refusedAfter("alice", 2);
  await refusedAfter("bob", 3);
});

own(
  "a tree takes no more files than its address has left, and is stored all the same",
  async () => {
    using folder = new TemporaryFolder();
    for (let n = 0; n < 300; n += 1) folder.file(`from/f-${n}`, `${n}`);
    folder.folder("library");
    const options = { library: folder.at("library"), maxStreamsPerAddress: 5 };
    await using server = await startServer(options);
    await using client = await connect(server.address);
    const done = await client.putTree(folder.at("from"), "to");
    expect(done).toMatchObject({ files: 300 });
  },
);

describe("a share", () => {
  test("is three quarters of the server unless an option says otherwise, and all of a small one", () => {
    const { address, user, connections, files } = new Capacity(settle({}));
    expect(address).toEqual(user);
    expect(address.connections).toBe((connections * 3) / 4);
    expect(address.streams).toBe(Math.ceil((files.total * 3) / 4));
    const few = new Capacity(settle({ maxConnections: 10, maxOpenFiles: 10 }));
    expect(few.address.connections).toBeGreaterThanOrEqual(10);
    expect(few.address.streams).toBe(MAX_STREAMS);
    const processes = new Capacity(settle({ model: "processes" }));
    expect(processes.address.connections).toBe((MAX_CHILDREN * 3) / 4);
  });

  test("is divided among workers, and not among processes of one client", () => {
    const settings = settle({ maxConnectionsPerAddress: 10, maxStreamsPerUser: 7 });
    const worker = new Capacity(settings, { parts: 4 });
    expect([worker.address.connections, worker.user.streams]).toEqual([2, 1]);
    expect(worker.capOf({ connections: 8, streams: 1 })).toEqual({ connections: 2, streams: 1 });
    const process = new Capacity(settings, { parts: 64, oneClient: true });
    expect([process.address.connections, process.user.streams]).toEqual([10, 7]);
  });

  test("leaves nothing behind, whatever of it ends first", () => {
    const shares = new Shares();
    const cap = { connections: 1, streams: 4 };
    const files = new Budget(TREE_COMMITS);
    const address = shares.enter("10.0.0.1", cap)!;
    expect(shares.enter("10.0.0.1", cap)).toBeUndefined();
    const reservation = new Reservation(files, { address, user: undefined });
    reservation.begin(1);
    expect(reservation.more(8)).toBe(2);
    expect(() => new Reservation(files, { address, user: undefined }).begin(2)).toThrow(
      /4 streams/,
    );
    expect(files.taken).toBe(3);
    address[Symbol.dispose]();
    address[Symbol.dispose]();
    expect(shares.size).toBe(1);
    reservation[Symbol.dispose]();
    expect([shares.size, files.taken]).toEqual([0, 0]);
  });
});
