/** What many peers cost: memory of server and kernel, and the time a neighbour waits. */
import { join } from "node:path";
import { connect } from "../src/index.ts";
import { KiB, MiB } from "../src/limits.ts";
import { percentile, printTable, progress, type Row } from "./support/figures.ts";
import type { Suite } from "./support/record.ts";
import { Scratch, ServerProcess, runFixture, tcpMemory } from "./support/processes.ts";
import { randomFile } from "./transfer.ts";

const mib = (bytes: number): string => `${(bytes / MiB).toFixed(1)} MiB`;

/** Peers in a process of their own, there until disposed. */
class Peers implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;

  private constructor(process: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.#process = process;
  }

  static async start(port: number, count: number, ...words: string[]): Promise<Peers> {
    const path = join(import.meta.dir, "fixtures/silent-readers.ts");
    const command = [process.execPath, path, String(port), String(count), ...words];
    const child = Bun.spawn(command, { stdio: ["pipe", "pipe", "inherit"] });
    await child.stdout.getReader().read();
    return new Peers(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.end();
    await this.#process.exited;
  }
}

async function clients(scratch: Scratch, way: "down" | "up"): Promise<Row> {
  const file = join(scratch.library, "64m.bin");
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  const name = way === "down" ? "64m.bin" : file;
  await runFixture("leat-client", "many", way, server.port, 64, name, scratch.out(""));
  const what = `server RSS, 64 clients move 64 MiB ${way} at once`;
  return { what, asked: "under 160 MiB", measured: `peak ${mib(server.peakRss)}` };
}

async function silent(scratch: Scratch): Promise<Row[]> {
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  for await (const _ of neighbour.list()) void _;
  const before = { rss: server.rss, tcp: tcpMemory() };
  await using _peers = await Peers.start(server.port, 200, "1g.bin");
  const waits: number[] = [];
  const until = performance.now() + 5000;
  while (performance.now() < until) {
    const began = performance.now();
    for await (const entry of neighbour.list()) void entry;
    waits.push(performance.now() - began);
    await Bun.sleep(20);
  }
  const what = "200 silent readers of 1 GiB";
  return [
    {
      what: `${what}: server RSS grows by`,
      asked: "at most 100 MiB",
      measured: mib(server.peakRss - before.rss),
    },
    {
      what: `${what}: kernel TCP memory grows by`,
      asked: "at most 100 MiB",
      measured: mib(tcpMemory() - before.tcp),
    },
    {
      what: `${what}: a neighbour's list answers within`,
      asked: "100 ms",
      measured: `median ${percentile(waits, 0.5).toFixed(1)} ms, most ${Math.max(...waits).toFixed(1)} ms of ${waits.length}`,
    },
  ];
}

async function beside(scratch: Scratch): Promise<Row> {
  await using server = await ServerProcess.leat(scratch.library, "--durability", "none");
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  await neighbour.stat("64m.bin");
  const over = { yet: false };
  const load = runFixture(
    "leat-client",
    "many",
    "down",
    server.port,
    64,
    "64m.bin",
    scratch.out(""),
  );
  void load.finally(() => (over.yet = true));
  const waits: number[] = [];
  while (!over.yet) {
    const began = performance.now();
    await neighbour.stat("64m.bin");
    waits.push(performance.now() - began);
    await Bun.sleep(2);
  }
  await load;
  return {
    what: "stat beside 64 downloads, p99",
    asked: "at most 10 ms",
    measured: `${percentile(waits, 0.99).toFixed(1)} ms (median ${percentile(waits, 0.5).toFixed(1)} ms, ${waits.length} samples)`,
  };
}

async function idle(scratch: Scratch, count: number): Promise<Row> {
  await using server = await ServerProcess.leat(scratch.library);
  const settled = async (): Promise<number> => {
    await Bun.sleep(1500);
    return server.rss;
  };
  // The first ones pay for code that is compiled and buffers that stay.
  {
    await using _first = await Peers.start(server.port, 200);
    await settled();
  }
  const before = await settled();
  await using _peers = await Peers.start(server.port, count);
  const each = ((await settled()) - before) / count;
  return {
    what: `server RSS of each of ${count} idle connections`,
    asked: "at most 8 KiB",
    measured: `${(each / KiB).toFixed(1)} KiB`,
  };
}

async function run(): Promise<void> {
  using scratch = new Scratch();
  randomFile(join(scratch.library, "64m.bin"), 64 * MiB);
  randomFile(join(scratch.library, "1g.bin"), 1024 * MiB);
  const rows: Row[] = [];
  for (const step of [
    () => clients(scratch, "down"),
    () => clients(scratch, "up"),
    () => silent(scratch),
    () => beside(scratch),
    () => idle(scratch, 2000),
  ]) {
    const more = [await step()].flat();
    for (const { what, measured } of more) progress(`${what}: ${measured}`);
    rows.push(...more);
  }
  printTable("Memory and neighbours", rows);
}

export const memory: Suite = {
  name: "memory",
  title: "what many peers cost: memory of server and kernel, and the time a neighbour waits",
  run,
};
