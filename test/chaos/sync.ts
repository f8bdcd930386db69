/**
 * Syncs whose client, server, or both are killed at random moments, and that are repeated until they end. The source
 * changes between the runs, and in every other round while they run.
 */
import { randomFrom, type Random } from "../support/chop.ts";
import { CLIENT, environment, PACKAGE } from "../cli/support.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PLACE } from "./run.ts";
import { Serving } from "./serving.ts";
import { SyncTrees } from "./sync-tree.ts";

export interface SyncPlan {
  readonly way: "down" | "up";
  readonly isDeleting: boolean;
  /** At least so many. */
  readonly kills: number;
  readonly seed: number;
}

export interface SyncResult extends SyncPlan {
  readonly rounds: number;
  /** Of clients, of servers, and of both at once. */
  readonly killed: Readonly<Record<Victim, number>>;
  /** How often the whole target was looked at. */
  readonly looks: number;
  readonly wrong: readonly string[];
  readonly seconds: number;
}

type Victim = "client" | "server" | "both";
const VICTIMS: readonly Victim[] = ["client", "server", "both"];

export const WAYS: readonly Pick<SyncPlan, "way" | "isDeleting">[] = [
  { way: "down", isDeleting: false },
  { way: "down", isDeleting: true },
  { way: "up", isDeleting: false },
  { way: "up", isDeleting: true },
];

/** Milliseconds between two looks. */
const LOOK = 2;
/** Milliseconds that a sync takes, before one has ended. */
const USUAL = 150;
/** Syncs of a round that may fail because the source changed, or a server was starting. */
const TRIES = 5;
/** Milliseconds in which a sync must have ended: a client waits for a server for a minute, on a busy machine longer. */
const STUCK = 150_000;
/** Kills of a round at most. */
const ROUND = 6;

export async function killedSyncs(plan: SyncPlan): Promise<SyncResult> {
  const began = performance.now();
  using folder = new TemporaryFolder(PLACE);
  const [library, local] = [folder.folder("library"), folder.folder("local")];
  const serving = await Serving.start(library, server);
  using proxy = new FaultProxy(serving.port, () => ({}));
  const [source, target] = plan.way === "down" ? [library, local] : [local, library];
  const random = randomFrom(plan.seed);
  const places = { source: `${source}/t`, target: `${target}/t`, outside: folder.at("outside") };
  const trees = new SyncTrees(places, random, plan.isDeleting);
  const run = new SyncChaos(plan, { serving, proxy, trees, random, local: `${local}/t` });
  await run.all().catch((thrown: unknown) => run.wrong.push(`the run broke: ${String(thrown)}`));
  run.wrong.push(...(await serving.stop()));
  const { rounds, killed, looks, wrong } = run;
  const seconds = (performance.now() - began) / 1000;
  return { ...plan, rounds, killed, looks, wrong: [...new Set(wrong)], seconds };
}

const server = { workers: 1, descriptors: 0, room: 0, readOnly: false };

interface Stage {
  readonly serving: Serving;
  readonly proxy: FaultProxy;
  readonly trees: SyncTrees;
  readonly random: Random;
  /** The local folder. */
  readonly local: string;
}

class SyncChaos {
  readonly #plan: SyncPlan;
  readonly #stage: Stage;
  readonly wrong: string[] = [];
  readonly killed: Record<Victim, number> = { client: 0, server: 0, both: 0 };
  rounds = 0;
  looks = 0;
  /** Milliseconds from the connection of the last whole sync to its end. */
  #usual = USUAL;

  constructor(plan: SyncPlan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
  }

  async all(): Promise<void> {
    const { random } = this.#stage;
    while (this.#kills < this.#plan.kills && this.wrong.length === 0) {
      const changes = this.rounds % 2 === 1;
      const most = Math.min(ROUND, this.#plan.kills - this.#kills);
      for (let kills = 1 + random.below(most); kills > 0; kills -= 1) {
        await this.#run({ victim: random.pick(VICTIMS), changes });
      }
      await this.#whole();
      this.rounds += 1;
      this.#stage.trees.change(1 + random.below(60));
      this.#stage.trees.addOwn();
    }
  }

  get #kills(): number {
    return Object.values(this.killed).reduce((sum, count) => sum + count, 0);
  }

  /** Without a kill, the target becomes like the source. */
  async #whole(): Promise<void> {
    let failures = "";
    for (let tries = 0; tries < TRIES; tries += 1) {
      const ran = await this.#run({ changes: false });
      if (ran.code === 0) {
        const wrong = this.#stage.trees.differences(this.#plan.isDeleting);
        this.wrong.push(...wrong.map((text) => `round ${this.rounds}: ${text}`));
        return;
      }
      failures = ran.failures;
    }
    this.wrong.push(`round ${this.rounds}: the sync does not end well: ${failures}`);
  }

  /** One sync, and a look at the target until it has ended and after it. */
  async #run({ victim, changes }: { victim?: Victim; changes: boolean }) {
    const { proxy, trees, random } = this.#stage;
    const before = proxy.connections;
    await using child = this.#spawn();
    let connected: number | undefined;
    const killAt = random.below(Math.ceil(this.#usual * 1.2));
    const deadline = performance.now() + STUCK;
    let struck: Promise<void> | undefined;
    let isStuck = false;
    while (child.exitCode === null && child.signalCode === null) {
      this.#look();
      if (proxy.connections > before) connected ??= performance.now();
      const since = connected === undefined ? -1 : performance.now() - connected;
      if (victim !== undefined && since >= killAt) struck ??= this.#strike(victim, child);
      if (changes && random.below(4) === 0) trees.change(1);
      if (performance.now() > deadline) {
        isStuck = true;
        child.kill("SIGKILL");
      }
      await Promise.race([child.exited, Bun.sleep(LOOK)]);
    }
    const whole = performance.now() - (connected ?? performance.now());
    await struck;
    this.#look();
    if (victim === undefined) this.#usual = whole;
    const failures = await child.stderr.text();
    if (isStuck) {
      this.wrong.push(`round ${this.rounds}: a sync is stuck, killed: ${victim}: ${failures}`);
    }
    return { code: child.exitCode, failures };
  }

  #look(): void {
    const { trees } = this.#stage;
    this.looks += 1;
    this.wrong.push(...trees.halves().map((text) => `round ${this.rounds}: ${text}`));
    if (!this.#plan.isDeleting) this.wrong.push(...trees.lost());
  }

  async #strike(victim: Victim, child: Bun.Subprocess): Promise<void> {
    const { serving, proxy } = this.#stage;
    this.killed[victim] += 1;
    if (victim !== "server") child.kill("SIGKILL");
    if (victim === "client") return;
    await serving.kill();
    await serving.restart();
    proxy.port = serving.port;
  }

  #spawn() {
    const { way, isDeleting } = this.#plan;
    const { proxy, local } = this.#stage;
    const ends = way === "down" ? [":t", local] : [local, ":t"];
    const flags = [...(isDeleting ? ["--delete"] : []), "--durability", "none"];
    const args = ["--server", proxy.address, "sync", ...ends, ...flags];
    return Bun.spawn([CLIENT, "client", ...args], {
      cwd: PACKAGE,
      env: environment(),
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
  }
}

/** @returns rows of Markdown */
export function tableOfSyncs(results: readonly SyncResult[]): string {
  const rows = results.map(({ way, isDeleting, rounds, killed, looks, wrong, seconds }) => {
    const flag = isDeleting ? "with" : "without";
    const { client, server, both } = killed;
    const counts = [rounds, client, server, both, looks, wrong.length];
    return `| ${way}, ${flag} \`--delete\` | ${counts.join(" | ")} | ${seconds.toFixed(0)} |`;
  });
  const head =
    "| direction | rounds | clients killed | servers killed | both killed | looks | wrong | seconds |\n" +
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
  return [head, ...rows].join("\n");
}
