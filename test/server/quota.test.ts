/** Quotas of users, as clients meet them; test/store/quota.test.ts has what is counted. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { connect, type Client } from "../../src/index.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { homeOf } from "../../src/server/host/user-stores.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { testExcept, testTogether } from "../support/ways.ts";
import { createUsers } from "../support/users.ts";

const QUOTA = 10 * MiB;

class Served implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly #users = createUsers(this.folder, {
    alice: { root: "alice", limits: { bytes: QUOTA, files: 100 } },
    bob: { root: "bob" },
  });
  #server!: Awaited<ReturnType<typeof startServer>>;

  static async start(): Promise<Served> {
    const served = new Served();
    served.folder.folder("library");
    await served.start();
    return served;
  }

  async start(): Promise<void> {
    const library = this.folder.at("library");
    this.#server = await startServer({ library, users: this.#users.path, durability: "none" });
  }

  stop(): Promise<void> {
    return this.#server.stop({ drain: 0 });
  }

  come(user = "alice", retry = 0): Promise<Client> {
    const credentials = { token: this.#users.token(user) };
    return connect(this.#server.address, { credentials, retry });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.folder[Symbol.dispose]();
  }
}

testTogether("is refused before bytes move, with its numbers, and others are not", async () => {
  await using served = await Served.start();
  await using alice = await served.come();
  await alice.put("a", new Uint8Array(4 * MiB));
  expect((await alice.status()).freeBytes).toBe(QUOTA - 4 * MiB);
  let moved = 0;
  const told = await refusal(
    alice.put("b", new Uint8Array(8 * MiB), { onProgress: (bytes) => (moved = bytes) }),
  );
  expect(told).toMatchObject({ code: "QUOTA_EXCEEDED", retryable: false });
  expect(told.message).toMatch(
    /has 6291456 of 10485760 bytes left, and 8388608 are needed; remove/,
  );
  expect(moved).toBeLessThan(MiB);
  const partials = served.folder.at(`library/.leat/users/${homeOf("alice")}/partial`);
  if (existsSync(partials)) expect(readdirSync(partials)).toEqual([]);
  await alice.put("a", new Uint8Array(5 * MiB), { ifExists: "replace" });
  await alice.remove("a");
  await alice.put("c", new Uint8Array(QUOTA));
  await alice.close(); // one client at a time, with one of the models
  await using bob = await served.come("bob");
  await bob.put("b", new Uint8Array(11 * MiB));
});

const notIterative = testExcept(["iterative"], "one client at a time");

notIterative("is never exceeded by uploads at once, on any connection", async () => {
  await using served = await Served.start();
  // A process that serves one client has memory for few uploads at once: the others come again.
  const come = () => served.come("alice", 60_000);
  const clients = await Promise.all(Array.from({ length: 4 }, come));
  const uploads = Array.from({ length: 40 }, (_, n) =>
    clients[n % 4]!.put(`f-${n}`, new Uint8Array(MiB)),
  );
  const ends = await Promise.allSettled(uploads);
  const done = ends.filter(({ status }) => status === "fulfilled").length;
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThanOrEqual(10);
  for (const end of ends) {
    if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "QUOTA_EXCEEDED" });
  }
  const left = QUOTA - done * MiB;
  for (const client of clients) expect((await client.status()).freeBytes).toBe(left);
  for (const client of clients) await client.close();
  await served.stop();
  await served.start();
  await using again = await served.come();
  await again.remove("f-0").catch(() => {});
  await again.put("f-0", new Uint8Array(KiB));
  const files = readdirSync(served.folder.at("library/alice")).length;
  expect((await again.status()).freeBytes).toBe(QUOTA - (files - 1) * MiB - KiB);
});

test("ends a tree where it is reached, and what came stays", async () => {
  await using served = await Served.start();
  for (let n = 0; n < 120; n += 1) served.folder.file(`from/f-${n}`, "x");
  await using alice = await served.come();
  const told = await alice
    .putTree(served.folder.at("from"), "to")
    .catch((thrown: unknown) => thrown);
  expect(told).toBeInstanceOf(Error);
  expect(readdirSync(served.folder.at("library/alice/to"))).toHaveLength(99);
  expect((await refusal(alice.makeDirectory("more"))).message).toMatch(
    /has 0 of 100 files and folders left, and 1 are needed/,
  );
  await alice.removeTree("to");
  await alice.makeDirectory("more");
});
