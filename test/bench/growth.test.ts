import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { measureGrowth, type Plan } from "../../bench/growth.ts";
import { attainable } from "../../bench/growth/connections.ts";
import { streams } from "../../bench/growth/streams.ts";
import { Folders } from "../../bench/support/job.ts";
import { ClientProcess, Scratch } from "../../bench/support/processes.ts";
import { Recorder } from "../../bench/support/record.ts";
import { Samples } from "../../bench/support/samples.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { beQuiet, leavesNoProcess, measured, testSuite } from "./support.ts";

beQuiet();

const SMALL: Plan = {
  rounds: 1,
  names: [3, 20],
  streams: { at: [1, 70], files: 80, bytes: 4 * KiB },
  idle: [0, 2, 100],
  active: { at: [0, 3], clients: 2, bytes: 64 * KiB },
  sizes: [0, MiB],
  large: MiB,
};

let scratch: TemporaryFolder;
const before = process.env["LEAT_BENCH_DIR"];
beforeEach(() => {
  scratch = new TemporaryFolder();
  process.env["LEAT_BENCH_DIR"] = scratch.path;
});
afterEach(() => {
  if (before === undefined) delete process.env["LEAT_BENCH_DIR"];
  else process.env["LEAT_BENCH_DIR"] = before;
  scratch[Symbol.dispose]();
});

testSuite("growth is measured at every place, and leaves no process and no file", async () => {
  const record = new Recorder();
  await leavesNoProcess(() => measureGrowth(SMALL, record));
  expect(readdirSync(scratch.path)).toEqual([]);
  const figures = {
    "the first page of a folder": [SMALL.names, ["duration"]],
    "list a folder": [SMALL.names, ["duration", "entries", "server memory"]],
    "stat beside the listing of a folder": [SMALL.names, ["latency p50", "latency p99"]],
    "download 80 × 4 KiB": [
      SMALL.streams.at,
      ["throughput", "latency p50", "latency p99", "server memory"],
    ],
    "idle connections": [SMALL.idle, ["server memory"]],
    "2 downloads beside idle connections": [SMALL.active.at, ["throughput"]],
    "stat beside 2 downloads and idle connections": [SMALL.active.at, ["latency p99"]],
    "download a file": [SMALL.sizes, ["duration"]],
  } as const;
  for (const [work, [places, measures]] of Object.entries(figures)) {
    for (const at of places) {
      for (const measure of measures) {
        const { median } = measured(record, { work, who: "leat", at, measure });
        expect(median, `${work} at ${at}: ${measure}`).toBeGreaterThan(0);
      }
    }
  }
  for (const measure of ["memory each", "server CPU time"] as const) {
    measured(record, { work: "idle connections", who: "leat", at: 100, measure });
  }
  for (const who of ["leat server", "leat client"]) {
    const memory = measured(record, { work: "download a file", who, at: 0, measure: "memory" });
    expect(memory.median).toBeGreaterThan(20);
  }
  expect(record.absences).toEqual([]);
});

test("what another measurement has left where the files come from is not moved in their place", async () => {
  using files = new Scratch();
  await using mover = ClientProcess.start("leat-client");
  const samples = new Samples();
  const stage = { scratch: files, folders: new Folders(files), mover, samples };
  // The client refuses files of another size than it was told.
  for (const bytes of [MiB, 4 * KiB]) await streams(stage, { at: 1, files: 2, bytes });
  const record = new Recorder();
  samples.write(record);
  const works = new Set(record.measurements.map(({ work }) => work));
  expect([...works]).toEqual(["download 2 × 1 MiB", "download 2 × 4 KiB"]);
});

test("more connections than descriptors allow are as many as they allow", () => {
  expect(attainable([0, 10, 1000, 10_000], 500)).toEqual([0, 10, 500]);
  expect(attainable([0, 10], 500)).toEqual([0, 10]);
});
