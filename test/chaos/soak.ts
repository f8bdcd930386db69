/** Mixed work on one server for a long time: what it holds in the end, beside what it held early. */
import { percentile } from "../../bench/support/figures.ts";
import { residentMemory } from "../../bench/support/system.ts";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Crowd } from "./crowd.ts";
import { drawFault } from "./faults.ts";
import { History } from "./history.ts";
import { drawPlan } from "./plan.ts";
import { inTime, PLACE } from "./run.ts";
import { Serving } from "./serving.ts";
import { Versions } from "./versions.ts";

const PLAIN = { workers: 1, descriptors: 0, room: 0, readOnly: false };
/** Milliseconds until memory is looked at first; a third of a short soak. */
const WARM = 120_000;
/** Milliseconds over which memory is looked at, every LOOK: the median counts. */
const LOOKED = 60_000;
const LOOK = 100;
/** Milliseconds from which a round is worth a line. */
const LONG = 10_000;
/**
 * Milliseconds after which clients give up whose bits were garbled anywhere: a length that is too long is
 * waited for until the silence is, a request that became another one for up to TRANSFER_DEADLINE.
 */
const GARBLED = 5_000;
/** How much more there may be in the end. */
const MORE = 1.1;

/** @param duration milliseconds @returns whether memory and descriptors came back */
export async function soak(duration: number): Promise<boolean> {
  using folder = new TemporaryFolder(PLACE);
  const versions = new Versions(folder.folder("versions"));
  const serving = await Serving.start(folder.folder("library"), PLAIN);
  try {
    await round(serving, versions, folder.folder("local"), 0);
    const descriptors = serving.descriptors();
    using memory = new Memory(serving.pid);
    const rounds = await roundsFor(duration, memory, (seed) =>
      round(serving, versions, folder.folder("local"), seed),
    );
    const warm = Math.min(WARM, duration / 3);
    const looked = Math.min(LOOKED, duration / 6);
    const before = memory.median(warm - looked, warm);
    const after = memory.median(duration - looked, duration);
    const held = await serving.settled(descriptors);
    const good = after <= before * MORE && held.length === 0;
    console.log(
      `${good ? "ok    " : "FAILED"}  ${rounds} rounds in ${(duration / 60_000).toFixed(1)} minutes: ` +
        `${mebibytes(before)} after ${(warm / 1000).toFixed(0)} s, ${mebibytes(after)} at the end; ` +
        `descriptors ${held.length === 0 ? `back to ${descriptors}` : held.join(", ")}`,
    );
    return good;
  } finally {
    await serving.stop();
  }
}

/** @returns how many there were */
async function roundsFor(
  duration: number,
  memory: Memory,
  run: (seed: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  let rounds = 0;
  while (performance.now() - began < duration) {
    rounds += 1;
    const before = performance.now();
    await run(rounds);
    const took = performance.now() - before;
    if (took > LONG) console.error(`round ${rounds} took ${(took / 1000).toFixed(0)} s`);
    if (rounds % 100 === 0) console.error(`${rounds} rounds, ${mebibytes(memory.now)}`);
  }
  return rounds;
}

/** What the clients of one plan do, over connections that suffer; then all is removed again. */
async function round(serving: Serving, versions: Versions, local: string, seed: number) {
  const plan = drawPlan("proxy", seed);
  const garbled = seed % 10 === 1;
  using proxy = new FaultProxy(serving.port, (connection) =>
    drawFault(seed % 2 === 0 ? "proxy" : "flip", garbled, seed, connection),
  );
  const history = new History(versions);
  await using crowd = new Crowd(plan, { address: proxy.address, versions, local, history });
  if (garbled) await inTime(crowd.ended, GARBLED);
  else await crowd.ended;
  await crowd.end();
  proxy.reset();
  await using client = await connect(serving.address, { retry: 10_000 });
  for await (const { name } of client.list("", { hidden: true })) await client.remove(name);
}

/** The resident memory of a process over time, whatever else happens meanwhile. */
class Memory implements Disposable {
  readonly #pid: number;
  readonly #began = performance.now();
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];
  readonly #timer: Timer;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  /** Bytes. */
  get now(): number {
    return residentMemory(this.#pid);
  }

  /** Of the samples between two times, in milliseconds. @returns bytes */
  median(from: number, to: number): number {
    const there = this.#samples.filter(({ at }) => at >= from && at < to);
    if (there.length === 0) throw new Error(`memory was not looked at from ${from} to ${to} ms`);
    return percentile(
      there.map(({ bytes }) => bytes),
      0.5,
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      this.#samples.push({ at: performance.now() - this.#began, bytes: this.now });
    } catch {
      clearInterval(this.#timer); // the process has gone: whoever asks it next says so
    }
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
