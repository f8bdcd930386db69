/** Runs `get -r` and `upload -r`: many files, one line at the end, and one for each that failed. */
import type { Client } from "../../client/client.ts";
import type { TreeOutcome, LeftOut } from "../../client/trees/tree.ts";
import type { NotDone } from "../../store/store.ts";
import type { Context } from "../program/context.ts";
import { joinNotDone, notDoneText } from "./not-done.ts";
import { movedText } from "./transfers.ts";

export interface TreesOptions {
  readonly command: string;
  /** What is moved, for progress. */
  readonly title: string;
  readonly json: boolean;
  readonly move: (
    client: Client,
    onProgress: (bytes: number) => void,
  ) => AsyncGenerator<TreeOutcome, LeftOut>;
  /** How a file is called in messages. */
  readonly name: (outcome: TreeOutcome) => string;
  /** What was done with each file: `verified, on disk`. */
  readonly how: (outcome: TreeOutcome) => string;
  /** For `--json`. */
  readonly facts: (outcome: TreeOutcome) => object;
}

interface Sums {
  files: number;
  folders: number;
  bytes: number;
  /** In this run; of files that failed, too. */
  moved: number;
  skipped: number;
  failed: number;
  how: string;
  /** Files for which something could not be done, what that was, and one of them. */
  lacking: number;
  notDone: NotDone;
  example: string;
}

export async function moveTrees(context: Context, options: TreesOptions): Promise<void> {
  const client = await context.client();
  const began = performance.now();
  const sums: Sums = {
    files: 0,
    folders: 0,
    bytes: 0,
    moved: 0,
    skipped: 0,
    failed: 0,
    how: "",
    lacking: 0,
    notDone: {},
    example: "",
  };
  try {
    using bar = context.progress.beginTree(options.title);
    const outcomes = options.move(client, (moved) => {
      bar.done = moved;
      sums.moved = moved;
    });
    let next: IteratorResult<TreeOutcome, LeftOut>;
    while ((next = await outcomes.next()).done !== true) {
      await take(context, options, sums, next.value);
      bar.files = sums.files;
    }
    tellRest(context, options.command, next.value);
    tellLacking(context, options.command, sums);
  } finally {
    summarize(context, sums, performance.now() - began);
  }
}

async function take(
  context: Context,
  options: TreesOptions,
  sums: Sums,
  outcome: TreeOutcome,
): Promise<void> {
  if (outcome.error !== undefined) {
    sums.failed += 1;
    return context.fail(options.command, outcome.error, options.name(outcome));
  }
  if (outcome.kind === "DIRECTORY") {
    sums.folders += 1;
    return;
  }
  if (outcome.skipped) sums.skipped += 1;
  else {
    sums.files += 1;
    sums.bytes += outcome.size;
    sums.how ||= options.how(outcome);
    if (outcome.notDone !== undefined) {
      sums.lacking += 1;
      sums.notDone = joinNotDone(sums.notDone, outcome.notDone);
      sums.example ||= options.name(outcome);
    }
  }
  if (options.json) await context.output.json(options.facts(outcome));
}

/** What was left out on purpose, said once. */
function tellRest(context: Context, command: string, { links, others, example }: LeftOut) {
  const parts = [
    ...(links > 0 ? [`${counted(links, "link")} not followed`] : []),
    ...(others > 0 ? [`${others} neither files nor folders`] : []),
  ];
  if (parts.length > 0) {
    context.note(`leat: ${command}: left out: ${parts.join(", ")} (${example} is one)`);
  }
}

function tellLacking(context: Context, command: string, sums: Sums): void {
  if (sums.lacking === 0) return;
  const what = `a file system that cannot ${notDoneText(sums.notDone)}`;
  const some = `${counted(sums.lacking, "file")} came to ${what}: ${sums.example} is one`;
  context.note(`leat: ${command}: ${some}`);
}

function summarize(context: Context, sums: Sums, milliseconds: number): void {
  if (!context.chatty) return;
  const { files, folders, bytes, skipped, failed, how } = sums;
  const names = [counted(files, "file"), ...(folders > 0 ? [counted(folders, "folder")] : [])];
  const rest = [
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const text = movedText({ bytes, moved: sums.moved, milliseconds, files });
  const moved = [text, ...(how === "" ? [] : [how])].join(", ");
  context.output.say([`${names.join(", ")}  ${moved}`, ...rest].join("; "));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
