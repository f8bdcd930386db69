/** One round: every way of serving gets the same work, one after the other at each step. */
import { KiB, MiB } from "../../src/limits.ts";
import type { Plan } from "../models.ts";
import { percentile, progress, sizeText } from "../support/figures.ts";
import { type Key, MEASURES, type Measure } from "../support/record.ts";
import type { Samples } from "../support/samples.ts";
import * as ask from "./clients.ts";
import type { Files } from "./files.ts";
import { settledMemory } from "./process-tree.ts";
import { Served } from "./ways.ts";

/** Milliseconds that the slow client holds its connection at most. */
const PATIENCE = 500;

type Values = { readonly [M in Measure]?: number };
type Subject = Omit<Key, "suite" | "measure">;

export class Rounds {
  readonly #plan: Plan;
  readonly #files: Files;
  readonly #samples: Samples;

  constructor(plan: Plan, files: Files, samples: Samples) {
    this.#plan = plan;
    this.#files = files;
    this.#samples = samples;
  }

  /** Start-up, and what clients wait for their answers. */
  async work(): Promise<void> {
    await using servers = new AsyncDisposableStack();
    const all: Served[] = [];
    for (const way of this.#plan.ways) {
      const served = servers.use(await Served.start(way, this.#files.library));
      this.#take({ work: "start the server", who: way.name }, { duration: served.startup });
      await this.#warm(served);
      all.push(served);
    }
    for (const clients of this.#plan.clients) {
      // Not counted: so many clients at once need memory that this process never touched, and in a
      // virtual machine the first model would pay for that.
      await ask.visits(all[0]!.address, clients, 1, this.#files.download);
      await all[0]!.quiet();
      for (const served of all) await this.#downloads(served, clients);
      for (const served of all) await this.#sums(served, clients);
    }
    for (const served of all) await this.#visitors(served);
    for (const served of all) await this.#neighbours(served);
  }

  /** Of servers that were just started: what earlier clients left would be room for new ones. */
  async memory(): Promise<void> {
    for (const way of this.#plan.ways) {
      await using served = await Served.start(way, this.#files.library);
      const alone = await settledMemory(served.pid);
      const subject = { work: "server without clients", who: way.name };
      this.#take(subject, { "server memory": alone / MiB });
      if (way.oneAtATime !== true) await this.#idle(served);
    }
  }

  /** The first ones pay for code that is compiled and for buffers that stay. */
  async #warm(served: Served): Promise<void> {
    await ask.visits(served.address, 4, 2, this.#files.download);
    await ask.visits(served.address, 4, 1, this.#files.sum);
    await served.quiet();
  }

  async #downloads(served: Served, clients: number): Promise<void> {
    const { answers, downloaded } = this.#plan;
    const times = Math.ceil(answers / clients);
    const found = await ask.visits(served.address, clients, times, this.#files.download);
    await served.quiet();
    const work = `connect and download ${sizeText(downloaded)}`;
    const subject = { work, who: served.way.name, axis: "clients", at: clients };
    const megabytes = (found.latencies.length * downloaded) / 1e6;
    this.#takeAnswers(subject, found, { throughput: megabytes / found.seconds });
  }

  /** Connected clients ask; where one is served at a time, the time includes connecting. */
  async #sums(served: Served, clients: number): Promise<void> {
    const { answers, summed } = this.#plan;
    const times = Math.ceil(answers / clients);
    const inTurn = served.way.oneAtATime === true;
    const meet = inTurn ? ask.visits : ask.questions;
    const found = await meet(served.address, clients, times, this.#files.sum);
    await served.quiet();
    const work = `sha256 of ${sizeText(summed)}`;
    const subject = { work, who: served.way.name, axis: "clients", at: clients };
    const requests = found.latencies.length / found.seconds;
    this.#takeAnswers(subject, found, { requests }, inTurn ? ["connecting included"] : []);
  }

  async #visitors(served: Served): Promise<void> {
    const { visitors } = this.#plan;
    const { latencies } = await ask.visits(served.address, 1, visitors, this.#files.stat);
    await served.quiet();
    const subject = { work: "connect and stat", who: served.way.name };
    const duration = percentile(latencies, 0.5);
    this.#take(subject, { duration, "latency p99": percentile(latencies, 0.99) });
  }

  async #neighbours(served: Served): Promise<void> {
    const latencies: number[] = [];
    for (let time = 0; time < this.#plan.neighbours; time += 1) {
      latencies.push(await ask.besideSlow(served.address, this.#files.stalled, PATIENCE));
      await served.quiet();
    }
    const subject = { work: "connect and list beside a slow client", who: served.way.name };
    const note = `the slow one leaves after ${PATIENCE} ms, or when the list is there`;
    this.#take(subject, { duration: percentile(latencies, 0.5) }, note);
  }

  /** The difference of two crowds: what the first clients bring about is not counted to each. */
  async #idle(served: Served): Promise<void> {
    const { name, heavy } = served.way;
    const most = heavy === true ? this.#plan.idle.heavy : this.#plan.idle.light;
    const few = Math.ceil(most / 4);
    await using crowd = new ask.Crowd(served.address);
    await crowd.growTo(few);
    const before = await settledMemory(served.pid);
    await crowd.growTo(most);
    const grown = (await settledMemory(served.pid)) - before;
    if (crowd.refused > 0) throw new Error(`${name} refused ${crowd.refused} of ${most} clients`);
    const each = grown / (most - few) / KiB;
    const note = `the difference of ${few} and ${most} clients`;
    this.#take({ work: "idle client", who: name }, { "memory each": each }, note);
  }

  #takeAnswers(
    subject: Subject,
    { latencies, refused }: ask.Answers,
    rate: Values,
    notes: readonly string[] = [],
  ): void {
    const [[measure, value]] = Object.entries(rate) as [[Measure, number]];
    const { unit } = MEASURES[measure];
    progress(`${subject.who}, ${subject.at} clients, ${subject.work}: ${value.toFixed(0)} ${unit}`);
    const asked = latencies.length + refused;
    const all = refused > 0 ? [`${latencies.length} of ${asked} let in`, ...notes] : notes;
    const note = all.length > 0 ? all.join(", ") : undefined;
    this.#take(subject, { ...rate, ...percentiles(latencies) }, note);
  }

  #take(subject: Subject, values: Values, note?: string): void {
    for (const [measure, value] of Object.entries(values) as [Measure, number][]) {
      this.#samples.take({ suite: "models", ...subject, measure }, value, { note });
    }
  }
}

function percentiles(latencies: readonly number[]) {
  return { "latency p50": percentile(latencies, 0.5), "latency p99": percentile(latencies, 0.99) };
}
