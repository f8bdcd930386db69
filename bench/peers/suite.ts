/** The same work on what one would use instead, in turn, by whole processes as a user starts them. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { GiB, KiB, MiB } from "../../src/limits.ts";
import { progress } from "../support/figures.ts";
import { Scratch } from "../support/processes.ts";
import type { Bench, Recorder, Suite } from "../support/record.ts";
import { Samples } from "../support/samples.ts";
import type { Competitor } from "./competitor.ts";
import { connectionsOf, memoryEach } from "./idle.ts";
import { Interrupt } from "../support/interrupt.ts";
import { type LineUp, startPeers, tell, versions } from "./line-up.ts";
import { ceilingOf } from "./local.ts";
import { ONE, makeFiles } from "./material.ts";
import { accounting } from "./process-group.ts";
import { Programs } from "./programs.ts";
import { Session } from "./session.ts";
import type { Site } from "./site.ts";
import { type Times, listingWork, sizeText, transferWork } from "./works.ts";

const SUITE = "peers";

const SMALL = 4 * KiB;
/** How much of everything. */
export interface Plan {
  readonly file: { readonly size: number } & Times;
  /** Shared out to client processes that start together. */
  readonly parts: {
    readonly count: number;
    readonly size: number;
    readonly clients: number;
  } & Times;
  /** Numbers of small files: a program that is too slow with the first does not take part with the second. */
  readonly small: readonly ({ readonly count: number } & Times)[];
  readonly names: { readonly count: number } & Times;
  readonly start: Times;
  readonly idle: { readonly connections: number; readonly rounds: number };
}

const times = (rounds: number, warmUp: boolean): Times => ({ rounds, warmUp });

const FULL: Plan = {
  file: { size: GiB, ...times(5, true) },
  parts: { count: 64, size: 16 * MiB, clients: 4, ...times(3, true) },
  small: [
    { count: 5000, ...times(5, true) },
    { count: 50_000, ...times(3, false) },
  ],
  names: { count: 100_000, ...times(3, true) },
  start: times(10, true),
  idle: { connections: 1000, rounds: 3 },
};

const QUICK: Plan = {
  file: { size: 256 * MiB, ...times(2, false) },
  parts: { count: 16, size: 4 * MiB, clients: 4, ...times(2, false) },
  small: [{ count: 1000, ...times(2, false) }],
  names: { count: 10_000, ...times(2, false) },
  start: times(3, false),
  idle: { connections: 500, rounds: 2 },
};

/** A program that would need more seconds than this for one run of the many small files does not take part. */
const PATIENCE = 8;

export const peers: Suite = {
  name: SUITE,
  title: "leat and its command line beside other servers and their clients, whole processes",
  run: ({ record, quick }: Bench) => runPeers(quick ? QUICK : FULL, record),
};

export async function runPeers(plan: Plan, record: Recorder): Promise<void> {
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const site = prepareSite(scratch, process.env.PATH ?? "");
  tell(versions(site));
  progress(`  CPU time of servers by ${accounting()}`);
  await using lineUp = await startPeers(site, SUITE, record);
  const { competitors } = lineUp;
  const { signal } = interrupt;
  const session = new Session(site, { suite: SUITE, competitors, record, signal, ceilingOf });
  await transfers(session, plan);
  const names = makeFiles(site.library, "names", plan.names.count, 0);
  await session.work(listingWork(site, names, plan.names));
  await idleMemory(lineUp, plan.idle, record, signal);
}

/**
 * Others than root serve from it, too, and so it can be entered by all.
 * @param path where the programs of the peers are looked for
 */
export function prepareSite(scratch: Scratch, path: string): Site {
  const etc = join(scratch.path, "etc");
  for (const folder of [scratch.path, scratch.library]) chmodSync(folder, 0o755);
  mkdirSync(etc, { mode: 0o755 });
  const root = process.getuid?.() === 0;
  return { programs: new Programs(path), library: scratch.library, etc, root };
}

async function transfers(session: Session, plan: Plan): Promise<void> {
  const { site } = session;
  const one = makeFiles(site.library, ONE.path, 1, SMALL);
  const file = makeFiles(site.library, "file", 1, plan.file.size);
  const parts = makeFiles(site.library, "parts", plan.parts.count, plan.parts.size);
  const start = { kind: "start", direction: "download", files: one, size: SMALL } as const;
  await session.work(transferWork(site, start, plan.start));
  for (const direction of ["download", "upload"] as const) {
    const single = { kind: "one file", direction, files: file, size: plan.file.size } as const;
    await session.work(transferWork(site, single, plan.file));
    const { size, clients } = plan.parts;
    const many = { kind: "parts", direction, files: parts, size, clients } as const;
    await session.work(transferWork(site, many, plan.parts));
  }
  const small = plan.small.map(({ count, ...rest }) => {
    return { files: makeFiles(site.library, `s${count}`, count, SMALL), rest };
  });
  for (const direction of ["download", "upload"] as const) {
    let spared = new Map<Competitor, string>();
    for (const [index, { files, rest }] of small.entries()) {
      const what = { kind: "small files", direction, files, size: SMALL } as const;
      const took = await session.work(transferWork(site, what, rest), spared);
      const next = plan.small[index + 1];
      if (next) spared = tooSlow(took, files.names.length, next.count);
    }
  }
}

/** Programs that would need too long for `next` files, judging by the time for `count`. */
function tooSlow(
  took: ReadonlyMap<Competitor, number>,
  count: number,
  next: number,
): Map<Competitor, string> {
  const slow = [...took].filter(([, wall]) => (wall * next) / count > PATIENCE);
  return new Map(
    slow.map(([competitor, wall]) => {
      const why = `${sizeText(count, SMALL)} took ${wall.toFixed(1)} s`;
      return [competitor, `left out: ${why}, these would take more than ${PATIENCE} s`];
    }),
  );
}

async function idleMemory(
  { idles }: LineUp,
  { connections, rounds }: Plan["idle"],
  record: Recorder,
  signal: AbortSignal,
): Promise<void> {
  for (const idle of idles) {
    const { who, state } = idle;
    const key = { suite: SUITE, work: "an idle connection", who, measure: "memory each" } as const;
    const count = connectionsOf(idle, connections);
    try {
      const samples = new Samples();
      // The first round is not counted: the server gets what it then keeps.
      for (let round = 0; round <= rounds; round += 1) {
        const each = await memoryEach(idle, count, signal);
        if (round > 0) samples.take(key, each, { note: `${count} connections, ${state}` });
      }
      samples.write(record);
    } catch (thrown) {
      signal.throwIfAborted();
      if (who === "leat") throw thrown;
      const why = `${key.work}: ${(thrown as Error).message}`;
      record.absent(SUITE, who, why);
      progress(`  absent: ${who}: ${why}`);
    }
  }
}
