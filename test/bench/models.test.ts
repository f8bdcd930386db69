/** The bench of the models, small: what it records, and that it leaves nothing behind. */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { compare, type Plan } from "../../bench/models.ts";
import { WAYS } from "../../bench/models/ways.ts";
import { keyText, Recorder } from "../../bench/support/record.ts";
import { KiB } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { testSuite } from "./support.ts";

const PLAN: Plan = {
  ways: WAYS.filter(({ name }) => name === "iterative" || name === "processes"),
  rounds: 1,
  clients: [1, 3],
  answers: 2,
  downloaded: 64 * KiB,
  summed: 32 * KiB,
  idle: { light: 4, heavy: 4 },
  neighbours: 1,
  visitors: 2,
};

const LATENCIES = ["latency p50", "latency p99"];

function expected(who: string): string[] {
  const works = {
    "connect and download 64 KiB": ["throughput", ...LATENCIES],
    "sha256 of 32 KiB": ["requests", ...LATENCIES],
  };
  return [
    "start the server: duration",
    ...PLAN.clients.flatMap((at) =>
      Object.entries(works).flatMap(([work, measures]) =>
        measures.map((measure) => `${work} at ${at} clients: ${measure}`),
      ),
    ),
    "connect and stat: duration",
    "connect and stat: latency p99",
    "connect and list beside a slow client: duration",
    "server without clients: server memory",
    ...(who === "iterative" ? [] : ["idle client: memory each"]),
  ].map((text) => `models: ${text.replace(/( at |:)/, `, ${who}$1`)}`);
}

testSuite("every way gets every work, and no process stays", async () => {
  using folder = new TemporaryFolder();
  process.env["LEAT_BENCH_DIR"] = folder.path;
  const record = new Recorder();
  try {
    await compare(record, PLAN);
  } finally {
    delete process.env["LEAT_BENCH_DIR"];
  }
  const keys = record.measurements.map(keyText);
  expect(keys.toSorted()).toEqual(["iterative", "processes"].flatMap(expected).toSorted());
  for (const { median } of record.measurements) expect(median).toBeGreaterThan(0);
  expect(record.absences.map(({ who }) => who)).toEqual(["iterative"]);
  const find = (text: string) => record.measurements.find((found) => keyText(found) === text)!;
  const wait = "models: connect and list beside a slow client, iterative: duration";
  expect(find(wait).median).toBeGreaterThanOrEqual(490); // the slow one is there so long
  expect(readdirSync(folder.path)).toEqual([]);
  expect(startedWith(folder.path)).toEqual([]);
});

/** Processes that have the text in their environment. */
function startedWith(text: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, "utf8").includes(text);
    } catch {
      return false; // It is gone, or another user's.
    }
  });
}
