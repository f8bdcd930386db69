/** Peers that hold a connection: some asked for a file and read none of it, some ask for nothing. */
import { type Client, connect } from "../../src/index.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { descriptorLimit } from "../../src/net/descriptors.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import { tcpMemory } from "../support/system.ts";
import { takeWaits, waits } from "./neighbours.ts";
import type { Stage } from "./stage.ts";

/** Connections that come and go first: code gets compiled, buffers that stay are made. */
const FIRST = 200;

/** How long memory may take to come to rest, in milliseconds. */
const REST_DEADLINE = 5000;

/** So often in a row, and so far apart, memory must be the same. */
const LOOKS = 4;
const LOOK_PAUSE = 50;

const LIST_PAUSE = 20;

export interface Readers {
  readonly readers: number;
  /** What they ask for. */
  readonly file: string;
  /** How long a neighbour looks how long it waits, in milliseconds. */
  readonly watch: number;
}

export async function silent(
  { scratch, samples }: Stage,
  { readers, file, watch }: Readers,
): Promise<void> {
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  const list = async (): Promise<void> => {
    for await (const entry of neighbour.list()) void entry;
  };
  await list();
  const before = { rss: server.rss, tcp: tcpMemory() };
  await using peers = ClientProcess.start("silent-readers", server.port, file);
  await peers.ask(String(readers));
  const until = performance.now() + watch;
  const all = await waits(() => performance.now() < until, LIST_PAUSE, list);
  const who = "leat";
  const growth = { suite: "memory", work: `growth with ${readers} silent readers of 1 GiB`, who };
  samples.take({ ...growth, measure: "server memory" }, (server.peakRss - before.rss) / MiB);
  samples.take({ ...growth, measure: "kernel memory" }, (tcpMemory() - before.tcp) / MiB);
  takeWaits(samples, `list beside ${readers} silent readers`, all);
}

/** Memory of the server at so many connections on which nothing is asked. */
export async function idle({ scratch, samples }: Stage, counts: readonly number[]): Promise<void> {
  const most = Math.max(FIRST, ...counts) + 1;
  const flags = ["--max-connections", String(most)];
  await using server = await ServerProcess.leat(scratch.library, ...flags);
  await using watcher = await connect(`127.0.0.1:${server.port}`);
  {
    await using peers = ClientProcess.start("silent-readers", server.port);
    await peers.ask(String(FIRST));
    await settled(server, watcher, FIRST);
  }
  const empty = await settled(server, watcher, 0);
  await using peers = ClientProcess.start("silent-readers", server.port);
  let there = 0;
  let memory = empty;
  for (const count of counts) {
    if (count > there) {
      await peers.ask(String(count - there));
      there = count;
      memory = await settled(server, watcher, count);
    }
    const key = { suite: "memory", work: "idle connections", who: "leat" };
    const place = { axis: "connections", at: count };
    samples.take({ ...key, ...place, measure: "server memory" }, memory / MiB);
  }
  const each = { suite: "memory", work: "an idle connection", who: "leat" };
  samples.take({ ...each, measure: "memory each" }, (memory - empty) / there / KiB);
}

/** How many a server can have at once, as far as descriptors go. */
export function mostConnections(): number {
  return Math.floor(descriptorLimit() / 2) - FIRST;
}

/** Waits until so many others are connected, and memory no longer moves. @returns it, in bytes */
async function settled(server: ServerProcess, watcher: Client, others: number): Promise<number> {
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
