/**
 * Clients come and go, one after another, well-behaved and not: no process, thread or descriptor of
 * the server is left behind.
 */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { CLIENT, Served } from "../cli/support.ts";
import { descendants, type Held, heldBy, stateOf } from "../support/held.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { PARTIALS } from "../support/served.ts";
import { flagsOf, LONG, WAY } from "../support/ways.ts";
import { until } from "../support/until.ts";

/** Who is started for each client costs some 50 ms. */
const CLIENTS = LONG ? 1_000 : WAY === "processes" || WAY === "threads" ? 40 : 100;

/** Those who do not behave: some of each kind. */
const RUDE = CLIENTS / 4;

/** Threads that Bun starts for itself when it has use for them, in each process. */
const SPARE_THREADS = 8;

/** Milliseconds. */
const DEADLINE = LONG ? 1_800_000 : 180_000;

async function visit(served: Served): Promise<void> {
  await using client = await connect(served.server.address);
  for await (const entry of client.list()) expect(["big.bin", "small.txt"]).toContain(entry.name);
  await client.stat("small.txt");
  expect(await (await client.get("small.txt")).text()).toBe("small");
}

const rude: Record<string, (served: Served) => Promise<void>> = {
  async "connects and leaves"({ server }) {
    using _peer = await RawPeer.connect(Number(server.port));
  },
  async "sends garbage"({ server }) {
    using peer = await RawPeer.connect(Number(server.port));
    peer.bytes(new Uint8Array(1000).fill(0xee));
    await peer.failure(0);
  },
  async "leaves in the middle of a download"({ server }) {
    using peer = await RawPeer.welcomed(Number(server.port));
    peer.request(1, { case: "get", value: { path: "big.bin" } });
    expect((await peer.body(1)).case).toBe("response");
  },
  async "leaves in the middle of an upload"({ server }) {
    using peer = await RawPeer.welcomed(Number(server.port));
    const uploadId = crypto.getRandomValues(new Uint8Array(16));
    peer.request(1, { case: "put", value: { path: "never.bin", uploadId, size: MiB } });
    peer.data(1, 0, new Uint8Array(1000));
    expect((await peer.body(1)).case).toMatch(/response|credit/);
  },
  async "is killed in the middle of a download"({ server, library }) {
    const command = [CLIENT, "client", "--server", server.address, "get", "big.bin", "-o", "-"];
    await using client = Bun.spawn(command, {
      cwd: library.path,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { value } = await client.stdout.getReader().read();
    expect(value!.length).toBeGreaterThan(0);
    client.kill("SIGKILL");
    await client.exited;
  },
};

/** Waits until no more is held than before. @returns what is held now */
async function settled(pid: number, before: Held): Promise<Held> {
  let now = heldBy(pid);
  await until(
    () => {
      now = heldBy(pid);
      return now.processes <= before.processes && now.descriptors <= before.descriptors;
    },
    () => ({ before, now }),
  );
  return now;
}

test(
  `${CLIENTS} clients leave nothing behind, nor do ${RUDE} who do not behave`,
  async () => {
    await using served = await Served.start(flagsOf(WAY));
    served.library.file("small.txt", "small");
    // More than the sockets of both sides take.
    served.library.file("big.bin", new Uint8Array(32 * MiB));
    const { pid } = served.server.child;
    const nobody = heldBy(pid);
    for (let n = 0; n < 8; n += 1) await visit(served);
    const before = await settled(pid, nobody);
    for (let n = 0; n < CLIENTS; n += 1) await visit(served);
    const after = await settled(pid, before);
    const kinds = Object.values(rude);
    for (let n = 0; n < RUDE; n += 1) await kinds[n % kinds.length]!(served);
    await visit(served);
    const last = await settled(pid, before);
    console.log(
      `measured: ${WAY}, ${CLIENTS} and ${RUDE}: ${JSON.stringify([before, after, last])}`,
    );
    const most = before.threads + SPARE_THREADS * before.processes;
    expect(Math.max(after.threads, last.threads)).toBeLessThanOrEqual(most);
    const partials = served.library.at(PARTIALS);
    if (existsSync(partials)) expect(readdirSync(partials)).toEqual([]);
    const all = descendants(pid);
    expect(await served.server.stop()).toBe(0);
    expect(all.filter((one) => stateOf(one) !== undefined)).toEqual([]);
    expect(served.server.stderr.text).not.toMatch(/died|cannot|nobody could/);
  },
  DEADLINE,
);
