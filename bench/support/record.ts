/** What a bench run leaves: one flat list of measurements, from which tables, charts and comparisons are made. */
import { type Figure, figure } from "./figures.ts";

/** The quantities that are measured of a piece of work. One measure has one unit, wherever it appears. */
export const MEASURES = {
  throughput: { unit: "MB/s", better: "more" },
  files: { unit: "files/s", better: "more" },
  entries: { unit: "entries/s", better: "more" },
  requests: { unit: "requests/s", better: "more" },
  duration: { unit: "ms", better: "less" },
  "latency p50": { unit: "ms", better: "less" },
  "latency p99": { unit: "ms", better: "less" },
  "server CPU": { unit: "s/GiB", better: "less" },
  "client CPU": { unit: "s/GiB", better: "less" },
  "server CPU time": { unit: "s", better: "less" },
  "client CPU time": { unit: "s", better: "less" },
  "server memory": { unit: "MiB", better: "less" },
  memory: { unit: "MiB", better: "less" },
  "kernel memory": { unit: "MiB", better: "less" },
  "memory each": { unit: "KiB", better: "less" },
  operation: { unit: "ns", better: "less" },
  allocated: { unit: "B", better: "less" },
} as const satisfies Record<string, { unit: string; better: "more" | "less" }>;

export type Measure = keyof typeof MEASURES;

/** Names a measurement: the same in every run, so that two runs can be compared. */
export interface Key {
  /** The suite it belongs to. */
  readonly suite: string;
  /** The work, in words that a chart or a table can stand under: "download 1 GiB". */
  readonly work: string;
  /** The program that did it: "leat", "bare socket loop", "nginx + curl", "threads". */
  readonly who: string;
  /** What `at` counts: "clients", "streams", "connections". */
  readonly axis?: string | undefined;
  readonly at?: number | undefined;
  readonly measure: Measure;
}

export interface Measurement extends Key, Figure {
  readonly unit: string;
  readonly better: "more" | "less";
  /** In the order they were taken: the n-th of every competitor ran in the same round. */
  readonly samples: readonly number[];
  /** The `who` of the same work (and `at`, and measure) that is the most this machine can do. */
  readonly ceiling?: string;
  /** What a reader must know of this row: "encrypted", "no fsync", "200 connections at most". */
  readonly note?: string;
}

/** Someone or something that was not measured, and why. */
export interface Absence {
  readonly suite: string;
  readonly who: string;
  readonly why: string;
}

/** Collects what the suites measure. */
export class Recorder {
  readonly measurements: Measurement[] = [];
  readonly absences: Absence[] = [];
  /** Of programs that take part, by name. */
  readonly versions: Record<string, string> = {};

  /** @throws on no samples, on one that is not a number, and on a key that is there already */
  add(
    key: Key,
    samples: readonly number[],
    more: { readonly ceiling?: string; readonly note?: string } = {},
  ): void {
    if (samples.length === 0 || !samples.every(Number.isFinite)) {
      throw new Error(`${keyText(key)} has the samples [${samples.join(", ")}]`);
    }
    if (this.measurements.some((other) => keyText(other) === keyText(key))) {
      throw new Error(`${keyText(key)} was measured twice`);
    }
    this.measurements.push({
      ...key,
      ...MEASURES[key.measure],
      ...figure(samples),
      samples,
      ...more,
    });
  }

  version(who: string, text: string): void {
    this.versions[who] = text;
  }

  absent(suite: string, who: string, why: string): void {
    this.absences.push({ suite, who, why });
  }
}

/** The key as one line, for joins and messages. */
export function keyText({ suite, work, who, axis, at, measure }: Key): string {
  const place = at === undefined ? "" : ` at ${at} ${axis ?? ""}`.trimEnd();
  return `${suite}: ${work}, ${who}${place}: ${measure}`;
}

/** What a suite is given. */
export interface Bench {
  readonly record: Recorder;
  /** Every suite together within five minutes on two cores; else within three quarters of an hour. */
  readonly quick: boolean;
}

/** One folder or file of `bench/`. */
export interface Suite {
  readonly name: string;
  /** One sentence: what a reader learns from it. */
  readonly title: string;
  run(bench: Bench): Promise<void>;
}
