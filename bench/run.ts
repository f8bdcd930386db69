/** Runs suites one after another, and writes down what was measured, whatever ended it. */
import { writeReport, writeRun } from "./report/files.ts";
import { Start } from "./report/run.ts";
import { summaryText } from "./report/summary.ts";
import { SUITES, titles } from "./suites.ts";
import { progress } from "./support/figures.ts";
import { Recorder } from "./support/record.ts";

export interface Wanted {
  readonly suites: readonly string[];
  readonly quick: boolean;
  /** Folder of the report. */
  readonly out: string;
  readonly name: string;
}

/** @returns the exit code: 1 when a suite failed; what was measured until then is reported */
export async function measure({ suites, quick, out, name }: Wanted): Promise<number> {
  const start = new Start();
  const record = new Recorder();
  const began = performance.now();
  const ran: string[] = [];
  let failure: string | undefined;
  for (const suite of suites) {
    try {
      const { title, run } = await SUITES[suite]!();
      progress(`${elapsed(began)} ${suite}: ${title}`);
      ran.push(suite);
      await run({ record, quick });
    } catch (error) {
      failure = `${suite}: ${error instanceof Error ? error.message : String(error)}`;
      progress(error instanceof Error ? (error.stack ?? failure) : failure);
      break;
    }
  }
  const run = start.finish(record, { name, quick, suites: ran, failure });
  const paths = [writeRun(run, out), ...writeReport(run, out, await titles())];
  progress(`${elapsed(began)} done`);
  console.log(summaryText(run));
  for (const path of paths) console.log(path);
  if (failure !== undefined) console.error(`bench: ended early: ${failure}`);
  return failure === undefined ? 0 : 1;
}

function elapsed(began: number): string {
  const seconds = Math.round((performance.now() - began) / 1000);
  return `[${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}]`;
}
