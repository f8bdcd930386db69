import { expect, test } from "bun:test";
import { readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Recorder } from "../../bench/support/record.ts";
import { checkContents, checkSizes, empty, randomFile } from "../../bench/support/files.ts";
import { Folders, inTurns } from "../../bench/support/job.ts";
import { ClientProcess, Scratch } from "../../bench/support/processes.ts";
import { measureTransfer } from "../../bench/transfer.ts";
import type { Competitor } from "../../bench/transfer/competitors.ts";
import { measureRounds } from "../../bench/transfer/rounds.ts";
import { beQuiet, leavesNoProcess, measured } from "./support.ts";
import { KiB, MAX_STREAMS } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";

beQuiet();

const WAYS = ["download", "upload"];

/** More than a connection has. */
const MANY = MAX_STREAMS + 6;

test("everyone is measured, at every number of streams, beside a ceiling", async () => {
  const record = new Recorder();
  const works = [
    { files: 1, size: 300 * KiB, streams: [1], rounds: 1 },
    { files: 6, size: 128 * KiB, streams: [1, 3], rounds: 1 },
    { files: 12, size: 4 * KiB, streams: [1, MANY], rounds: 2 },
  ];
  await leavesNoProcess(() => measureTransfer(works, record));
  for (const way of WAYS) {
    const bare = "bare socket loop";
    const single = { work: `${way} 300 KiB`, at: 1 };
    for (const who of ["leat, one connection", bare]) {
      for (const measure of ["throughput", "duration", "server CPU", "client CPU"] as const) {
        expect(measured(record, { ...single, who, measure }).median).toBeGreaterThan(0);
      }
    }
    const several = { work: `${way} 6 × 128 KiB`, at: 3, measure: "throughput" } as const;
    const many = measured(record, { ...several, who: "leat, many connections" });
    expect(many.ceiling).toBe(bare);
    const p50 = measured(record, { ...several, who: bare, measure: "latency p50" }).median;
    const p99 = measured(record, { ...several, who: bare, measure: "latency p99" }).median;
    expect(p99).toBeGreaterThanOrEqual(p50);

    const small = { work: `${way} 12 × 4 KiB`, at: MANY };
    const loop = "create+write+close loop";
    const queued = measured(record, { ...small, who: "leat, one connection", measure: "files" });
    expect(queued).toMatchObject({
      ceiling: loop,
      note: expect.stringContaining(`${MAX_STREAMS} at once`),
    });
    expect(queued.samples).toHaveLength(2);
    const fastest = measured(record, { ...small, who: loop, measure: "files" }).median;
    expect(fastest).toBeGreaterThan(queued.median);
    const memory = measured(record, {
      ...small,
      who: "leat, many connections",
      measure: "server memory",
    });
    expect(memory.median).toBeGreaterThan(20);
  }
});

/** A competitor that claims to have moved two files, and left these. */
async function claims(leave: (folder: string, source: string) => void): Promise<void> {
  using scratch = new Scratch();
  const folders = new Folders(scratch);
  for (const name of ["0", "1"]) randomFile(join(folders.from, name), 4 * KiB);
  const competitor: Competitor = {
    who: "a liar",
    places: [{ way: "download", streams: 1 }],
    target: folders.downloads,
    copies: true,
    run: async () => {
      leave(folders.downloads, folders.from);
      return { milliseconds: 1, p50: 1, p99: 1, cpu: 1 };
    },
  };
  const work = { files: 2, size: 4 * KiB, streams: [1], rounds: 1 };
  await measureRounds(work, folders, [competitor], new Recorder());
}

test("files that are missing, short or others are no result", async () => {
  const missing = claims((folder) => randomFile(join(folder, "0"), 4 * KiB));
  await expect(missing).rejects.toThrow("has 1 files, not 2");
  const short = claims((folder) => {
    for (const name of ["0", "1"]) randomFile(join(folder, name), 4 * KiB - 1);
  });
  await expect(short).rejects.toThrow("has 4095 bytes, not 4096");
  const others = claims((folder) => {
    for (const name of ["0", "1"]) randomFile(join(folder, name), 4 * KiB);
  });
  await expect(others).rejects.toThrow("is not what");
});

test("a checked folder has exactly its files, to the last byte", () => {
  using scratch = new Scratch();
  const { from, downloads } = new Folders(scratch);
  randomFile(join(from, "0"), 100 * KiB);
  writeFileSync(join(downloads, "0"), "");
  truncateSync(join(downloads, "0"), 100 * KiB);
  checkSizes(downloads, 1, 100 * KiB);
  expect(() => checkContents(downloads, from, 1)).toThrow("is not what");
  checkContents(from, from, 1);
  empty(downloads);
  expect(() => checkSizes(downloads, 1, 100 * KiB)).toThrow("has 0 files");
});

test("a client that fails ends the bench, and its process", async () => {
  await leavesNoProcess(async () => {
    await using client = ClientProcess.start("file-loop", "read");
    const nowhere = { files: 1, size: 1, local: "/nonexistent" };
    await expect(client.ask(JSON.stringify(nowhere))).rejects.toThrow("a client failed");
  });
});

test("a client whose input ends is done, without a word", async () => {
  const fixture = join(import.meta.dir, "../../bench/fixtures/file-loop.ts");
  const child = Bun.spawn([process.execPath, fixture, "read"], {
    stdio: [new Blob([]), "pipe", "pipe"],
  });
  expect(await new Response(child.stderr).text()).toBe("");
  expect(await child.exited).toBe(0);
});

test("a bench that is interrupted leaves no process and no file", async () => {
  using folder = new TemporaryFolder();
  const script = `
    import { measureTransfer } from ${JSON.stringify(join(import.meta.dir, "../../bench/transfer.ts"))};
    import { Recorder } from ${JSON.stringify(join(import.meta.dir, "../../bench/support/record.ts"))};
    const endless = { files: 2, size: 4096, streams: [1], rounds: 1e9 };
    await measureTransfer([endless], new Recorder());`;
  const bench = Bun.spawn([process.execPath, "-e", script], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LEAT_BENCH_DIR: folder.path },
  });
  let said = "";
  for await (const text of bench.stderr.pipeThrough(new TextDecoderStream())) {
    if (!said.includes("round 1") && text.includes("round 1")) bench.kill("SIGINT");
    said += text;
  }
  expect(await bench.exited).toBe(1);
  expect(said).toContain("interrupted by SIGINT");
  expect(readdirSync(folder.path)).toEqual([]);
  // Its standard error has ended: nobody who inherited it is left.
});

test("streams take files in turn, and each is timed", async () => {
  const taken: number[][] = [[], []];
  let most = 0;
  let going = 0;
  const run = await inTurns({ files: 5, streams: 2 }, async (stream) => async (file) => {
    going += 1;
    most = Math.max(most, going);
    taken[stream]!.push(file);
    await Bun.sleep(1);
    going -= 1;
  });
  expect(taken.flat().toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  expect(run.p99).toBeGreaterThanOrEqual(run.p50);
  expect(run.milliseconds).toBeGreaterThanOrEqual(run.p50);
});
