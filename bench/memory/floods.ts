/** How long a client waits beside peers that send frames which cost them nothing. */
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import { takeWaits, waits } from "./neighbours.ts";
import type { Stage } from "./stage.ts";

/** What `fixtures/flood.ts` can send. */
export const FLOODS = {
  empty: "empty frames",
  unknown: "bodies of a later version",
  ended: "Data for a stream that has ended",
  credit: "Credit of one byte",
  bytes: "uploads of single bytes",
} as const;

export interface FloodOptions {
  readonly kind: keyof typeof FLOODS;
  readonly peers: number;
  /** How long a neighbour looks how long it waits, in milliseconds. */
  readonly watch: number;
}

/** `stat` beside them, and what the server's memory comes to. */
export async function flood(
  { scratch, samples }: Stage,
  { kind, peers, watch }: FloodOptions,
): Promise<void> {
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  const stat = async (): Promise<void> => void (await neighbour.stat("from/0"));
  await stat();
  await using flooding = ClientProcess.start("flood", server.port, kind);
  await flooding.ask(`${peers}`);
  const until = performance.now() + watch;
  const all = await waits(() => performance.now() < until, 2, stat);
  const key = { suite: "memory", work: `stat beside ${FLOODS[kind]}`, who: "leat" };
  const place = { ...key, axis: "peers", at: peers };
  takeWaits(samples, place, all);
  samples.take({ ...place, measure: "server memory" }, server.peakRss / MiB);
}
