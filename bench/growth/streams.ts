/** Downloads at once, as many on each connection as it takes, over as many connections as they need. */
import { join } from "node:path";
import { MAX_STREAMS, MiB } from "../../src/limits.ts";
import { randomFile } from "../support/files.ts";
import { sizeText } from "../support/figures.ts";
import { ServerProcess } from "../support/processes.ts";
import type { Stage } from "./stage.ts";

interface Streams {
  readonly at: number;
  readonly files: number;
  /** Of each. */
  readonly bytes: number;
}

/** The same bytes in all, however many are on their way at once. */
export async function streams(stage: Stage, { at, files, bytes }: Streams): Promise<void> {
  const { scratch, folders, mover, samples } = stage;
  randomFile(join(folders.from, "0"), bytes); // `active` has a larger one there
  await using server = await ServerProcess.leat(scratch.library);
  const job = { port: server.port, way: "download", size: bytes, sources: 1 } as const;
  const rest = { connections: MAX_STREAMS, discard: true, ...folders.sides("download") };
  // Not counted: code gets compiled, buffers are made.
  await mover.run({ ...job, ...rest, files: at, streams: at });
  const run = await mover.run({ ...job, ...rest, files, streams: at });
  const work = `download ${files.toLocaleString("en")} × ${sizeText(bytes)}`;
  const key = { suite: "growth", work, who: "leat", axis: "streams", at };
  const throughput = (files * bytes) / 1e3 / run.milliseconds;
  samples.take({ ...key, measure: "throughput" }, throughput);
  samples.take({ ...key, measure: "latency p50" }, run.p50);
  samples.take({ ...key, measure: "latency p99" }, run.p99);
  samples.take({ ...key, measure: "server memory" }, server.peakRss / MiB);
}
