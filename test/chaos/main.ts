/** `bun run chaos`: seeded runs in which nothing may be lost. Progress goes to standard error. */
import { Command, InvalidArgumentError, Option } from "commander";
import { TemporaryFolder } from "../support/folder.ts";
import { noStrace } from "../support/straced-server.ts";
import { asks } from "./asks.ts";
import { cutTransfers } from "./cut.ts";
import { type Cell, tryFaults } from "./disk-faults/matrix.ts";
import {
  failureOf as failureOfFaults,
  isWrong,
  tableOf as tableOfFaults,
} from "./disk-faults/report.ts";
import { KINDS, type Kind } from "./plan.ts";
import { PLACE, type Result } from "./run.ts";
import { possibleKinds, series } from "./series.ts";
import { soak } from "./soak.ts";
import { killedSyncs, type SyncResult, tableOfSyncs, WAYS } from "./sync.ts";
import { endingsOf, failureOf, tableOf } from "./table.ts";
import { Versions } from "./versions.ts";

const MINUTE = 60_000;
const RUNS = 100;

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError("a number above 0");
  return number;
}

function seedOf(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError("a whole number");
  return number;
}

function counts(text: string): number[] {
  return text.split(",").map(positive);
}

async function chaos(options: { minutes?: number; runs?: number; seed?: number; kind?: Kind }) {
  const { seed = Math.floor(Math.random() * 2 ** 32), kind, minutes } = options;
  const runs = options.runs ?? (minutes === undefined ? RUNS : Infinity);
  using folder = new TemporaryFolder(PLACE);
  const versions = new Versions(folder.path);
  const kinds = possibleKinds(kind === undefined ? KINDS : [kind]);
  if (kinds.length === 0) return;
  console.error(`seed ${seed} (bun run chaos --seed ${seed} repeats it)`);
  const results: Result[] = [];
  const until = performance.now() + (minutes ?? Infinity) * MINUTE;
  for await (const result of series({ versions, seed, kinds, runs, until })) {
    results.push(result);
    if (result.violations.length > 0) console.error(failureOf(result));
    if (results.length % 20 === 0)
      console.error(`${results.length} runs, ${failed(results)} failed`);
  }
  console.log(tableOf(results));
  console.log(`\nHow steps ended: ${endingsOf(results)}.`);
  console.log(`${results.length} runs, ${failed(results)} failed.`);
  if (failed(results) > 0) process.exitCode = 1;
}

function failed(results: readonly Result[]): number {
  return results.filter(({ violations }) => violations.length > 0).length;
}

const program = new Command("chaos")
  .description(
    "kills, cuts, stalls, damage: seeded runs of many clients, and a check of the outcome",
  )
  .option("--minutes <N>", "as many runs as fit into so many minutes", positive)
  .option("--runs <N>", `so many runs; ${RUNS} unless --minutes is given`, positive)
  .option("--seed <S>", "of the first run; the next ones have those that follow it", seedOf)
  .addOption(new Option("--kind <KIND>", "of fault; all in turn unless given").choices(KINDS))
  .action(chaos);

program
  .command("cut")
  .description("a large transfer in each direction, cut many times: what of it comes twice")
  .option("--mib <N>", "size of the file", positive, 4096)
  .option("--cuts <N>", "of its connection", positive, 50)
  .option("--seed <S>", "of the places of the cuts", seedOf, 1)
  .action(async (options: { mib: number; cuts: number; seed: number }, command: Command) => {
    // The seed may stand before the name of the command, too.
    const { seed } = command.optsWithGlobals<{ seed: number }>();
    if (!(await cutTransfers({ ...options, seed }))) process.exitCode = 1;
  });

program
  .command("asks")
  .description("small uploads cut right behind Finish and asked for again: the receipt, always")
  .option("--workers <N,…>", "one run for each", counts, [2, 4])
  .option("--asks <N>", "uploads of a run", positive, 5000)
  .option("--resumes <N>", "of 16 MiB, cut in the middle", positive, 100)
  .option("--seed <S>", "of what is drawn", seedOf, 1)
  .action(
    async (
      options: { workers: number[]; asks: number; resumes: number; seed: number },
      command: Command,
    ) => {
      const { seed } = command.optsWithGlobals<{ seed: number }>();
      const runs = options.workers.map((workers) => ({ ...options, workers, seed }));
      if (!(await asks(runs))) process.exitCode = 1;
    },
  );

program
  .command("soak")
  .description("mixed work for a long time: memory and descriptors of the server at the end")
  .option("--minutes <N>", "how long", positive, 20)
  .action(async (_options: object, command: Command) => {
    const { minutes } = command.optsWithGlobals<{ minutes: number }>();
    if (!(await soak(minutes * MINUTE))) process.exitCode = 1;
  });

program
  .command("sync")
  .description("syncs whose client, server or both are killed, and that are repeated")
  .option("--kills <N>", "in each direction, with and without --delete", positive, 100)
  .option("--seed <S>", "of the trees and the moments", seedOf, 1)
  .action(async (options: { kills: number }, command: Command) => {
    const { seed = 1 } = command.optsWithGlobals<{ seed?: number }>();
    const results: SyncResult[] = [];
    for (const way of WAYS) {
      const result = await killedSyncs({ ...way, ...options, seed });
      results.push(result);
      for (const text of result.wrong) console.error(`${way.way}: ${text} (--seed ${seed})`);
    }
    console.log(tableOfSyncs(results));
    if (results.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
  });

program
  .command("faults")
  .description("each system call of the store fails in each way it can, alone and in pairs")
  .option("--pairs <N>", "pairs of faults in each phase of a request", positive, 60)
  .option("--every <N>", "only each so-many-th of the single faults", positive, 1)
  .option("--seed <S>", "of the choice", seedOf, 1)
  .action(async (options: { pairs: number; every: number }, command: Command) => {
    const { seed = 1 } = command.optsWithGlobals<{ seed?: number }>();
    const why = noStrace();
    if (why !== undefined) return console.log(`nothing was tried: ${why}`);
    const cells = await tryFaults({ ...options, seed, onCell: report });
    console.log(`${tableOfFaults(cells)}\n\n${cells.length} tried, ${wrong(cells)} wrong.`);
    if (wrong(cells) > 0) process.exitCode = 1;
  });

function report(cell: Cell): void {
  if (isWrong(cell)) console.error(failureOfFaults(cell));
}

function wrong(cells: readonly Cell[]): number {
  return cells.filter(isWrong).length;
}

await program.parseAsync();
process.exit();
