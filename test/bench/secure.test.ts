/** TLS, ssh, users and logins are measured, and each with what it is compared with. */
import { expect, test } from "bun:test";
import { makeFiles, ONE } from "../../bench/peers/material.ts";
import { prepareSite } from "../../bench/peers/suite.ts";
import { logins } from "../../bench/secure/logins.ts";
import { measureSecure } from "../../bench/secure.ts";
import { Scratch } from "../../bench/support/processes.ts";
import { Recorder } from "../../bench/support/record.ts";
import { KiB } from "../../src/limits.ts";
import { beQuiet, inBenchFolder, leavesNoProcess, measured, testSuite } from "./support.ts";

beQuiet();

const RATE = 100;
const LOGINS = { rounds: 1, rate: RATE, addresses: 3, watch: 300 };
const WAYS = ["", " by TLS"] as const;

function expectLogins(record: Recorder): void {
  for (const way of WAYS) {
    const place = { work: `stat beside wrong passwords${way}`, who: "leat" };
    for (const at of [0, RATE]) {
      const p99 = measured(record, { ...place, at, measure: "latency p99" }).median;
      expect(p99).toBeGreaterThan(0);
      expect(measured(record, { ...place, at, measure: "server memory" }).unit).toBe("MiB");
    }
    const { median } = measured(record, { ...place, at: RATE, measure: "requests" });
    expect(median).toBeGreaterThan(0); // fewer than asked for, where the machine is busy
  }
}

test("what a user waits is measured while others try passwords", async () => {
  using scratch = new Scratch();
  const site = prepareSite(scratch, "");
  makeFiles(site.library, ONE.path, 1, KiB);
  const record = new Recorder();
  await leavesNoProcess(() => logins(site, LOGINS, record, new AbortController().signal));
  expectLogins(record);
});

testSuite("everything that makes leat safe is measured beside something else", async () => {
  const record = new Recorder();
  const times = { rounds: 1, warmUp: false };
  const plan = {
    size: 300 * KiB,
    parts: { count: 8, size: 100 * KiB, clients: 2 },
    small: 20,
    tls: { file: times, parts: times },
    ssh: { file: times, small: times },
    users: { file: times, small: times },
    logins: LOGINS,
  };
  await inBenchFolder(() => leavesNoProcess(() => measureSecure(plan, record)));
  expectLogins(record);
  const failed = record.absences.filter(({ why }) => !/not installed/.test(why));
  expect(failed).toEqual([]);
  const absent = new Set(record.absences.map(({ who }) => who));
  const works = [
    ["300 KiB by TLS", "throughput", "nginx"],
    ["8 × 100 KiB by 2 clients by TLS", "throughput", "bare Bun TLS loop"],
    ["300 KiB over ssh", "throughput", "leat by ssh"],
    ["20 × 4 KiB over ssh", "files", "leat by ssh"],
    ["300 KiB of a user", "throughput", "leat, no users"],
    ["20 × 4 KiB of a user", "files", "leat, no users"],
  ] as const;
  for (const way of ["download", "upload"]) {
    for (const [what, measure, needed] of works) {
      if (absent.has(needed)) continue;
      const leat = measured(record, { work: `${way} ${what}`, who: "leat", measure });
      expect(leat.median).toBeGreaterThan(0);
      const others = record.measurements.filter(
        (other) => other.work === leat.work && other.measure === measure && other.who !== "leat",
      );
      expect(others.length).toBeGreaterThan(0);
    }
  }
});
