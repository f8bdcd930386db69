/** The task of a client process, and its report. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { percentile } from "./figures.ts";
import type { Scratch } from "./processes.ts";

export type Way = "download" | "upload";

export interface Job {
  readonly port: number;
  readonly way: Way;
  /** Files to move: named 0, 1, 2, … on the side they go to. */
  readonly files: number;
  /** Different files on the side they come from, in turn: fewer when one is moved often. */
  readonly sources: number;
  /** Bytes of each. */
  readonly size: number;
  /** How many are on their way at once. */
  readonly streams: number;
  /** All of them over `one` connection, each over its own, or so many over each. */
  readonly connections: "one" | "many" | number;
  /** The folder at the server, relative to its library. */
  readonly remote: string;
  /** The folder at the client. */
  readonly local: string;
  /** What arrived goes again at once: many large files do not fit in memory. */
  readonly discard?: boolean;
}

/** Where the files lie: everyone moves the same ones, to the same places. */
export class Folders {
  /** The files to move, in the library: both sides of an upload and of a download can read it. */
  readonly from: string;
  readonly downloads: string;
  /** In the library, too. */
  readonly uploads: string;

  constructor(scratch: Scratch) {
    this.from = join(scratch.library, "from");
    this.downloads = scratch.out("");
    this.uploads = join(scratch.library, "up");
    mkdirSync(this.from);
    mkdirSync(this.uploads);
  }

  /** Where a job takes its files from, and where they go to. */
  sides(way: Way): Pick<Job, "remote" | "local"> {
    return way === "download"
      ? { remote: "from", local: this.downloads }
      : { remote: "up", local: this.from };
  }

  target(way: Way): string {
    return way === "download" ? this.downloads : this.uploads;
  }
}

/** One run, from the first connection to the last file. */
export interface Run {
  readonly milliseconds: number;
  /** Of one file, from the request until it is there, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** User and system time of the client, in seconds. */
  readonly cpu: number;
}

/** Takes jobs, a line each on standard input, and answers each with its run, until the input ends. */
export async function serveJobs(work: (job: Job) => Promise<Run>): Promise<void> {
  for await (const line of console) {
    if (line === "") break; // Bun's last line, where the input ends
    console.log(JSON.stringify(await work(JSON.parse(line) as Job)));
  }
  process.exit(0);
}

/**
 * Moves `files` files, `streams` at once: each stream takes the next one that is left.
 *
 * A stopwatch, and not mitata: its `measure` calls what it measures at least twice and sorts what it
 * saw, but here one run is one sample, and the n-th of all competitors belong to one round.
 */
export async function inTurns(
  { files, streams }: Pick<Job, "files" | "streams">,
  open: (stream: number) => Promise<(file: number) => Promise<void>>,
): Promise<Run> {
  const waits: number[] = [];
  let next = 0;
  const before = process.cpuUsage();
  const began = performance.now();
  const stream = async (_: unknown, index: number): Promise<void> => {
    const move = await open(index);
    while (next < files) {
      const file = next;
      next += 1;
      const asked = performance.now();
      await move(file);
      waits.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: streams }, stream));
  const milliseconds = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  if (waits.length !== files) throw new Error(`moved ${waits.length} files, not ${files}`);
  return {
    milliseconds,
    p50: percentile(waits, 0.5),
    p99: percentile(waits, 0.99),
    cpu: (user + system) / 1e6,
  };
}
