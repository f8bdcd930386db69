/** `bench report A.json [B.json]` */
import { titles } from "../suites.ts";
import { changesText } from "./changes.ts";
import { writeChanges, writeReport } from "./files.ts";
import { readRun } from "./run.ts";
import { summaryText } from "./summary.ts";

/** @throws NotARun */
export async function report(first: string, later: string | undefined, out: string): Promise<void> {
  const run = readRun(first);
  if (later === undefined) {
    const paths = writeReport(run, out, await titles());
    console.log(summaryText(run));
    console.log(paths.join("\n"));
    return;
  }
  const after = readRun(later);
  const paths = writeChanges(run, after, out);
  console.log(changesText(run, after));
  console.log(paths.join("\n"));
}
