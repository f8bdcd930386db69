import { expect } from "bun:test";
import { Recorder } from "../../bench/support/record.ts";
import { measureTrees, type TreesPlan } from "../../bench/trees.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { testSuite } from "./support.ts";

const shape = { folders: 3, each: 40, size: 100 };

testSuite("every tree is moved by everyone who is there, near and far", async () => {
  using real = new TemporaryFolder();
  real.file("a/b", "b");
  const plan: TreesPlan = {
    rounds: 1,
    mirrored: shape,
    real: real.path,
    fresh: shape,
    large: shape,
  };
  const record = new Recorder();
  await measureTrees(plan, record);
  const durations = record.measurements.filter(({ measure }) => measure === "duration");
  const of = (name: string): string[] =>
    durations.filter(({ who }) => who === name).map(({ work }) => work);
  const beside = ["down", "up"].flatMap((way) =>
    [
      `sync ${way} 120 unchanged files`,
      `sync ${way} 120 files, 1 % changed`,
      `copy node_modules ${way}`,
    ].flatMap((work) => [work, `${work}, over 20 ms`]),
  );
  if (Bun.which("rsync") === null) {
    expect(record.absences.map(({ who }) => who)).toEqual(["rsync"]);
    expect(of("leat")).toHaveLength(2);
    return;
  }
  expect(of("rsync")).toEqual(beside);
  expect(of("leat").slice(0, -2)).toEqual(beside);
  const memory = record.measurements.filter(({ measure }) => measure.endsWith("memory"));
  expect(memory).toHaveLength(8);
});
