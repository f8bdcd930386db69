/** What many peers cost: memory of server and kernel, and the time a neighbour waits. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GiB, MiB } from "../src/limits.ts";
import { FLOODS, flood } from "./memory/floods.ts";
import { beside } from "./memory/neighbours.ts";
import { silent } from "./memory/silent.ts";
import { transfers } from "./memory/transfers.ts";
import { randomFile } from "./support/files.ts";
import { progress } from "./support/figures.ts";
import { Interrupt } from "./support/interrupt.ts";
import { Folders } from "./support/job.ts";
import { ClientProcess, Scratch } from "./support/processes.ts";
import type { Recorder, Suite } from "./support/record.ts";
import { Samples } from "./support/samples.ts";

const UNREAD = "unread";

export interface Crowd {
  readonly rounds: number;
  /** Clients that download at once, one measurement each. */
  readonly downloads: readonly number[];
  /** Clients that upload at once. */
  readonly uploads: readonly number[];
  /** Bytes of each of those files. */
  readonly size: number;
  /** Clients that ask for a file and read nothing. */
  readonly silent: number;
  /** How long a neighbour of theirs looks how long it waits, in milliseconds. */
  readonly watch: number;
  /** Clients that download while a neighbour asks for something small. */
  readonly beside: number;
  /** Peers that flood meanwhile, one measurement each. */
  readonly floods: readonly number[];
}

const FULL: Crowd = {
  rounds: 3,
  downloads: [1, 8, 64, 256],
  uploads: [1, 8, 64, 256],
  size: 16 * MiB,
  silent: 200,
  watch: 5000,
  beside: 64,
  floods: [1, 8, 32],
};

const QUICK: Crowd = {
  ...FULL,
  rounds: 3,
  downloads: [1, 8, 64],
  uploads: [64],
  size: 8 * MiB,
  watch: 700,
  floods: [8],
};

/** Everything once a round, each with a server of its own: what came before is in no figure. */
export async function measureMemory(crowd: Crowd, record: Recorder): Promise<void> {
  const { rounds, size, downloads, uploads, watch } = crowd;
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const folders = new Folders(scratch);
  randomFile(join(folders.from, "0"), size);
  // A sparse file: no client reads it, and it takes no space.
  writeFileSync(join(scratch.library, UNREAD), "");
  truncateSync(join(scratch.library, UNREAD), GiB);
  await using client = ClientProcess.start("leat-client");
  const samples = new Samples();
  const stage = { scratch, folders, client, samples };
  const kinds = Object.keys(FLOODS) as (keyof typeof FLOODS)[];
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`);
    const steps = [
      ...downloads.map((clients) => () => transfers(stage, { way: "download", clients, size })),
      ...uploads.map((clients) => () => transfers(stage, { way: "upload", clients, size })),
      () => silent(stage, { readers: crowd.silent, file: UNREAD, watch }),
      () => beside(stage, { clients: crowd.beside, size }),
      ...crowd.floods.flatMap((peers) =>
        kinds.map((kind) => () => flood(stage, { kind, peers, watch })),
      ),
    ];
    for (const step of steps) {
      interrupt.signal.throwIfAborted();
      await step();
    }
  }
  samples.write(record);
}

export const memory: Suite = {
  name: "memory",
  title: "what many peers cost: memory of server and kernel, and the time a neighbour waits",
  run: ({ record, quick }) => measureMemory(quick ? QUICK : FULL, record),
};
