/** How long a client waits while others keep the server busy. */
import { connect } from "../../src/index.ts";
import { percentile } from "../support/figures.ts";
import { ServerProcess } from "../support/processes.ts";
import type { Key } from "../support/record.ts";
import type { Samples } from "../support/samples.ts";
import type { Stage } from "./stage.ts";
import { type Crowd, crowdJob } from "./transfers.ts";

const STAT_PAUSE = 2;

/** Asks again and again while `going`. @returns how long each took, in milliseconds */
export async function waits(
  going: () => boolean,
  pause: number,
  ask: () => Promise<void>,
): Promise<number[]> {
  const all: number[] = [];
  do {
    const asked = performance.now();
    await ask();
    all.push(performance.now() - asked);
    await Bun.sleep(pause);
  } while (going());
  return all;
}

export function takeWaits(
  samples: Samples,
  key: Omit<Key, "measure">,
  all: readonly number[],
): void {
  samples.take({ ...key, measure: "latency p50" }, percentile(all, 0.5));
  samples.take({ ...key, measure: "latency p99" }, percentile(all, 0.99));
}

/** `stat` beside clients that download. */
export async function beside(
  { scratch, folders, client, samples }: Stage,
  { clients, size }: Pick<Crowd, "clients" | "size">,
): Promise<void> {
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  const stat = async (): Promise<void> => void (await neighbour.stat("from/0"));
  await stat();
  let going = true;
  const job = crowdJob(folders, server.port, { way: "download", clients, size });
  const load = client.run(job).finally(() => (going = false));
  const all = await waits(() => going, STAT_PAUSE, stat);
  await load;
  const key = { suite: "memory", work: `stat beside ${clients} downloads`, who: "leat" };
  takeWaits(samples, key, all);
}
