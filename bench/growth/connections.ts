/** Connections on which nothing is asked: what each costs the server. */
import { type Client, connect } from "../../src/index.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { descriptorLimit } from "../../src/net/descriptors.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import type { Stage } from "./stage.ts";

/** Connections that come and go first, so often: code gets compiled, buffers that stay are made. */
const FIRST = 200;
const ROUNDS = 10;

/** From so many on, what each costs is more than what comes and goes by itself. */
const TELLING = 100;

/** How long memory may take to come to rest, in milliseconds. */
const REST_DEADLINE = 30_000;

/** So often in a row, and so far apart, memory must be the same. */
const LOOKS = 4;
const LOOK_PAUSE = 50;

/** So long the server's processor time is looked at once memory is at rest, in milliseconds. */
const REST = 1000;

/**
 * Memory of the server at so many connections on which nothing is asked, and its processor time in a
 * second. At the last count it is full: accepting has stopped, and waiting for room costs nothing.
 */
export async function idle({ scratch, samples }: Stage, counts: readonly number[]): Promise<void> {
  const most = Math.max(FIRST, ...counts) + 1;
  const flags = ["--max-connections", String(most), "--max-connections-per-address", String(most)];
  await using server = await ServerProcess.leat(scratch.library, ...flags);
  await using watcher = await connect(`127.0.0.1:${server.port}`);
  let empty = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    {
      await using first = ClientProcess.start("silent-readers", server.port);
      await first.ask(String(FIRST));
      await rest(server, watcher, FIRST);
    }
    empty = await rest(server, watcher, 0);
  }
  await using peers = ClientProcess.start("silent-readers", server.port);
  let there = 0;
  let memory = empty;
  for (const count of counts) {
    if (count > there) {
      await peers.ask(String(count - there));
      there = count;
      memory = await rest(server, watcher, count);
    }
    const key = { suite: "growth", work: "idle connections", who: "leat" };
    const place = { axis: "connections", at: count };
    samples.take({ ...key, ...place, measure: "server memory" }, memory / MiB);
    const worked = server.cpu;
    await Bun.sleep(REST);
    samples.take({ ...key, ...place, measure: "server CPU time" }, server.cpu - worked);
    if (count < TELLING) continue;
    samples.take({ ...key, ...place, measure: "memory each" }, (memory - empty) / count / KiB);
  }
}

/** How many a server can have at once, as far as descriptors go, beside those of other clients. */
export function mostConnections(): number {
  return Math.floor(descriptorLimit() / 2) - FIRST;
}

/** As many of the places as there is room for: the last is then what descriptors allow. */
export function attainable(counts: readonly number[], most = mostConnections()): number[] {
  return [...new Set(counts.map((count) => Math.min(count, most)))];
}

/** Waits until so many others are connected, and memory no longer moves. @returns it, in bytes */
export async function rest(
  server: ServerProcess,
  watcher: Client,
  others: number,
): Promise<number> {
  const until = performance.now() + REST_DEADLINE;
  let before = server.rss;
  let still = 0;
  while (still < LOOKS) {
    if (performance.now() > until) {
      throw new Error(`${others} connections did not come to rest within ${REST_DEADLINE} ms`);
    }
    await Bun.sleep(LOOK_PAUSE);
    const { connections } = await watcher.status();
    const now = server.rss;
    const rests = connections === others + 1 && Math.abs(now - before) < 64 * KiB;
    still = rests ? still + 1 : 0;
    before = now;
  }
  return before;
}
