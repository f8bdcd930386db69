/** The works: the task of each client, the files that it must leave, and what is counted. */
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GiB, KiB, MiB } from "../../src/limits.ts";
import type { Measure } from "../support/record.ts";
import type { Client, Command, Files, WorkKind } from "./competitor.ts";
import { compare, share } from "./material.ts";
import { type Sample, outputOf } from "./run.ts";
import type { Site } from "./site.ts";

export interface Work {
  readonly name: string;
  readonly kind: WorkKind;
  readonly rounds: number;
  /** A first round that is not counted. */
  readonly warmUp: boolean;
  commands(client: Client): Command[];
  /** Removes the files of the run before, outside the time that is measured. */
  prepare(): void;
  /** @throws Error when the work was not done */
  check(): void;
  /** The figures of one run. */
  figures(sample: Sample): Partial<Record<Measure, number>>;
}

export interface Times {
  readonly rounds: number;
  readonly warmUp: boolean;
}

/** "64 × 16 MiB", "1 GiB" */
export function sizeText(count: number, size: number): string {
  const [unit, name] = size >= GiB ? [GiB, "GiB"] : size >= MiB ? [MiB, "MiB"] : [KiB, "KiB"];
  const each = `${size / unit} ${name}`;
  return count === 1 ? each : `${count.toLocaleString("en")} × ${each}`;
}

type Direction = "download" | "upload";

/** Files down or up, shared out to client processes that start together. */
export function transferWork(
  site: Site,
  what: { kind: WorkKind; direction: Direction; files: Files; size: number; clients?: number },
  times: Times,
): Work {
  const { kind, direction, files, size, clients = 1 } = what;
  const [down, up] = [join(site.etc, "../out/down"), join(site.library, "up")];
  const shares = share(files, clients);
  const count = files.names.length;
  const by = clients === 1 ? "" : ` by ${clients} clients`;
  return {
    name: `${direction} ${sizeText(count, size)}${by}`,
    kind,
    ...times,
    commands: (client) =>
      shares.map((files) =>
        direction === "download" ? client.download(files, down) : client.upload(files, "up"),
      ),
    prepare() {
      for (const folder of [down, up]) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        // Some servers serve as a user of their own.
        chmodSync(folder, 0o777);
      }
    },
    check: () => compare(files, direction === "download" ? down : up),
    figures: (sample) =>
      kind === "start"
        ? { duration: sample.wall * 1000, ...cpuTimes(sample) }
        : kind === "small files"
          ? { files: count / sample.wall, ...cpuTimes(sample) }
          : throughput(count * size, sample),
  };
}

function throughput(bytes: number, { wall, serverCpu, clientCpu }: Sample) {
  const perGiB = GiB / bytes;
  return {
    throughput: bytes / 1e6 / wall,
    "server CPU": serverCpu * perGiB,
    "client CPU": clientCpu * perGiB,
  };
}

function cpuTimes({ serverCpu, clientCpu }: Sample) {
  return { "server CPU time": serverCpu, "client CPU time": clientCpu };
}

/** A folder of many names, each with its size and time. */
export function listingWork(site: Site, files: Files, times: Times): Work {
  const count = files.names.length;
  return {
    name: `list ${count.toLocaleString("en")} names`,
    kind: "listing",
    ...times,
    commands: (client) => [client.list(files.path)],
    prepare() {},
    check() {
      const listed = new Set(readFileSync(outputOf(site), "utf8").match(/\bf\d{6}\b/g));
      if (listed.size !== count) throw new Error(`${listed.size} of ${count} names were listed`);
    },
    figures: (sample) => ({ entries: count / sample.wall, ...cpuTimes(sample) }),
  };
}
