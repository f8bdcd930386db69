/** One chaos run, from its plan to what was wrong in the end. */
import { existsSync, readdirSync } from "node:fs";
import { connect } from "../../src/index.ts";
import type { FaultCounts } from "../support/fault-line.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Blows } from "./blows.ts";
import { check, filesIn, type Violation } from "./checker.ts";
import { Crowd } from "./crowd.ts";
import { History } from "./history.ts";
import type { Kind, Plan } from "./plan.ts";
import { Serving } from "./serving.ts";
import { smallDisk } from "../support/mounted.ts";
import type { Digest, Versions } from "./versions.ts";

/** In memory, where there is such a place: what is tested is the order of things, not the disk. */
export const PLACE = existsSync("/dev/shm") ? "/dev/shm" : undefined;

/** Milliseconds after which whoever has not ended is stuck. */
const STUCK = 45_000;

export interface Result {
  readonly kind: Kind;
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: FaultCounts;
  readonly blows: Readonly<Record<string, number>>;
  readonly history: History;
  readonly seconds: number;
  readonly log: string;
}

export async function runPlan(plan: Plan, versions: Versions): Promise<Result> {
  const began = performance.now();
  using folder = new TemporaryFolder(PLACE);
  const library = folder.folder("library");
  const { room } = plan.server;
  using disk = room > 0 ? smallDisk(room, library) : undefined;
  const local = folder.folder("local");
  const history = new History(versions);
  const sent = sentBy(plan, versions);
  let serving = await Serving.start(library, plan.server);
  const violations: Violation[] = [];
  let counts: FaultCounts;
  const blows = { done: {} as Record<string, number> };
  try {
    await prepare(plan, serving, versions, history);
    if (plan.server.readOnly) {
      violations.push(...(await serving.stop()).map(broken));
      disk?.remount("ro");
      serving = await Serving.start(library, plan.server);
    }
    const descriptors = serving.descriptors();
    using proxy = new FaultProxy(serving.port, plan.fault);
    await using crowd = new Crowd(plan, { address: proxy.address, versions, local, history });
    const striking = new Blows(plan, { serving, proxy, crowd, history });
    blows.done = striking.done;
    const ended = await inTime(crowd.ended);
    await striking.end();
    if (ended !== undefined)
      violations.push({ what: "stuck", text: `${ended}\n${unended(history)}` });
    counts = proxy.counts;
    await crowd.end();
    proxy.reset();
    const held = await serving.settled(descriptors);
    violations.push(...held.map((text) => ({ what: "leaked", text }) as const));
    history.close();
    const listed = await listedBy(serving);
    const files = filesIn(library);
    const partials = readdirSync(`${library}/.leat/partial`).length;
    violations.push(
      ...check({ history, sent, files, listed, local, partials, garbled: plan.garbled }),
    );
  } finally {
    violations.push(...(await serving.stop()).map(broken));
  }
  const said = /\b(?:INTERNAL|TypeError|ReferenceError|RangeError|panic|nobody could)\b.*/.exec(
    serving.log,
  );
  if (said !== null) violations.push(broken(`the server says: ${said[0]}`));
  const seconds = (performance.now() - began) / 1000;
  const { kind, seed } = plan;
  return { kind, seed, violations, counts, blows: blows.done, history, seconds, log: serving.log };
}

const broken = (text: string): Violation => ({ what: "broken", text });

/** Puts there what is there from the start, by the server: it has served once then. */
async function prepare(
  { before }: Plan,
  serving: Serving,
  versions: Versions,
  history: History,
): Promise<void> {
  await using client = await connect(serving.address, { retry: 5_000 });
  for (const { name, version } of before) {
    await client.put(name, Bun.file(versions.path(version)));
    history.before(name, versions.digest(version));
  }
}

function sentBy({ clients, before }: Plan, versions: Versions): Set<Digest> {
  const sent = new Set(before.map(({ version }) => versions.digest(version)));
  for (const step of clients.flat()) if (step.do === "put") sent.add(versions.digest(step.version));
  return sent;
}

async function listedBy(serving: Serving): Promise<string[]> {
  await using client = await connect(serving.address, { retry: 5_000 });
  const names: string[] = [];
  for await (const { name } of client.list("", { hidden: true })) names.push(name);
  return names;
}

function unended({ calls }: History): string {
  const first = calls[0]?.start ?? 0;
  return calls
    .filter(({ ending }) => ending === undefined)
    .map(({ client, step, start }) => {
      return `    client ${client}, since ${(start - first).toFixed(1)} ms: ${JSON.stringify(step)}`;
    })
    .join("\n");
}

/** @param most milliseconds @returns what is to be said when it has not ended by then */
export async function inTime(ended: Promise<void>, most = STUCK): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(`not ended after ${most / 1000} s`), most);
  try {
    return (await Promise.race([ended, late.promise])) ?? undefined;
  } finally {
    clearTimeout(timer);
  }
}
