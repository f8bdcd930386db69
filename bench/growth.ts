/** How cost grows: with names in a folder, streams at once, connections, the size of a file. */
import { GiB, KiB, MiB } from "../src/limits.ts";
import { active } from "./growth/active.ts";
import { attainable, idle, mostConnections } from "./growth/connections.ts";
import { listing, removeFolders } from "./growth/names.ts";
import { ofSize } from "./growth/sizes.ts";
import { streams } from "./growth/streams.ts";
import { progress } from "./support/figures.ts";
import { Interrupt } from "./support/interrupt.ts";
import { Folders } from "./support/job.ts";
import { ClientProcess, Scratch } from "./support/processes.ts";
import type { Recorder, Suite } from "./support/record.ts";
import { Samples } from "./support/samples.ts";

/** Each list upwards, one measurement each. */
export interface Plan {
  readonly rounds: number;
  /** Files in a folder. */
  readonly names: readonly number[];
  /** Files on their way at once, `files` of `bytes` each in all. */
  readonly streams: { readonly at: readonly number[]; readonly files: number; bytes: number };
  /** Connections on which nothing is asked. */
  readonly idle: readonly number[];
  /** The same, while `clients` others download `bytes` each. */
  readonly active: { readonly at: readonly number[]; readonly clients: number; bytes: number };
  /** Bytes of a file. */
  readonly sizes: readonly number[];
  /** Files larger than this are moved in the first round only, for they take most of a minute. */
  readonly large: number;
}

const FULL: Plan = {
  rounds: 1,
  names: [1000, 10_000, 100_000, 1_000_000],
  streams: { at: [1, 8, 64, 512, 4096], files: 4096, bytes: 128 * KiB },
  idle: [0, 1, 10, 100, 1000, 10_000],
  active: { at: [0, 100, 1000, 10_000], clients: 64, bytes: 16 * MiB },
  sizes: [0, MiB, 64 * MiB, GiB, 8 * GiB, 64 * GiB],
  large: 8 * GiB,
};

const QUICK: Plan = {
  ...FULL,
  rounds: 1,
  names: [1000, 10_000, 100_000],
  streams: { at: [1, 64, 1024], files: 1024, bytes: 128 * KiB },
  idle: [0, 100, 1000],
  active: { at: [0, 1000], clients: 64, bytes: 4 * MiB },
  sizes: [0, MiB, 64 * MiB, GiB],
};

/** Everything once a round, each with a server of its own: what came before is in no figure. */
export async function measureGrowth(plan: Plan, record: Recorder): Promise<void> {
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const samples = new Samples();
  await using mover = ClientProcess.start("leat-client");
  const stage = { scratch, folders: new Folders(scratch), mover, samples };
  for (let round = 1; round <= plan.rounds; round += 1) {
    progress(`round ${round} of ${plan.rounds}`);
    const sizes = plan.sizes.filter((size) => round === 1 || size <= plan.large);
    const steps = [
      ...plan.names.map((names) => () => listing(stage, names)),
      ...plan.streams.at.map((at) => () => streams(stage, { ...plan.streams, at })),
      () => idle(stage, attainable(plan.idle)),
      () => active(stage, { ...plan.active, at: attainable(plan.active.at) }),
      ...sizes.map((size) => () => ofSize(stage, size)),
    ];
    for (const step of steps) {
      interrupt.signal.throwIfAborted();
      await step();
    }
  }
  removeFolders(stage);
  samples.write(record);
  const wanted = Math.max(...plan.idle);
  const most = mostConnections();
  if (wanted > most) {
    const why = `the limit of open files has room for ${most.toLocaleString("en")} (ulimit -n)`;
    record.absent("growth", `leat with ${wanted.toLocaleString("en")} idle connections`, why);
  }
}

export const growth: Suite = {
  name: "growth",
  title:
    "how cost grows with names in a folder, streams at once, connections and the size of a file; files are empty or all holes where only their number or their size counts",
  run: ({ record, quick }) => measureGrowth(quick ? QUICK : FULL, record),
};
