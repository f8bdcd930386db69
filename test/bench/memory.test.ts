import { expect } from "bun:test";
import { measureMemory } from "../../bench/memory.ts";
import { FLOODS } from "../../bench/memory/floods.ts";
import { Recorder } from "../../bench/support/record.ts";
import { MiB } from "../../src/limits.ts";
import { beQuiet, leavesNoProcess, measured, testSuite } from "./support.ts";

beQuiet();

testSuite("memory is measured over clients, and waits beside them", async () => {
  const record = new Recorder();
  const crowd = {
    rounds: 1,
    downloads: [1, 2],
    uploads: [2],
    size: MiB,
    silent: 3,
    watch: 50,
    beside: 2,
    floods: [2],
  };
  await leavesNoProcess(() => measureMemory(crowd, record));
  const who = "leat";
  for (const [work, at] of [
    ["download 1 MiB each", 1],
    ["download 1 MiB each", 2],
    ["upload 1 MiB each", 2],
  ] as const) {
    const { median, unit } = measured(record, { work, at, who, measure: "server memory" });
    expect(unit).toBe("MiB");
    expect(median).toBeGreaterThan(20);
    expect(median).toBeLessThan(1000);
  }
  for (const work of ["list beside 3 silent readers", "stat beside 2 downloads"]) {
    const p50 = measured(record, { work, who, measure: "latency p50" }).median;
    expect(p50).toBeGreaterThan(0);
    expect(measured(record, { work, who, measure: "latency p99" }).median).toBeGreaterThanOrEqual(
      p50,
    );
  }
  for (const kind of Object.values(FLOODS)) {
    const flooded = { work: `stat beside ${kind}`, at: 2, who };
    expect(measured(record, { ...flooded, measure: "latency p99" }).median).toBeGreaterThan(0);
    expect(measured(record, { ...flooded, measure: "server memory" }).median).toBeLessThan(1000);
  }
  const growth = { work: "growth with 3 silent readers of 1 GiB", who };
  measured(record, { ...growth, measure: "kernel memory" });
  measured(record, { ...growth, measure: "server memory" });
});
