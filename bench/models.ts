/**
 * The models of serving, side by side: the same clients and the same work for each. The clients are
 * this process, on the same cores as the server: a second core brings a model less here than with
 * clients elsewhere, and that is so for all alike.
 */
import { MiB } from "../src/limits.ts";
import { Files } from "./models/files.ts";
import { Rounds } from "./models/rounds.ts";
import { type Way, WAYS } from "./models/ways.ts";
import { progress } from "./support/figures.ts";
import { Samples } from "./support/samples.ts";
import { Scratch } from "./support/processes.ts";
import type { Recorder, Suite } from "./support/record.ts";

export interface Plan {
  readonly ways: readonly Way[];
  readonly rounds: number;
  /** How many at once. */
  readonly clients: readonly number[];
  /** Answers at each number of clients, at least: few clients ask several times. */
  readonly answers: number;
  /** Bytes of the file that is downloaded, and of the one that is summed. */
  readonly downloaded: number;
  readonly summed: number;
  /** Clients of which the memory is measured. */
  readonly idle: { readonly light: number; readonly heavy: number };
  /** Requests of another client beside a slow client, in each round. */
  readonly neighbours: number;
  /** Clients that come one after another in a round. */
  readonly visitors: number;
}

const FULL: Plan = {
  ways: WAYS,
  rounds: 3,
  clients: [1, 4, 16, 64, 256],
  answers: 16,
  downloaded: 4 * MiB,
  summed: 32 * MiB,
  idle: { light: 800, heavy: 32 },
  neighbours: 3,
  visitors: 20,
};

const QUICK: Plan = { ...FULL, rounds: 1, clients: [1, 4, 16], answers: 8 };

export const models: Suite = {
  name: "models",
  title:
    "one loop, one client at a time, a process or a thread for each, and workers, side by side",
  run: ({ record, quick }) => compare(record, quick ? QUICK : FULL),
};

export async function compare(record: Recorder, plan: Plan): Promise<void> {
  using scratch = new Scratch();
  const samples = new Samples();
  const rounds = new Rounds(plan, new Files(scratch.library, plan), samples);
  for (let round = 1; round <= plan.rounds; round += 1) {
    progress(`models: round ${round} of ${plan.rounds}`);
    await rounds.work();
    await rounds.memory();
  }
  samples.write(record);
  for (const { name, oneAtATime } of plan.ways) {
    if (oneAtATime !== true) continue;
    record.absent("models", name, "memory of each idle client: there is never more than one");
  }
}
