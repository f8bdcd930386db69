/** Mixed work on one server for a long time: what it holds in the end, beside what it held early. */
import { readFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Crowd } from "./crowd.ts";
import { drawFault } from "./faults.ts";
import { History } from "./history.ts";
import { drawPlan } from "./plan.ts";
import { PLACE } from "./run.ts";
import { Serving } from "./serving.ts";
import { Versions } from "./versions.ts";

const PLAIN = { workers: 1, descriptors: 0, room: 0, readOnly: false };
/** Milliseconds until memory is looked at first; a third of a short soak. */
const WARM = 120_000;
/** Milliseconds over which memory is looked at: the median counts. */
const LOOKED = 20_000;
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
    const began = performance.now();
    const warm = Math.min(WARM, duration / 3);
    const looked = Math.min(LOOKED, duration / 6);
    const early: number[] = [];
    const late: number[] = [];
    let rounds = 0;
    for (let now = 0; now < duration; now = performance.now() - began) {
      rounds += 1;
      await round(serving, versions, folder.folder(`local`), rounds);
      const rss = memoryOf(serving.pid);
      if (now >= warm - looked && now < warm) early.push(rss);
      if (now >= duration - looked) late.push(rss);
      if (rounds % 100 === 0) console.error(`${rounds} rounds, ${(rss / MiB).toFixed(0)} MiB`);
    }
    const [before, after] = [median(early), median(late)];
    const held = await serving.settled(descriptors);
    const good = after <= before * MORE && held.length === 0;
    console.log(
      `${good ? "ok    " : "FAILED"}  ${rounds} rounds in ${(duration / 60_000).toFixed(1)} minutes: ` +
        `${(before / MiB).toFixed(1)} MiB after ${(warm / 1000).toFixed(0)} s, ` +
        `${(after / MiB).toFixed(1)} MiB at the end; ` +
        `descriptors ${held.length === 0 ? `back to ${descriptors}` : held.join(", ")}`,
    );
    return good;
  } finally {
    await serving.stop();
  }
}

/** What the clients of one plan do, over connections that suffer; then all is removed again. */
async function round(serving: Serving, versions: Versions, local: string, seed: number) {
  const plan = drawPlan("proxy", seed);
  using proxy = new FaultProxy(serving.port, (connection) =>
    drawFault(seed % 2 === 0 ? "proxy" : "flip", seed % 10 === 1, seed, connection),
  );
  const history = new History(versions);
  await using crowd = new Crowd(plan, { address: proxy.address, versions, local, history });
  await crowd.ended;
  proxy.reset();
  await using client = await connect(serving.address, { retry: 10_000 });
  for await (const { name } of client.list("", { hidden: true })) await client.remove(name);
}

function memoryOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)![1]) * 1024;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
