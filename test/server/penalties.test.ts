/** Addresses from which wrong passwords come have to wait. */
import { describe, expect, test } from "bun:test";
import { connect, type ServerOptions } from "../../src/index.ts";
import {
  FAULT_PENALTY,
  FREE_FAILURES,
  FREE_FAULTS,
  HELLO_DEADLINE,
  PENALIZED,
  PENALTY,
} from "../../src/limits.ts";
import { memoryPair } from "../../src/net/memory.ts";
import type { Transport } from "../../src/net/transport.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { Raw, TestRuntime } from "../connection/support.ts";
import { until } from "../support/until.ts";
import { networkOf } from "../../src/net/network.ts";
import { Penalties } from "../../src/server/users/penalties.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";
import { createUsers, withPassword } from "../support/users.ts";

const own = testExcept(
  ["processes", "threads", "workers"],
  "each process or thread counts for itself",
);

own("an address that is exempt may try on", async () => {
  using folder = new TemporaryFolder();
  folder.folder("library");
  const users = createUsers(folder, { bob: await withPassword("correct horse") });
  const options = { library: folder.at("library"), users: users.path };
  await using server = await startServer({ ...options, penaltyExempt: "127.0.0.0/8,::1" });
  const login = (password: string) =>
    connect(server.address, { credentials: { user: "bob", password } });
  for (let tries = 0; tries <= FREE_FAILURES; tries += 1) {
    expect(await refusal(login("wrong"))).toMatchObject({ code: "UNAUTHENTICATED" });
  }
  await (await login("correct horse")).close();
});

own("who tries passwords waits longer and longer, who has a token does not", async () => {
  using folder = new TemporaryFolder();
  folder.folder("library");
  const users = createUsers(folder, { alice: {}, bob: await withPassword("correct horse") });
  await using server = await startServer({ library: folder.at("library"), users: users.path });
  const login = (password: string) =>
    connect(server.address, { credentials: { user: "bob", password } });
  await (await login("correct horse")).close();
  for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
    expect(await refusal(login("wrong"))).toMatchObject({ code: "UNAUTHENTICATED" });
  }
  const told = await refusal(login("correct horse"));
  expect(told).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(told.retryAfter).toBeGreaterThan(0);
  expect(told.retryAfter).toBeLessThanOrEqual(PENALTY.least);
  const credentials = { token: users.token("alice") };
  await (await connect(server.address, { credentials })).close();
  // A client that retries comes back when it may.
  const patient = await connect(server.address, {
    credentials: { user: "bob", password: "correct horse" },
    retry: 60_000,
  });
  await patient.close();
  await (await login("correct horse")).close();
});

describe("connections that are no use to anybody", () => {
  /** A server, and peers of another machine. */
  function strangers(folder: TemporaryFolder, exempt: Pick<ServerOptions, "penaltyExempt"> = {}) {
    const runtime = new TestRuntime();
    const options = { library: folder.path, ...exempt };
    const host = new Host(openDiskStore(folder.path), options, runtime);
    const loop = new LeatServer(host);
    const come = (peer: string, isLocal = false): Raw => {
      let raw!: Raw;
      const named = (transport: Transport) => loop.accept(from(transport, peer, isLocal));
      memoryPair(named, (transport) => (raw = new Raw(transport)));
      return raw;
    };
    const isServed = async (raw: Raw): Promise<boolean> => {
      const value = { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 0 };
      raw.frame(0, { case: "hello", value });
      const heard: ReturnType<Raw["heard"]> = [];
      await until(() => heard.push(...raw.heard()) > 0);
      raw.transport.close();
      const [{ body } = {}] = heard;
      if (body?.case === "failure") {
        expect(body.value).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
        expect(body.value.message).toContain("broke the protocol");
      }
      return body?.case === "welcome";
    };
    return { runtime, loop, come, isServed };
  }

  const ways = {
    "that send what is no frame": async (raw: Raw) => {
      raw.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
      await until(() => raw.heard().length > 0);
    },
    "that say no Hello": async (raw: Raw, runtime: TestRuntime) => {
      runtime.pass(HELLO_DEADLINE + 1);
      await until(() => raw.heard().length > 0);
    },
  };

  test.each(Object.entries(ways))("%s make their address wait, and no other", async (_, waste) => {
    using folder = new TemporaryFolder();
    const { runtime, loop, come, isServed } = strangers(folder);
    for (let n = 0; n < FREE_FAULTS; n += 1) {
      const raws = [come("192.0.2.7:1000"), come("127.0.0.1:1000", true)];
      for (const raw of raws) await waste(raw, runtime);
      for (const raw of raws) raw.transport.close();
      await until(() => loop.connections === 0);
    }
    expect(await isServed(come("192.0.2.7:2000"))).toBe(false);
    expect(await isServed(come("192.0.2.8:2000"))).toBe(true);
    expect(await isServed(come("127.0.0.1:2000", true))).toBe(true);
    runtime.pass(FAULT_PENALTY.least + 1);
    expect(await isServed(come("192.0.2.7:3000"))).toBe(true);
    await loop.stop({ drain: 0 });
  });

  test("make no address wait that is exempt, as that of a proxy for all", async () => {
    using folder = new TemporaryFolder();
    const { loop, come, isServed } = strangers(folder, { penaltyExempt: "192.0.2.0/24" });
    for (let n = 0; n < FREE_FAULTS; n += 1) {
      const raws = [come("192.0.2.7:1000"), come("198.51.100.7:1000")];
      for (const raw of raws) await ways["that send what is no frame"](raw);
      for (const raw of raws) raw.transport.close();
      await until(() => loop.connections === 0);
    }
    expect(await isServed(come("192.0.2.7:2000"))).toBe(true);
    expect(await isServed(come("198.51.100.7:2000"))).toBe(false);
    await loop.stop({ drain: 0 });
  });
});

function from(transport: Transport, peer: string, isLocal: boolean): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "peer") return peer;
      if (name === "isLocal") return isLocal;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a penalty", () => {
  const made = (exempt?: string) => {
    const time = { now: 0 };
    const penalties = new Penalties(exempt, () => time.now);
    const waits = (peer: string): number => {
      try {
        penalties.check(peer);
        return 0;
      } catch (error) {
        return (error as { retryAfter: number }).retryAfter;
      }
    };
    const fail = (peer: string, times: number): void => {
      for (let n = 0; n < times; n += 1) penalties.failed(peer);
    };
    return { time, penalties, waits, fail };
  };

  test("doubles up to its bound, is over in time, and is forgotten", () => {
    const { time, waits, fail } = made();
    fail("10.0.0.1:1", FREE_FAILURES - 1);
    expect(waits("10.0.0.1:2")).toBe(0);
    fail("10.0.0.1:3", 1);
    expect(waits("10.0.0.1:2")).toBe(PENALTY.least);
    fail("10.0.0.1:3", 2);
    expect(waits("10.0.0.1:2")).toBe(4 * PENALTY.least);
    expect(waits("10.0.0.2:2")).toBe(0);
    time.now += 4 * PENALTY.least;
    expect(waits("10.0.0.1:2")).toBe(0);
    fail("10.0.0.1:3", 1000);
    expect(waits("10.0.0.1:2")).toBe(PENALTY.most);
    time.now += PENALTY.most + 1;
    fail("10.0.0.1:3", 1);
    expect(waits("10.0.0.1:2")).toBe(0);
  });

  test("does not hold for the networks that are exempt", () => {
    const { waits, fail } = made("10.0.0.0/8, 192.0.2.7,2001:db8::/32");
    const all = ["10.9.9.9:1", "192.0.2.7:1", "[::ffff:10.1.1.1]:1", "[2001:db8:1::1]:1"];
    const others = ["11.0.0.1:1", "192.0.2.8:1", "[2001:db9::1]:1"];
    for (const peer of [...all, ...others]) fail(peer, FREE_FAILURES);
    expect(all.map(waits)).toEqual(all.map(() => 0));
    expect(others.map(waits)).toEqual(others.map(() => PENALTY.least));
  });

  test("ends with the right password", () => {
    const { penalties, waits, fail } = made();
    fail("10.0.0.1:1", FREE_FAILURES);
    penalties.succeeded("10.0.0.1:9");
    expect(waits("10.0.0.1:2")).toBe(0);
  });

  test("is remembered of so many addresses, the last ones", () => {
    const { waits, fail } = made();
    const peer = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:1`;
    for (let n = 0; n <= PENALIZED; n += 1) fail(peer(n), FREE_FAILURES);
    expect([waits(peer(0)), waits(peer(1))]).toEqual([0, PENALTY.least]);
  });

  test.each([
    ["192.0.2.7:4031", "192.0.2.7"],
    ["[::ffff:192.0.2.7]:4031", "192.0.2.7"],
    ["[2001:db8:1:2:3:4:5:6]:4031", "2001:db8:1:2::/64"],
    ["[2001:DB8:1:2::9]:4031", "2001:db8:1:2::/64"],
    ["[2001:db8::9]:4031", "2001:db8:0:0::/64"],
    ["[fe80::1%eth0]:4031", "fe80:0:0:0::/64"],
    ["[::1]:4031", "0:0:0:0::/64"],
    ["unix:/run/leat.sock", undefined],
    ["stdio", undefined],
  ])("of %s is that of %s", (peer, network) => {
    expect(networkOf(peer)).toBe(network);
  });
});
