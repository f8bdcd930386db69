/** Which measurements are drawn, how, and what a reader should look for. */
import type { Measure } from "../support/record.ts";
import type { Measured, Run } from "./run.ts";
import { groups, placeText } from "./tables.ts";

export interface ChartSpec {
  readonly suite: string;
  /** One chart for each work whose name it matches. */
  readonly work: RegExp;
  readonly measure: Measure;
  /**
   * Lines go over `at`; bars compare programs (dots on a logarithmic axis, which has no zero).
   * Spans reach from the measure to `beside`; dots show works of a kind below each other.
   */
  readonly form: "lines" | "bars" | "spans" | "dots";
  /** Another measure of the same unit that stands behind the first. */
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
const LEFT = "Left is better; each step of the axis is ten times the one before.";
const TAIL = "From the median (hollow) to the slowest of a hundred (full). Left is better.";

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
    read: `What the server's memory grows by with each connection that says nothing. ${LEFT}`,
  },
  {
    suite: "secure",
    work: /load \d+ [GM]iB |by 4 clients/,
    measure: "throughput",
    form: "bars",
    read: `Whole client processes, from their start to their end. ${MORE}`,
  },
  {
    suite: "secure",
    work: /load \d+ [GM]iB |by 4 clients/,
    measure: "server CPU",
    beside: "client CPU",
    form: "bars",
    read: `Processor time of both sides for each GiB. ${LESS}`,
  },
  {
    suite: "secure",
    work: / × 4 KiB /,
    measure: "files",
    form: "bars",
    read: `A folder of small files, one client process. ${MORE}`,
  },
  {
    suite: "secure",
    work: /^stat beside/,
    measure: "latency p99",
    form: "lines",
    read: "What a client that is logged in waits for a small answer, the slowest of a hundred, over logins with wrong passwords. Flat is better.",
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
    read: `Another client sits in its connection and does nothing. ${LEFT}`,
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
    work: /^start/,
    measure: "duration",
    form: "bars",
    read: `From its command until it listens. ${LESS}`,
  },
  {
    suite: "models",
    work: /without clients/,
    measure: "server memory",
    form: "bars",
    read: `Of a server that was just started, with all its processes. ${LESS}`,
  },
  {
    suite: "models",
    work: /idle client/,
    measure: "memory each",
    form: "bars",
    logarithmic: true,
    read: `What the server's memory grows by with each client. ${LEFT}`,
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
    suite: "transfer",
    work: /×/,
    measure: "latency p50",
    beside: "latency p99",
    form: "spans",
    logarithmic: true,
    read: `Of one file, with most files on their way at once. ${TAIL}`,
  },
  {
    suite: "growth",
    work: /^the first page/,
    measure: "duration",
    form: "lines",
    logarithmic: true,
    read: "From the request until the first page is there, over files in the folder. The server has to sort all names for it. Lower is better; a straight line up is in proportion.",
  },
  {
    suite: "growth",
    work: /^list a folder/,
    measure: "entries",
    form: "lines",
    read: "The whole listing, with sizes and times, over files in the folder. Higher is better; level means that time is in proportion.",
  },
  {
    suite: "growth",
    work: /^list a folder/,
    measure: "server memory",
    form: "lines",
    read: "The most the server held while it listed a folder of so many files. Flat is better.",
  },
  {
    suite: "growth",
    work: /^stat beside the listing/,
    measure: "latency p99",
    form: "lines",
    read: "What another client waits for a small answer while the folder is listed, the slowest of a hundred. Flat is better.",
  },
  {
    suite: "growth",
    work: /^download .*×/,
    measure: "throughput",
    form: "lines",
    read: "The same bytes over how many files are on their way at once, 64 on each connection. Higher is better.",
  },
  {
    suite: "growth",
    work: /^download .*×/,
    measure: "latency p99",
    form: "lines",
    logarithmic: true,
    read: "Of one file, the slowest of a hundred: with twice as many at once, each takes twice as long. Lower is better.",
  },
  {
    suite: "growth",
    work: /^download .*×/,
    measure: "server memory",
    form: "lines",
    read: "The most the server held with so many files on their way at once. Flat is better.",
  },
  {
    suite: "growth",
    work: /^idle connections/,
    measure: "server memory",
    form: "lines",
    read: "Resident memory of the server over connections that say nothing. Flat is better; each step of the axis below is several times the one before.",
  },
  {
    suite: "growth",
    work: /^idle connections/,
    measure: "memory each",
    form: "lines",
    read: "The same, for each connection, beyond what the server holds without any. Flat is better.",
  },
  {
    suite: "growth",
    work: /^\d+ downloads beside/,
    measure: "throughput",
    form: "lines",
    read: "Bytes of those who download, over connections that say nothing meanwhile. Level is better.",
  },
  {
    suite: "growth",
    work: /^stat beside \d+ downloads/,
    measure: "latency p99",
    form: "lines",
    read: "What one more client waits for a small answer beside them, the slowest of a hundred. Level and low is better.",
  },
  {
    suite: "growth",
    work: /^download a file/,
    measure: "throughput",
    form: "lines",
    read: "Verified and thrown away by the client, over the size of the file. Level means that time is in proportion.",
  },
  {
    suite: "growth",
    work: /^download a file/,
    measure: "memory",
    form: "lines",
    read: "The most that server and client held. Flat is better: nothing is kept of a file.",
  },
  {
    suite: "memory",
    work: /each$/,
    measure: "server memory",
    form: "lines",
    read: "The most the server held while that many clients were at it. Flat is better.",
  },
  {
    suite: "memory",
    work: /beside/,
    measure: "latency p50",
    beside: "latency p99",
    form: "spans",
    read: `What one more client waits for its answer meanwhile. ${TAIL}`,
  },
  {
    suite: "codec",
    work: /^(encode|decode) [^,]+$/,
    measure: "operation",
    form: "dots",
    logarithmic: true,
    read: `One frame, of each kind. ${LEFT}`,
  },
];

/** Charts of what was measured, one for each work; dots for each kind of work, which its first word names. */
export function chartsOf(run: Run): Chart[] {
  return SPECS.flatMap((spec) => {
    const all = run.measurements.filter(
      ({ suite, work }) => suite === spec.suite && spec.work.test(work),
    );
    const kinds = groups(all, ({ work }) => (spec.form === "dots" ? work.split(" ")[0]! : work));
    return [...kinds].flatMap(([kind, of]) => chartOf(spec, kind, of) ?? []);
  });
}

function chartOf(spec: ChartSpec, kind: string, of: readonly Measured[]): Chart | undefined {
  const measured = of.filter(({ measure }) => measure === spec.measure);
  const beside = of.filter(({ measure }) => measure === spec.beside);
  if (measured.length === 0) return undefined;
  const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}: ${measureTitle(spec)}`;
  const places = [...new Set(measured.map(({ at }) => at ?? 0))];
  if (spec.form === "lines" && places.length < 2) {
    // Lines need two values of `at`; programs that are compared at one value are bars.
    return measured.length < 2 ? undefined : { spec: barsOf(spec), title, measured, beside };
  }
  if (spec.form !== "spans" || places.length < 2) return { spec, title, measured, beside };
  const most = Math.max(...places);
  const there = ({ at }: Measured): boolean => at === most;
  const { axis } = measured[0]!;
  const place = `, ${placeText(axis, most)} ${axis ?? ""}`.trimEnd();
  return {
    spec,
    title: title + place,
    measured: measured.filter(there),
    beside: beside.filter(there),
  };
}

function barsOf({ suite, work, measure, read }: ChartSpec): ChartSpec {
  const how = read.replace(/^Over how many .*?; (.)/, (_, first: string) => first.toUpperCase());
  return { suite, work, measure, form: "bars", read: how.replace("Higher", "Longer") };
}

function measureTitle({ form, measure, beside }: ChartSpec): string {
  if (form === "spans") return "latency";
  const words: Partial<Record<Measure, string>> = {
    files: "files per second",
    entries: "entries per second",
    requests: "sums per second",
    duration: "time",
    "latency p99": "99th percentile of latency",
    operation: "time",
  };
  return beside === undefined ? (words[measure] ?? measure) : "processor time";
}
