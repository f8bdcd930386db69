/** Runs competitors in turn, checks what each moved, and keeps what was measured. */
import { GiB, MiB } from "../../src/limits.ts";
import { checkContents, checkSizes, empty } from "../support/files.ts";
import { progress } from "../support/figures.ts";
import type { Folders, Run } from "../support/job.ts";
import type { Measure, Recorder } from "../support/record.ts";
import { Samples } from "../support/samples.ts";
import type { Competitor } from "./competitors.ts";
import { type Work, isSmall, workText } from "./work.ts";

type Sample = { readonly [M in Measure]?: number };

/** One run, with what was left of earlier ones removed before, and its files checked after. */
async function once(
  work: Work,
  folders: Folders,
  competitor: Competitor,
  first: boolean,
): Promise<Sample> {
  // Each finds memory that another one has just freed: memory that was never touched is slow
  // in a virtual machine (three times, seen).
  empty(folders.downloads);
  empty(folders.uploads);
  const { server, target, copies } = competitor;
  server?.forgetPeak();
  const before = server?.cpu ?? 0;
  const run = await competitor.run();
  const used = (server?.cpu ?? 0) - before;
  if (target !== undefined) checkSizes(target, work.files, work.size);
  // Once, byte by byte: the runs that count are those of the same code.
  if (target !== undefined && first && copies) checkContents(target, folders.from, work.files);
  return {
    ...figures(work, run),
    ...(server && {
      [isSmall(work) ? "server CPU time" : "server CPU"]: share(work, used),
      "server memory": server.peakRss / MiB,
    }),
  };
}

/** Rates are computed: what was moved, over the time of the run. */
function figures(work: Work, { milliseconds, p50, p99, cpu }: Run): Sample {
  const seconds = milliseconds / 1000;
  return {
    ...(isSmall(work)
      ? { files: work.files / seconds, "client CPU time": cpu }
      : {
          throughput: (work.files * work.size) / 1e6 / seconds,
          "client CPU": share(work, cpu),
        }),
    ...(work.files === 1 ? { duration: milliseconds } : { "latency p50": p50, "latency p99": p99 }),
  };
}

/** Seconds of a run as they are reported: for each GiB, or in total if the bytes are few. */
function share(work: Work, seconds: number): number {
  return isSmall(work) ? seconds : (seconds * GiB) / (work.files * work.size);
}

/** One round that does not count, then `rounds` that do, everyone once in each. @throws when aborted, between two runs */
export async function measureRounds(
  work: Work,
  folders: Folders,
  everyone: readonly Competitor[],
  record: Recorder,
  signal?: AbortSignal,
): Promise<void> {
  const samples = new Samples();
  for (let round = 0; round <= work.rounds; round += 1) {
    progress(`${workText(work)}: ${round === 0 ? "warming up" : `round ${round}`}`);
    for (const competitor of everyone) {
      signal?.throwIfAborted();
      const sample = await once(work, folders, competitor, round === 0);
      if (round > 0) take(samples, work, competitor, sample);
    }
  }
  samples.write(record);
}

function take(
  samples: Samples,
  work: Work,
  { who, places, ceiling, note }: Competitor,
  sample: Sample,
): void {
  for (const { way, streams } of places) {
    const place = { suite: "transfer", work: `${way} ${workText(work)}`, axis: "streams" };
    for (const [measure, value] of Object.entries(sample) as [Measure, number][]) {
      samples.take({ ...place, who, at: streams, measure }, value, { ceiling, note });
    }
  }
}
