/** Trees of files that are moved and mirrored, beside rsync, by whole processes. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KiB, MiB } from "../src/limits.ts";
import { buildLeat } from "./peers/leat.ts";
import { Missing } from "./peers/programs.ts";
import { runClients } from "./peers/run.ts";
import type { Site } from "./peers/site.ts";
import { prepareSite } from "./peers/suite.ts";
import { progress } from "./support/figures.ts";
import { Interrupt } from "./support/interrupt.ts";
import { Scratch, ServerProcess } from "./support/processes.ts";
import { peakMemory } from "./support/system.ts";
import type { Measure, Recorder, Suite } from "./support/record.ts";
import { Samples } from "./support/samples.ts";
import { type Mover, leatMover, startLeat, startMovers, type Task } from "./trees/movers.ts";
import { changeTree, compareTrees, copyTree, filesOf, makeTree, type Shape } from "./trees/tree.ts";

const SUITE = "trees";

export interface TreesPlan {
  readonly rounds: number;
  /** Mirrored, unchanged and with 1 % changed. */
  readonly mirrored: Shape;
  /** Copied as it is; undefined where there is none. */
  readonly real: string | undefined;
  /** Fetched from a server that was just started, five times. */
  readonly fresh: Shape;
  /** For the memory that it takes. */
  readonly large: Shape;
}

/** Milliseconds of each direction of the long link. */
const DELAY = 10;
/** Milliseconds between two looks at the memory of a process. */
const LOOK = 10;
/** The one that is compared with the first. */
const FIFTH = 5;

const NODE_MODULES = join(import.meta.dir, "../node_modules");

const FULL: TreesPlan = {
  rounds: 5,
  mirrored: { folders: 1000, each: 100, size: 4 * KiB },
  real: NODE_MODULES,
  fresh: { folders: 1, each: 5000, size: 4 * KiB },
  large: { folders: 1000, each: 1000, size: 0 },
};

const QUICK: TreesPlan = {
  rounds: 2,
  mirrored: { folders: 100, each: 50, size: 4 * KiB },
  real: undefined,
  fresh: { folders: 1, each: 1000, size: 4 * KiB },
  large: { folders: 100, each: 200, size: 0 },
};

export const trees: Suite = {
  name: SUITE,
  title: "whole folders, copied and mirrored, beside rsync, near and over a long link",
  run: ({ record, quick }) => measureTrees(quick ? QUICK : FULL, record),
};

export async function measureTrees(plan: TreesPlan, record: Recorder): Promise<void> {
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const site = prepareSite(scratch, process.env.PATH ?? "");
  const bench = new Trees(site, scratch, record, interrupt.signal);
  try {
    await bench.beside(plan);
  } catch (thrown) {
    if (!(thrown instanceof Missing)) throw thrown;
    record.absent(SUITE, "rsync", thrown.message);
    progress(`  absent: rsync: ${thrown.message}`);
  }
  await bench.fresh(plan.fresh, plan.rounds);
  await bench.memory(plan.large);
}

interface Work {
  readonly name: string;
  readonly task: Task;
  readonly way: "down" | "up";
  /** Of the source, absolute. */
  readonly source: string;
  /** Called before each run. */
  prepare(target: string): void;
}

class Trees {
  readonly #site: Site;
  readonly #local: string;
  readonly #record: Recorder;
  readonly #signal: AbortSignal;
  #changes = 0;

  constructor(site: Site, scratch: Scratch, record: Recorder, signal: AbortSignal) {
    this.#site = site;
    this.#local = scratch.out("");
    this.#record = record;
    this.#signal = signal;
  }

  /** leat and rsync in turn. */
  async beside({ mirrored, real, rounds }: TreesPlan): Promise<void> {
    await using movers = await startMovers(this.#site, DELAY);
    const count = filesOf(mirrored).toLocaleString("en");
    for (const way of ["down", "up"] as const) {
      const root = way === "down" ? this.#site.library : this.#local;
      const source = join(root, "mirrored");
      makeTree(source, mirrored);
      const mirror = { task: "mirror", way, source } as const;
      const works: Work[] = [
        { ...mirror, name: `sync ${way} ${count} unchanged files`, prepare: () => {} },
        {
          ...mirror,
          name: `sync ${way} ${count} files, 1 % changed`,
          prepare: () => changeTree(source, mirrored, (this.#changes += 1)),
        },
      ];
      const target = join(way === "down" ? this.#local : this.#site.library, "target");
      copyTree(source, target);
      for (const work of works) await this.#compare(work, movers, rounds);
      for (const folder of [source, target]) rmSync(folder, { recursive: true });
      if (real === undefined || !existsSync(real)) continue;
      copyTree(`${real}/.`, join(root, "real"));
      const clear = (folder: string): void => rmSync(folder, { recursive: true, force: true });
      const copy = { task: "copy", way, source: join(root, "real"), prepare: clear } as const;
      await this.#compare({ ...copy, name: `copy node_modules ${way}` }, movers, rounds);
      rmSync(join(root, "real"), { recursive: true });
      clear(target);
    }
  }

  async #compare(
    work: Work,
    { direct, far }: { direct: readonly Mover[]; far: readonly Mover[] },
    rounds: number,
  ): Promise<void> {
    await this.#rounds(work, direct, rounds);
    const name = `${work.name}, over ${2 * DELAY} ms`;
    await this.#rounds({ ...work, name }, far, rounds);
  }

  async #rounds(work: Work, movers: readonly Mover[], rounds: number): Promise<void> {
    const samples = new Samples();
    // The first round is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      for (const mover of movers) {
        const figures = await this.#run(work, mover);
        if (round === 0) continue;
        for (const [measure, value] of Object.entries(figures)) {
          const key = { suite: SUITE, work: work.name, who: mover.who };
          samples.take({ ...key, measure: measure as Measure }, value);
        }
      }
    }
    samples.write(this.#record);
  }

  async #run(work: Work, mover: Mover): Promise<Partial<Record<Measure, number>>> {
    const { task, way, source } = work;
    const { library } = this.#site;
    const target = join(way === "down" ? this.#local : library, "target");
    work.prepare(target);
    const inLibrary = (path: string): string => path.slice(library.length + 1);
    const argv =
      way === "down"
        ? mover.down(task, inLibrary(source), target)
        : mover.up(task, source, inLibrary(target));
    const sample = await runClients(this.#site, [{ argv }], mover, this.#signal);
    compareTrees(source, target);
    const { wall, serverCpu, clientCpu } = sample;
    return {
      duration: wall * 1000,
      "server CPU time": serverCpu,
      "client CPU time": clientCpu,
    };
  }

  /** A server that was just started, and the same one a little later. */
  async fresh(shape: Shape, rounds: number): Promise<void> {
    const samples = new Samples();
    const count = filesOf(shape).toLocaleString("en");
    const [source, target] = [join(this.#site.library, "fresh"), join(this.#local, "fresh")];
    makeTree(source, shape);
    for (let round = 0; round < rounds; round += 1) {
      await using server = await startLeat(this.#site);
      const leat = leatMover(buildLeat(this.#site), server.port, server.group);
      for (let turn = 1; turn <= FIFTH; turn += 1) {
        rmSync(target, { recursive: true, force: true });
        const argv = leat.down("copy", "fresh", target);
        const { wall } = await runClients(this.#site, [{ argv }], leat, this.#signal);
        if (turn > 1 && turn < FIFTH) continue;
        const work = `get -r ${count} files, the ${turn === 1 ? "first" : "fifth"} of a server`;
        samples.take({ suite: SUITE, work, who: "leat", measure: "duration" }, wall * 1000);
      }
    }
    compareTrees(source, target);
    for (const folder of [source, target]) rmSync(folder, { recursive: true });
    samples.write(this.#record);
  }

  /** The most that client and server take: for a tree that is copied, and mirrored then. */
  async memory(shape: Shape): Promise<void> {
    const samples = new Samples();
    const count = filesOf(shape).toLocaleString("en");
    const { library } = this.#site;
    makeTree(join(library, "large"), shape);
    mkdirSync(join(library, "back"));
    const target = join(this.#local, "large");
    const executable = buildLeat(this.#site);
    const steps = [
      ["get -r", (leat: Mover) => leat.down("copy", "large", target)],
      ["sync down", (leat: Mover) => leat.down("mirror", "large", target)],
      ["upload -r", (leat: Mover) => leat.up("copy", `${target}/.`, "back")],
      ["sync up", (leat: Mover) => leat.up("mirror", target, "back")],
    ] as const;
    for (const [name, command] of steps) {
      this.#signal.throwIfAborted();
      await using server = await ServerProcess.leat(library, "--durability", "none");
      const argv = command(leatMover(executable, server.port));
      await using child = Bun.spawn(argv, {
        stdio: ["ignore", "ignore", "inherit"],
        signal: this.#signal,
      });
      const peak = await peakOf(child);
      if ((await child.exited) !== 0) throw new Error(`${name} of ${count} files failed`);
      const key = { suite: SUITE, work: `${name} ${count} files`, who: "leat" } as const;
      samples.take({ ...key, measure: "memory" }, peak / MiB);
      samples.take({ ...key, measure: "server memory" }, server.peakRss / MiB);
    }
    samples.write(this.#record);
    for (const folder of [join(library, "large"), join(library, "back"), target]) {
      rmSync(folder, { recursive: true });
    }
  }
}

/** The most resident memory of a process while it runs, in bytes. That of its parent counts in its `resourceUsage`. */
async function peakOf(child: Bun.Subprocess): Promise<number> {
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    try {
      peak = peakMemory(child.pid);
    } catch {
      break; // it has ended
    }
    await Promise.race([child.exited, Bun.sleep(LOOK)]);
  }
  return peak;
}
