/** The most a server takes while many move a file at once. */
import { MiB } from "../../src/limits.ts";
import type { Folders, Job, Way } from "../support/job.ts";
import { ServerProcess } from "../support/processes.ts";
import type { Stage } from "./stage.ts";

export interface Crowd {
  readonly way: Way;
  readonly clients: number;
  /** Bytes of the file that each moves. */
  readonly size: number;
}

/** Each over a connection of its own, all the same file. */
export function crowdJob(folders: Folders, port: number, { way, clients, size }: Crowd): Job {
  const all = { files: clients, sources: 1, streams: clients, connections: "many" } as const;
  return { port, way, size, discard: true, ...all, ...folders.sides(way) };
}

export async function transfers(stage: Stage, crowd: Crowd): Promise<void> {
  const { scratch, folders, client, samples } = stage;
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await client.run(crowdJob(folders, server.port, crowd));
  const work = `${crowd.way} ${crowd.size / MiB} MiB each`;
  const place = { axis: "clients", at: crowd.clients };
  const key = { suite: "memory", work, who: "leat", ...place, measure: "server memory" } as const;
  samples.take(key, server.peakRss / MiB);
}
