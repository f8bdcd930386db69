/** 1 GiB down and up over loopback, beside a bare socket loop that moves the same file. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { GiB, MiB } from "../src/limits.ts";
import { progress } from "./support/figures.ts";
import type { Suite } from "./support/record.ts";
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

export const transfer: Suite = {
  name: "transfer",
  title: "1 GiB down and up over one stream, beside a bare socket loop that moves the same file",
  async run({ record, quick }) {
    const [runs, size] = quick ? [3, 256 * MiB] : [5, GiB];
    using scratch = new Scratch();
    const file = join(scratch.library, FILE);
    randomFile(file, size);
    await using leat = await ServerProcess.leat(scratch.library, "--durability", "none");
    await using bare = await ServerProcess.bare(scratch.library);
    const client = (name: string, ...words: (string | number)[]) =>
      runFixture<number>(name, ...words);
    const ways = {
      "download leat": () => client("leat-client", "down", leat.port, FILE, scratch.out("a")),
      "download bare": () => client("bare", "down", bare.port, FILE, scratch.out("b"), size),
      "upload leat": () => client("leat-client", "up", leat.port, file, "up-leat"),
      "upload bare": () => client("bare", "up", bare.port, file, "up-bare"),
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
        const rate = size / 1000 / (await once());
        progress(`${name}: ${rate.toFixed(0)} MB/s`);
        if (run > 0) (samples[name] ??= []).push(rate);
      }
    }
    for (const way of ["download", "upload"]) {
      const key = {
        suite: "transfer",
        work: `${way} ${size / MiB} MiB`,
        measure: "throughput",
      } as const;
      const bareLoop = "bare socket loop";
      record.add({ ...key, who: bareLoop }, samples[`${way} bare`]!);
      record.add({ ...key, who: "leat" }, samples[`${way} leat`]!, { ceiling: bareLoop });
    }
  },
};
