/** Peers that asked for a file and read none of it. */
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import { tcpMemory } from "../support/system.ts";
import { takeWaits, waits } from "./neighbours.ts";
import type { Stage } from "./stage.ts";

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
  const beside = { suite: "memory", work: `list beside ${readers} silent readers`, who };
  takeWaits(samples, beside, all);
}
