/** The sentences that stand above every report: what machine, what code, how to read it. */
import type { Run } from "./run.ts";

export function aboutLines(run: Run): string[] {
  const { machine, load, versions } = run;
  const kind = run.quick ? "a quick run" : "a full run";
  const version = Object.entries(versions).map(([name, text]) => `${name} ${text}`);
  return [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}; ${version.join(", ")}.`,
    `Commit ${run.commit}${run.dirty ? " and changes" : ""}, ${run.began.slice(0, 16).replace("T", " ")} UTC, ` +
      `${kind} of ${minutes(run.seconds)}; load average ${load.before.join(" ")} before, ${load.after.join(" ")} after.`,
    ...(run.failure === undefined ? [] : [`The run ended early: ${run.failure}`]),
  ];
}

export function command(run: Run): string {
  return `bun run bench ${run.suites.join(" ")}${run.quick ? " --quick" : ""}`;
}

export const HOW_TO_READ =
  "Each figure is the median of its samples, with the least and the most in brackets. Those that are compared took turns, " +
  "round by round; a share of a ceiling pairs the samples of one round. A range wider than a quarter of the median is " +
  "marked noisy. Throughput is computed from the time of a whole run and the bytes moved, in units of 1,000,000 bytes. " +
  "Figures of different runs or machines are not to be compared.";

function minutes(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`;
}
