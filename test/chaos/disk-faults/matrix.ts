/**
 * Every call of the store, in every phase of every request, with every error that it can have: one at
 * a time, and two at once. After each: a typed answer, nothing half visible, nothing lost that was
 * acknowledged, nothing held, and a server that serves the next request.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { type Client, connect, LeatError } from "../../../src/index.ts";
import { environment, SERVER_ALONE, Written } from "../../cli/support.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { openIn } from "../../support/held.ts";
import { randomFrom } from "../../support/chop.ts";
import { CODE_OF, ERRNOS, type Errno } from "./errnos.ts";
import { type Fault, Injection } from "./injection.ts";
import { type Phase, PHASES, stateOf, type World } from "./phases.ts";

const CALLS = Object.keys(ERRNOS);
/** Milliseconds after which a request has no answer, and a server holds what it will not let go of. */
const LATE = 20_000;
/** Of the calls of one name in a phase: so many are tried, the first and the last ones among them. */
const OCCURRENCES = 6;

export interface Options {
  readonly seed: number;
  /** Pairs of faults tried in each phase, drawn from all. */
  readonly pairs: number;
  /** Only each so-many-th of the single faults, beginning somewhere. */
  readonly every: number;
  readonly onCell?: (cell: Cell) => void;
}

export interface Cell {
  readonly phase: string;
  readonly faults: readonly Fault[];
  /** Calls that failed. */
  readonly hits: number;
  /** `done`, or the code of the refusal. */
  readonly outcome: string;
  readonly violations: readonly string[];
}

/** Ways of serving that make other calls. */
const WAYS: readonly { readonly flags: readonly string[]; readonly phases: RegExp }[] = [
  { flags: ["--kernel-copy", "off"], phases: /./ },
  { flags: ["--kernel-copy", "on"], phases: /^download/ },
  { flags: ["--durability", "none"], phases: /^upload/ },
];

export async function tryFaults(options: Options): Promise<Cell[]> {
  const cells: Cell[] = [];
  const draw = randomFrom(options.seed).below;
  for (const way of WAYS) cells.push(...(await tryWay(way, options, draw)));
  return cells;
}

async function tryWay(
  { flags, phases }: (typeof WAYS)[number],
  options: Options,
  draw: (below: number) => number,
): Promise<Cell[]> {
  await using server = new FaultyServer(flags);
  const cells: Cell[] = [];
  for (const phase of PHASES.filter(({ name }) => phases.test(name))) {
    const singles = await server.singlesOf(phase);
    const from = draw(options.every);
    const tried = singles.filter((_fault, index) => index % options.every === from);
    const sets = [...tried.map((fault) => [fault]), ...pairsOf(singles, options.pairs, draw)];
    for (const faults of sets) {
      const cell = await server.try(phase, faults);
      cells.push(cell);
      options.onCell?.(cell);
    }
  }
  return cells;
}

/** The second fault stays: what fails behind the first one is what is to be cleaned up. */
function pairsOf(
  singles: readonly Fault[],
  count: number,
  draw: (below: number) => number,
): Fault[][] {
  if (singles.length < 2) return [];
  const pairs: Fault[][] = [];
  for (let tries = 0; pairs.length < count && tries < count * 10; tries += 1) {
    const first = singles[draw(singles.length)]!;
    const second = singles[draw(singles.length)]!;
    // strace has one set of paths for all faults.
    if (first.call === second.call || first.path !== second.path) continue;
    pairs.push([first, { ...second, when: "1+" }]);
  }
  return pairs;
}

class FaultyServer implements AsyncDisposable {
  readonly #library = new TemporaryFolder();
  readonly #work = new TemporaryFolder();
  readonly #flags: readonly string[];
  #child: Bun.Subprocess | undefined;
  #client: Client | undefined;
  #port = 0;
  #cells = 0;

  constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  /** Runs a phase once without a fault. @returns each fault that could befall it */
  async singlesOf(phase: Phase): Promise<Fault[]> {
    await this.#undisturbed(phase); // what is made only once is there
    const world = await this.#world();
    const name = this.#begin(phase);
    const trace = await Injection.into(this.#child!.pid, this.#work.at("trace"), CALLS, []);
    await phase.act(world, name);
    await this.#settled(0);
    const lines = (await trace.end()).filter((line) => line.includes(this.#library.path));
    this.#clear(name);
    return Object.entries(ERRNOS).flatMap(([call, errnos]) => faultsOf(call, errnos, lines));
  }

  async try(phase: Phase, faults: readonly Fault[]): Promise<Cell> {
    const world = await this.#world();
    const name = this.#begin(phase);
    const held = this.#held().length;
    const calls = [...new Set(faults.map(({ call }) => call))];
    const injection = await Injection.into(this.#child!.pid, this.#work.at("trace"), calls, faults);
    const violations: string[] = [];
    const outcome = await outcomeOf(phase.act(world, name), faults, violations);
    if (!(await this.#settled(held))) violations.push(`holds ${this.#held().join(", ")}`);
    const hits = (await injection.end()).filter((line) => line.includes("(INJECTED)")).length;
    this.#compare(phase, name, outcome, violations);
    await this.#nextRequest(phase, violations);
    this.#clear(name);
    const { name: shown } = phase;
    return { phase: [shown, ...this.#flags].join(" "), faults, hits, outcome, violations };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    this.#library[Symbol.dispose]();
    this.#work[Symbol.dispose]();
  }

  #begin(phase: Phase): string {
    const name = `cell-${(this.#cells += 1)}`;
    for (const [more, state] of Object.entries(phase.before ?? {})) {
      if (state === "folder") mkdirSync(this.#library.at(name + more));
      else if (state !== undefined) writeFileSync(this.#library.at(name + more), state);
    }
    return name;
  }

  #clear(name: string): void {
    rmSync(this.#library.at(name), { recursive: true, force: true });
  }

  /** Everything is as it was, or as it was to become; and so if the client was told so. */
  #compare(phase: Phase, name: string, outcome: string, violations: string[]): void {
    const { before = {}, after = {} } = phase;
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const more of names.size === 0 ? [""] : names) {
      const state = stateOf(this.#library.at(name + more));
      const allowed = outcome === "done" ? [after[more]] : [before[more]];
      if (phase.partway?.includes(more) === true) allowed.push(after[more]);
      if (allowed.includes(state)) continue;
      const found = state === undefined ? "nothing" : `${state.length} characters`;
      violations.push(`"${more}" is ${found} after ${outcome}`);
    }
  }

  async #nextRequest(phase: Phase, violations: string[]): Promise<void> {
    try {
      await this.#undisturbed(phase);
    } catch (error) {
      violations.push(`the next request: ${String(error)}`);
      await this.#end();
    }
  }

  /** The phase without a fault, and what comes of it; tried again as the server says. */
  async #undisturbed(phase: Phase): Promise<void> {
    const name = this.#begin(phase);
    const retry = async (error: unknown): Promise<void> => {
      if (!(error instanceof LeatError) || error.retryAfter === undefined) throw error;
      await Bun.sleep(error.retryAfter);
      await phase.act(await this.#world(), name);
    };
    await inTime(phase.act(await this.#world(), name).catch(retry));
    const violations: string[] = [];
    this.#compare(phase, name, "done", violations);
    this.#clear(name);
    if (violations.length > 0) throw new Error(violations.join("; "));
  }

  /** A server that runs, and a client of it: new ones when the last ones are gone. */
  async #world(): Promise<World> {
    if (this.#child === undefined || this.#child.exitCode !== null) await this.#start();
    if (this.#client === undefined || this.#client.isOver) {
      this.#client = await connect(`127.0.0.1:${this.#port}`);
    }
    return { client: this.#client, port: this.#port, library: this.#library };
  }

  async #start(): Promise<void> {
    await this.#end();
    const flags = ["--port", "0", "--log-level", "error", ...this.#flags];
    const child = Bun.spawn([...SERVER_ALONE, "server", this.#library.path, ...flags], {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: Bun.file(this.#work.at("log")),
    });
    this.#child = child;
    const ready = await new Written(child.stdout).until("\n");
    this.#port = Number(/:(\d+)\n/.exec(ready)![1]);
  }

  async #end(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** Descriptors of files being read or written, and partials: not the store's own folders. */
  #held(): string[] {
    const { pid } = this.#child!;
    const inside = openIn(pid).filter((path) => path.startsWith(this.#library.path));
    return inside.filter((path) => path.includes("cell-") || / \(deleted\)$|partial\/./.test(path));
  }

  async #settled(most: number): Promise<boolean> {
    const deadline = performance.now() + LATE;
    while (this.#held().length > most) {
      if (performance.now() > deadline) return false;
      await Bun.sleep(2);
    }
    return true;
  }
}

async function outcomeOf(
  request: Promise<void>,
  faults: readonly Fault[],
  violations: string[],
): Promise<string> {
  try {
    await inTime(request);
    return "done";
  } catch (error) {
    if (!(error instanceof LeatError)) {
      violations.push(String(error));
      return "wrong";
    }
    const allowed: readonly string[] = faults.flatMap(({ errno }) => CODE_OF[errno as Errno]);
    if (!allowed.includes(error.code)) violations.push(`${error.code}: ${error.message}`);
    return error.code;
  }
}

async function inTime(request: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${LATE} ms`)), LATE);
  });
  await Promise.race([request, late]).finally(() => clearTimeout(timer));
}

/** @param lines those of a run of the phase that concern the library */
function faultsOf(call: string, errnos: readonly Errno[], lines: readonly string[]): Fault[] {
  const own = lines.filter((line) => new RegExp(`^\\d+ +${call}\\(`).test(line));
  const count = own.length;
  // The runtime writes, too: only what goes to a file of the library is meant.
  const path = call === "write" ? /^\d+ +write\(\d+<([^>]*)>/.exec(own[0] ?? "")?.[1] : undefined;
  const places = Array.from({ length: count }, (_one, index) => index + 1).filter(
    (place) => place <= OCCURRENCES / 2 || place > count - OCCURRENCES / 2,
  );
  return places.flatMap((place) =>
    errnos.map((errno) => ({ call, errno, when: `${place}`, path })),
  );
}
