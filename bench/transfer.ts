/** 1 GiB down and up over loopback, beside a bare socket loop that moves the same file. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { GiB, MiB } from "../src/limits.ts";
import { type Figure, figure, printTable, progress, show } from "./support/figures.ts";
import { Scratch, ServerProcess, runFixture } from "./support/processes.ts";

const FILE = "file.bin";

export function randomFile(path: string, size: number): void {
  const fd = openSync(path, "w");
  const chunk = new Uint8Array(MiB);
  for (let at = 0; at < size; at += chunk.length) {
    for (let part = 0; part < chunk.length; part += 65536) {
      crypto.getRandomValues(chunk.subarray(part, part + 65536));
    }
    writeSync(fd, chunk, 0, Math.min(chunk.length, size - at));
  }
  closeSync(fd);
}

/** @param runs of each kind, in turn, behind one that is not counted */
export async function transfer(runs: number, size = GiB): Promise<void> {
  using scratch = new Scratch();
  const file = join(scratch.library, FILE);
  randomFile(file, size);
  await using leat = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using bare = await ServerProcess.bare(scratch.library);
  const ways = {
    "leat down": () => runFixture<number>("leat-client", "down", leat.port, FILE, scratch.out("a")),
    "bare down": () => runFixture<number>("bare", "down", bare.port, FILE, scratch.out("b"), size),
    "leat up": () => runFixture<number>("leat-client", "up", leat.port, file, "up-leat"),
    "bare up": () => runFixture<number>("bare", "up", bare.port, file, "up-bare"),
  };
  const written = [
    scratch.out("a"),
    scratch.out("b"),
    join(scratch.library, "up-leat"),
    join(scratch.library, "up-bare"),
  ];
  const samples: Record<string, number[]> = {};
  for (let run = 0; run <= runs; run += 1) {
    for (const [name, once] of Object.entries(ways)) {
      // What the last run wrote goes now: each finds a GiB that was just freed, whoever wrote it.
      // Memory that was never touched is slow in a virtual machine (three times, seen).
      for (const left of written) rmSync(left, { force: true });
      const milliseconds = await once();
      progress(`${name}: ${rate(size, milliseconds).toFixed(0)} MB/s`);
      if (run > 0) (samples[name] ??= []).push(milliseconds);
    }
  }
  const rates = (name: string): Figure => figure(samples[name]!.map((ms) => rate(size, ms)));
  const ratio = (way: string): Figure =>
    figure(samples[`leat ${way}`]!.map((ms, run) => samples[`bare ${way}`]![run]! / ms));
  printTable(
    `${size / MiB} MiB, one stream, no fsync`,
    ["down", "up"].flatMap((way) => [
      { what: `leat ${way}`, asked: "", measured: show(rates(`leat ${way}`), 0, "MB/s") },
      {
        what: `bare socket loop ${way}`,
        asked: "",
        measured: show(rates(`bare ${way}`), 0, "MB/s"),
      },
      { what: `leat / bare, ${way}`, asked: "at least 0.7", measured: show(ratio(way), 2, "×") },
    ]),
  );
}

const rate = (size: number, milliseconds: number): number => size / 1000 / milliseconds;
