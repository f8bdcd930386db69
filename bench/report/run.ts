/** What one run of the bench leaves behind: NAME.json. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import * as v from "valibot";
import { MEASURES, type Measure, type Recorder } from "../support/record.ts";

/** Raised when a reader of the last one would misunderstand. */
const FORMAT = 1;

const text = v.pipe(v.string(), v.maxLength(1000));
const number = v.pipe(v.number(), v.finite());
const samples = v.pipe(v.array(number), v.minLength(1), v.maxLength(1_000_000));

const measurement = v.object({
  suite: text,
  work: text,
  who: text,
  axis: v.optional(text),
  at: v.optional(number),
  measure: v.picklist(Object.keys(MEASURES) as Measure[]),
  unit: text,
  better: v.picklist(["more", "less"]),
  median: number,
  min: number,
  max: number,
  samples,
  ceiling: v.optional(text),
  note: v.optional(text),
});

const schema = v.object({
  format: v.literal(FORMAT),
  name: text,
  /** When it began, ISO 8601. */
  began: text,
  seconds: number,
  quick: v.boolean(),
  /** Suites that ran. */
  suites: v.array(text),
  /** What ended the run early. */
  failure: v.optional(text),
  commit: text,
  /** Whether the code differed from the commit. */
  dirty: v.boolean(),
  machine: v.object({ cpu: text, cores: number, memoryGiB: number, system: text }),
  versions: v.record(text, text),
  /** Load averages of 1, 5 and 15 minutes. */
  load: v.object({ before: v.array(number), after: v.array(number) }),
  measurements: v.array(measurement),
  absences: v.array(v.object({ suite: text, who: text, why: text })),
});

export type Run = v.InferOutput<typeof schema>;
export type Measured = Run["measurements"][number];

/** A file that is not what a run leaves. */
export class NotARun extends Error {}

/** @throws NotARun with the field that is wrong */
export function readRun(path: string): Run {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? `is not JSON: ${cause.message}` : "cannot be read";
    throw new NotARun(`${path} ${why}`, { cause });
  }
  const format = typeof value === "object" ? (value as { format?: unknown } | null)?.format : null;
  if (format !== FORMAT) {
    throw new NotARun(`${path} has the format ${JSON.stringify(format)}; this reads ${FORMAT}`);
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new NotARun(`${path}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
}

/** The facts of a run that are known before anything is measured. */
export class Start {
  readonly #began = new Date();
  readonly #before = loadavg();

  finish(
    record: Recorder,
    about: Pick<Run, "name" | "quick" | "suites"> & { readonly failure: string | undefined },
  ): Run {
    const { failure, ...rest } = about;
    return {
      format: FORMAT,
      ...rest,
      ...(failure === undefined ? {} : { failure }),
      began: this.#began.toISOString(),
      seconds: Math.round((Date.now() - this.#began.getTime()) / 1000),
      commit: git("rev-parse", "--short=12", "HEAD") || "unknown",
      dirty: git("status", "--porcelain", "--untracked-files=no") !== "",
      machine: machine(),
      versions: { Bun: Bun.version, ...record.versions },
      load: { before: this.#before.map(rounded), after: loadavg().map(rounded) },
      measurements: record.measurements as Measured[],
      absences: record.absences,
    };
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

function machine(): Run["machine"] {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()}`,
  };
}

function git(...words: string[]): string {
  const run = Bun.spawnSync(["git", ...words], { cwd: import.meta.dir, stderr: "ignore" });
  return run.success ? run.stdout.toString().trim() : "";
}
