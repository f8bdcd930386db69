/** How many idle connections slow down downloads, and another client with small requests. */
import { join } from "node:path";
import { connect } from "../../src/index.ts";
import { crowdJob } from "../memory/transfers.ts";
import { takeWaits, waits } from "../memory/neighbours.ts";
import { randomFile } from "../support/files.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import { rest } from "./connections.ts";
import type { Stage } from "./stage.ts";

const STAT_PAUSE = 2;

interface Active {
  /** Idle connections, upwards. */
  readonly at: readonly number[];
  /** Clients that download, over a connection each. */
  readonly clients: number;
  /** Of each. */
  readonly bytes: number;
}

export async function active(stage: Stage, { at, clients, bytes }: Active): Promise<void> {
  const { scratch, folders, mover, samples } = stage;
  randomFile(join(folders.from, "0"), bytes);
  const most = String(Math.max(...at) + clients + 2);
  const flags = ["--max-connections", most, "--max-connections-per-address", most];
  await using server = await ServerProcess.leat(scratch.library, ...flags);
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  await using peers = ClientProcess.start("silent-readers", server.port);
  const stat = async (): Promise<void> => void (await neighbour.stat("from/0"));
  const crowd = { way: "download", clients, size: bytes } as const;
  const job = crowdJob(folders, server.port, crowd);
  await mover.run(job); // not counted: code gets compiled, buffers are made
  let there = 0;
  for (const count of at) {
    await peers.ask(String(count - there));
    there = count;
    await rest(server, neighbour, count);
    let going = true;
    const load = mover.run(job).finally(() => (going = false));
    const all = await waits(() => going, STAT_PAUSE, stat);
    const { milliseconds } = await load;
    const key = { suite: "growth", who: "leat", axis: "idle connections", at: count };
    const work = `${clients} downloads beside idle connections`;
    const throughput = (clients * bytes) / 1e3 / milliseconds;
    samples.take({ ...key, work, measure: "throughput" }, throughput);
    takeWaits(
      samples,
      { ...key, work: `stat beside ${clients} downloads and idle connections` },
      all,
    );
  }
}
