import { describe, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import type { Client } from "../../src/client/client.ts";
import { announcedSeed, seededRandom } from "../support/chop.ts";
import { hex, pattern } from "../store/support.ts";
import { World, outcome } from "./world.ts";
import { LONG } from "../support/ways.ts";

const FILES = [0, 1, 100, 5000, 70_000, 300_000, 1_048_576, 1_200_000, 5_000_000];
const CONTENTS = pattern(FILES.at(-1)!);
const nameOf = (size: number): string => `f${size}`;

interface Task {
  readonly kind:
    "list" | "get" | "save" | "put" | "stat" | "ping" | "checksum" | "status" | "makeDirectory";
  /** Which client does it. */
  readonly client: number;
  /** Which file is read, or how long one is that is written. */
  readonly file: number;
  /** Where a range begins, and how long it is, in thousandths of the file. */
  readonly from: number;
  readonly part: number;
  readonly sha256: boolean;
  /** Bytes that come in chunks, of unknown length. */
  readonly chunks: boolean;
  /** Given up after so many steps of the world; -1: not at all. */
  readonly cancel: number;
}

const task: fc.Arbitrary<Task> = fc.record({
  kind: fc.constantFrom(
    "get",
    "get",
    "put",
    "put",
    "save",
    "list",
    "stat",
    "ping",
    "checksum",
    "status",
    "makeDirectory",
  ),
  client: fc.nat(3),
  file: fc.nat(FILES.length - 1),
  from: fc.oneof(fc.constant(0), fc.nat(1000)),
  part: fc.oneof(fc.constant(1000), fc.nat(1000)),
  sha256: fc.boolean(),
  chunks: fc.boolean(),
  cancel: fc.oneof(
    { weight: 3, arbitrary: fc.constant(-1) },
    { weight: 1, arbitrary: fc.nat(300) },
  ),
});

interface Scenario {
  /** What a line carries at once, the largest chunk, and which files are short enough for it. */
  readonly line: { readonly capacity: number; readonly chunk: number; readonly files: number };
  /** Send buffers of the process, and their size. */
  readonly buffers: number;
  readonly size: number;
  readonly clients: number;
  readonly maxStreams: number;
  readonly slow: boolean;
  /** Ask before Welcome came; more than the server then takes is refused. */
  readonly early: boolean;
  readonly tasks: readonly Task[];
  readonly salt: number;
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  // A line that carries so few bytes at once that files must be short, up to one like TCP's.
  line: fc.constantFrom(
    { capacity: 1, chunk: 1, files: 3 },
    { capacity: 7, chunk: 3, files: 3 },
    { capacity: 500, chunk: 200, files: 4 },
    { capacity: 20_000, chunk: 5000, files: 6 },
    { capacity: 256 << 10, chunk: 64 << 10, files: 9 },
    { capacity: 256 << 10, chunk: 1 << 20, files: 9 },
  ),
  buffers: fc.integer({ min: 1, max: 4 }),
  size: fc.constantFrom(20_000, 100_000, 264 << 10),
  clients: fc.integer({ min: 1, max: 4 }),
  maxStreams: fc.constantFrom(1, 2, 3, 64),
  slow: fc.boolean(),
  early: fc.boolean(),
  tasks: fc.array(task, { minLength: 1, maxLength: 14 }),
  salt: fc.nat(),
});

const SLICE = 1000;

/** Does one thing, and looks whether what came is right. @returns what is wrong, if anything */
async function run(
  task: Task,
  sizes: readonly number[],
  client: Client,
  world: World,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const size = sizes[task.file % sizes.length]!;
  const path = nameOf(size);
  const expected = CONTENTS.subarray(0, size);
  switch (task.kind) {
    case "get":
    case "save": {
      const offset = Math.floor((size * task.from) / SLICE);
      const length = Math.floor((size * task.part) / SLICE);
      const { sha256 } = task;
      const download = await client.get(path, { offset, length, sha256, signal });
      const wanted = CONTENTS.subarray(offset, Math.min(size, offset + length));
      if (task.kind === "get") {
        const got = await download.bytes();
        return Buffer.compare(got, wanted) === 0 ? undefined : `${path} came wrong`;
      }
      const local = world.folder.at(`saved-${name}`);
      world.outside++;
      await download.save(local, { durability: "none" }).finally(() => void world.outside--);
      return Buffer.compare(readFileSync(local), wanted) === 0 ? undefined : `${path} saved wrong`;
    }
    case "put": {
      const { sha256 } = task;
      const source = task.chunks ? inChunks(expected, 1 + task.part * 50, world) : expected;
      const receipt = await client.put(`put-${name}`, source, { sha256, signal });
      return receipt.entry?.size === size ? undefined : `the receipt of ${name} is wrong`;
    }
    case "list": {
      const names: string[] = [];
      for await (const entry of client.list("", { signal })) names.push(entry.name);
      const missing = sizes.filter((one) => !names.includes(nameOf(one)));
      return missing.length === 0 ? undefined : `the list lacks ${missing.join()}`;
    }
    case "stat": {
      const entry = await client.stat(path, { signal });
      return entry.size === size ? undefined : `${path} has ${entry.size}`;
    }
    case "checksum": {
      const { digest } = await client.checksum(path, "SHA256", { signal });
      return digest.toHex() === hex(expected) ? undefined : `the checksum of ${path} is wrong`;
    }
    case "makeDirectory":
      return (await client.makeDirectory(`d-${name}`, { signal })).kind === "DIRECTORY"
        ? undefined
        : "no folder";
    case "ping":
      await client.ping({ signal });
      return undefined;
    case "status":
      return (await client.status({ signal })).connections > 0 ? undefined : "no connections";
  }
}

async function* inChunks(bytes: Uint8Array, size: number, world: World) {
  for (let at = 0; at < bytes.length; at += size) {
    await world.steps.once();
    yield bytes.slice(at, at + size);
  }
}

/** Something that happens to the world after so many steps of the work. */
interface Trouble {
  readonly after: number;
  readonly happens: (world: World) => void;
  /** What a task may be refused with because of it. */
  readonly codes: readonly string[];
}

const NONE: Trouble = { after: -1, happens: () => {}, codes: [] };

/** Runs a scenario. @returns all that is wrong */
async function play(scenario: Scenario, trouble = NONE): Promise<string[]> {
  const { line, clients, maxStreams, tasks } = scenario;
  const random = seededRandom(scenario.salt);
  const world = new World({ ...scenario, random, ...line, server: { maxStreams } });
  const sizes = FILES.slice(0, line.files);
  for (const one of sizes) world.folder.file(nameOf(one), CONTENTS.subarray(0, one));
  if (!scenario.early || maxStreams < 16) {
    await world.settle(world.links.map((link) => link.welcomed));
  }
  const wrong: string[] = [];
  const done = new Set<number>();
  const start = world.steps.ran;
  const alarms = [{ after: start + trouble.after, ring: () => trouble.happens(world) }];
  if (trouble === NONE) alarms.pop();
  const work = tasks.map(async (one, i) => {
    const controller = new AbortController();
    const ring = (): void => controller.abort();
    if (one.cancel >= 0) alarms.push({ after: start + one.cancel, ring });
    const client = world.clients[one.client % clients]!;
    const result = await outcome(run(one, sizes, client, world, String(i), controller.signal));
    if (typeof result === "string") wrong.push(result);
    if (typeof result !== "object") return void done.add(i);
    const gaveUp = result.code === "CANCELLED" && one.cancel >= 0;
    if (!gaveUp && !trouble.codes.includes(result.code)) wrong.push(`${one.kind}: ${result.code}`);
  });
  await world.settle(work, () => {
    for (let k = alarms.length - 1; k >= 0; k--) {
      if (alarms[k]!.after <= world.steps.ran) alarms.splice(k, 1)[0]!.ring();
    }
  });
  // Before what is behind the scenes is over: a receipt promises the file, at once.
  wrong.push(...uploads(world, tasks, sizes, done));
  wrong.push(...(await world.end()));
  return wrong;
}

/** What was put is there whole, or not at all where it was given up. @returns what is not so */
function uploads(
  world: World,
  tasks: readonly Task[],
  sizes: readonly number[],
  done: ReadonlySet<number>,
): string[] {
  const wrong: string[] = [];
  const there = new Set(readdirSync(world.folder.path));
  for (const [i, one] of tasks.entries()) {
    if (one.kind !== "put") continue;
    const name = `put-${i}`;
    const expected = CONTENTS.subarray(0, sizes[one.file % sizes.length]!);
    if (!there.has(name)) {
      if (done.has(i)) wrong.push(`${name} is not there`);
    } else if (Buffer.compare(readFileSync(world.folder.at(name)), expected) !== 0) {
      wrong.push(`${name} is wrong on disk`);
    }
  }
  return wrong;
}

const RUNS = LONG ? 300 : 40;

function holds(
  trouble: (after: number) => Trouble,
  which: fc.Arbitrary<Scenario> = scenario,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(which, fc.nat(600), async (one, after) => {
      expect(await play(one, trouble(after))).toEqual([]);
    }),
    { seed: announcedSeed() | 0, numRuns: RUNS },
  );
}

/** More peers that read slowly than there are buffers: what waits for them is dropped and read again. */
const crowd: fc.Arbitrary<Scenario> = fc.record({
  line: fc.constantFrom(
    { capacity: 3000, chunk: 2000, files: 6 },
    { capacity: 20_000, chunk: 9000, files: 6 },
    { capacity: 100_000, chunk: 30_000, files: 8 },
  ),
  buffers: fc.constantFrom(1, 2),
  size: fc.constantFrom(20_000, 100_000, 264 << 10),
  clients: fc.constantFrom(3, 4),
  maxStreams: fc.constantFrom(2, 64),
  slow: fc.constant(false),
  early: fc.constant(false),
  tasks: fc.array(
    fc.record({
      kind: fc.constantFrom<Task["kind"]>("get", "get", "save"),
      client: fc.nat(3),
      file: fc.integer({ min: 4, max: 7 }),
      from: fc.nat(300),
      part: fc.constant(1000),
      sha256: fc.boolean(),
      chunks: fc.constant(false),
      cancel: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, fc.nat(300)),
    }),
    { minLength: 6, maxLength: 12 },
  ),
  salt: fc.nat(),
});

describe("a server and its clients", () => {
  test("never stall, and every byte is right, whatever the lines do", async () => {
    await holds(() => NONE);
  });

  test("never stall, and every byte is right, where most of what is sent has to be read again", async () => {
    await holds(() => NONE, crowd);
  });

  test("are told so when a line breaks, wherever that is; and nothing is left of them", async () => {
    const codes = ["CONNECTION_LOST", "OUTCOME_UNKNOWN"];
    await holds((after) => ({
      after,
      codes,
      happens: (world) => {
        for (const line of world.lines) line.cut();
      },
    }));
  });

  test("finish what is open when the server stops, and are refused what is not", async () => {
    const codes = ["UNAVAILABLE", "CONNECTION_LOST", "OUTCOME_UNKNOWN"];
    await holds((after) => ({
      after,
      codes,
      happens: (world) => void world.server.stop({ drain: 60_000 }),
    }));
  });

  test("finish what is on its way out when a client closes in the middle", async () => {
    const codes = ["CONNECTION_LOST", "OUTCOME_UNKNOWN", "CANCELLED"];
    await holds((after) => ({
      after,
      codes,
      happens: (world) => void world.clients[0]!.close(),
    }));
  });
});
