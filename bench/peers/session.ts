/** Lets all competitors do a work in turn, and records what came of it. */
import { figure, progress } from "../support/figures.ts";
import type { Measure, Recorder } from "../support/record.ts";
import { Samples } from "../support/samples.ts";
import type { Competitor, WorkKind } from "./competitor.ts";
import { type Sample, runClients } from "./run.ts";
import type { Site } from "./site.ts";
import type { Work } from "./works.ts";

export interface SessionOptions {
  /** Its name, in the report. */
  readonly suite: string;
  readonly competitors: readonly Competitor[];
  readonly record: Recorder;
  readonly signal: AbortSignal;
  /** @returns who is the most that this machine can do; undefined for that one itself, and where there is none */
  readonly ceilingOf?: (kind: WorkKind, measure: Measure, who: string) => string | undefined;
}

export class Session {
  readonly site: Site;
  readonly #options: SessionOptions;

  constructor(site: Site, options: SessionOptions) {
    this.site = site;
    this.#options = options;
  }

  /**
   * Every round is one run of each program. One that fails is recorded as absent, and the others continue.
   * @param spared the programs that do not take part this time, and why
   * @returns the seconds that each took, the median
   * @throws when leat fails, or the bench is interrupted
   */
  async work(
    work: Work,
    spared: ReadonlyMap<Competitor, string> = new Map(),
  ): Promise<Map<Competitor, number>> {
    const samples = new Map<Competitor, Sample[]>();
    for (const competitor of this.#options.competitors) {
      if (!(competitor.kinds ?? [work.kind]).includes(work.kind)) continue;
      const why = work.kind === "listing" ? competitor.listsNothing : spared.get(competitor);
      if (why === undefined) samples.set(competitor, []);
      else this.#absent(work, competitor, why);
    }
    for (let round = work.warmUp ? 0 : 1; round <= work.rounds; round += 1) {
      for (const [competitor, taken] of samples) {
        const sample = await this.#try(work, competitor);
        if (sample === undefined) samples.delete(competitor);
        else if (round > 0) taken.push(sample);
      }
    }
    this.#write(work, samples);
    return new Map([...samples].map(([who, taken]) => [who, median(taken)]));
  }

  /** One run, checked. Nothing when it failed. */
  async #try(work: Work, competitor: Competitor): Promise<Sample | undefined> {
    try {
      const commands = work.commands(competitor.client);
      work.prepare();
      const { signal } = this.#options;
      const sample = await runClients(this.site, commands, competitor, signal);
      work.check();
      return sample;
    } catch (thrown) {
      this.#options.signal.throwIfAborted();
      const { message } = thrown as Error;
      if (competitor.who.startsWith("leat")) {
        throw new Error(`${competitor.who}: ${work.name}: ${message}`, { cause: thrown });
      }
      this.#absent(work, competitor, message);
      return undefined;
    }
  }

  #absent(work: Work, { who }: Competitor, why: string): void {
    this.#options.record.absent(this.#options.suite, who, `${work.name}: ${why}`);
    progress(`  absent: ${who}: ${work.name}: ${why}`);
  }

  #write(work: Work, taken: ReadonlyMap<Competitor, readonly Sample[]>): void {
    const samples = new Samples();
    const { suite, record, ceilingOf } = this.#options;
    const rounds = [...taken].flatMap(([competitor, runs]) =>
      runs.map((run) => [competitor, run] as const),
    );
    for (const [{ who, note, server }, run] of rounds) {
      for (const [name, value] of Object.entries(work.figures(run))) {
        const measure = name as Measure;
        if (server === undefined && measure.startsWith("server")) continue;
        const ceiling = ceilingOf?.(work.kind, measure, who);
        samples.take({ suite, work: work.name, who, measure }, value, { ceiling, note });
      }
    }
    samples.write(record);
  }
}

function median(samples: readonly Sample[]): number {
  return figure(samples.map(({ wall }) => wall)).median;
}
