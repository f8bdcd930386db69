/** Which measurements are drawn, how, and what a reader should look for. */
import type { Measure } from "../support/record.ts";
import type { Measured, Run } from "./run.ts";

export interface ChartSpec {
  readonly suite: string;
  /** One chart for each work whose name it matches. */
  readonly work: RegExp;
  readonly measure: Measure;
  /** Lines go over `at`; bars compare who did the work. */
  readonly form: "lines" | "bars";
  /** Another measure of the same unit that stands behind the first in each bar. */
  readonly beside?: Measure;
  readonly logarithmic?: boolean;
  readonly read: string;
}

/** The data of one chart. */
export interface Chart {
  readonly spec: ChartSpec;
  readonly title: string;
  readonly measured: readonly Measured[];
  /** Of `beside`. */
  readonly beside: readonly Measured[];
}

const MORE = "Longer is better.";
const LESS = "Shorter is better.";

const SPECS: readonly ChartSpec[] = [
  {
    suite: "peers",
    work: /load \d+ [GM]iB$/,
    measure: "throughput",
    form: "bars",
    read: `One file, one client process from its start to its end. ${MORE}`,
  },
  {
    suite: "peers",
    work: /load \d+ [GM]iB$/,
    measure: "server CPU",
    beside: "client CPU",
    form: "bars",
    read: `Processor time of both sides for each GiB. ${LESS}`,
  },
  {
    suite: "peers",
    work: /by 4 clients/,
    measure: "throughput",
    form: "bars",
    read: `Four client processes at once. ${MORE}`,
  },
  {
    suite: "peers",
    work: /load [\d,]+ × 4 KiB$/,
    measure: "files",
    form: "bars",
    read: `A folder of small files, one client process. ${MORE}`,
  },
  {
    suite: "peers",
    work: /^list /,
    measure: "entries",
    form: "bars",
    read: `Names with sizes and times. ${MORE}`,
  },
  {
    suite: "peers",
    work: /an idle connection/,
    measure: "memory each",
    form: "bars",
    logarithmic: true,
    read: `What the server's memory grows by with each connection that says nothing. ${LESS}`,
  },
  {
    suite: "models",
    work: /download/,
    measure: "throughput",
    form: "lines",
    read: "Bytes of all clients together, over how many there are at once. Higher is better.",
  },
  {
    suite: "models",
    work: /sha256/,
    measure: "requests",
    form: "lines",
    read: "Sums made by the server: work for the processor, not for the network. Higher is better.",
  },
  {
    suite: "models",
    work: /download/,
    measure: "latency p99",
    form: "lines",
    logarithmic: true,
    read: "From connecting to the last byte, the slowest of a hundred. Lower is better.",
  },
  {
    suite: "models",
    work: /slow client/,
    measure: "duration",
    form: "bars",
    logarithmic: true,
    read: `Another client sits in its connection and does nothing. ${LESS}`,
  },
  {
    suite: "models",
    work: /^connect and stat/,
    measure: "duration",
    form: "bars",
    read: `What it costs to begin with a client: one after another. ${LESS}`,
  },
  {
    suite: "models",
    work: /idle client/,
    measure: "memory each",
    form: "bars",
    logarithmic: true,
    read: `What the server's memory grows by with each client. ${LESS}`,
  },
  {
    suite: "transfer",
    work: /load .*MiB$|load .*GiB$/,
    measure: "throughput",
    form: "lines",
    read: "Over how many files are on their way at once; the bare socket loop neither frames nor checks. Higher is better.",
  },
  {
    suite: "transfer",
    work: /4 KiB$/,
    measure: "files",
    form: "lines",
    logarithmic: true,
    read: "Over how many are on their way at once; the plain loop uses no network. Higher is better.",
  },
  {
    suite: "transfer",
    work: /4 KiB$/,
    measure: "latency p99",
    form: "lines",
    logarithmic: true,
    read: "Of one file, the slowest of a hundred. Lower is better.",
  },
  {
    suite: "memory",
    work: /idle connections/,
    measure: "server memory",
    form: "lines",
    read: "Resident memory of the server over connections that say nothing. Flat is better.",
  },
  {
    suite: "memory",
    work: /each$/,
    measure: "server memory",
    form: "lines",
    read: "The most the server held while that many clients were at it. Flat is better.",
  },
  {
    suite: "codec",
    work: /(Data (4|64|1,?024) ?KiB|Data 1 MiB|Request|Finish)/i,
    measure: "operation",
    form: "bars",
    logarithmic: true,
    read: `One frame. ${LESS}`,
  },
];

/** Charts of what was measured; a chart over `at` needs two places. */
export function chartsOf(run: Run): Chart[] {
  return SPECS.flatMap((spec) => {
    const works = run.measurements
      .filter(({ suite, work }) => suite === spec.suite && spec.work.test(work))
      .map(({ work }) => work);
    return [...new Set(works)].flatMap((work) => {
      const of = run.measurements.filter((one) => one.suite === spec.suite && one.work === work);
      const measured = of.filter(({ measure }) => measure === spec.measure);
      const beside = of.filter(({ measure }) => measure === spec.beside);
      const places = new Set(measured.map(({ at }) => at));
      if (measured.length === 0 || (spec.form === "lines" && places.size < 2)) return [];
      const title = `${work[0]!.toUpperCase()}${work.slice(1)}: ${measureTitle(spec)}`;
      return [{ spec, title, measured, beside }];
    });
  });
}

function measureTitle({ measure, beside }: ChartSpec): string {
  const words: Partial<Record<Measure, string>> = {
    files: "files per second",
    entries: "entries per second",
    requests: "sums per second",
    duration: "time",
    "latency p99": "99th percentile of latency",
    "memory each": "memory",
    operation: "time",
  };
  return beside === undefined ? (words[measure] ?? measure) : "processor time";
}
