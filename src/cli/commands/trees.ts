/** Runs `get -r` and `upload -r`: many files, one line at the end, and one for each that failed. */
import type { Client } from "../../client/client.ts";
import type { Patterns } from "../../client/trees/filter.ts";
import type { Collision } from "../../store/store.ts";
import type { TreeOptions, TreeOutcome, TreeRoot, LeftOut } from "../../client/trees/tree.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import type { FilesFromFlags } from "./files-from.ts";
import { Lacking } from "./not-done.ts";
import type { TreeBar } from "../terminal/tree-bar.ts";
import { counted } from "../terminal/units.ts";
import { type Sums, summaryText } from "./summary.ts";
import { resumed } from "./transfers.ts";
import { type Count, countBeside } from "./tree-totals.ts";

type TreeHooks = Required<Pick<TreeOptions, "onProgress" | "onResume" | "onKept" | "signal">>;

interface TreesOptions {
  readonly command: string;
  /** The name of the whole, for the progress line. */
  readonly title: string;
  readonly json: boolean;
  readonly move: (client: Client, hooks: TreeHooks) => AsyncGenerator<TreeOutcome, LeftOut>;
  /** How much there is to move: a number of files, or how it is found out. */
  readonly total: (client: Client) => number | Count;
  /** Says how it is continued. */
  readonly onKept: () => void;
  /** The name of a file in messages. */
  readonly name: (file: TreeRoot) => string;
  /** How each file was moved: `verified, on disk`. */
  readonly how: (outcome: TreeOutcome) => string;
  /** For `--json`. */
  readonly facts: (outcome: TreeOutcome) => object;
}

/** When a name is taken. */
export type IfExists = NonNullable<TreeOptions["ifExists"]>;

/** Whether the file that has the name is compared first, as only trees do. */
export function isCompared(ifExists: IfExists): ifExists is "newer" | "different" {
  return ifExists === "newer" || ifExists === "different";
}

/** For a file that goes by itself. */
export const collisionOf = (ifExists: IfExists): Collision =>
  isCompared(ifExists) ? "replace" : ifExists;

/** The flags that say which files of a tree are moved, and how many at once. */
interface Choice extends Patterns, FilesFromFlags {
  readonly jobs?: number;
  readonly recursive?: boolean;
}

/** @throws UsageError */
export function checkChoice({ exclude, include, recursive, filesFrom }: Choice): void {
  if (
    recursive === true ||
    filesFrom !== undefined ||
    (exclude === undefined && include === undefined)
  )
    return;
  throw new UsageError("--exclude and --include choose what -r takes: add -r");
}

export function choice({ exclude = [], include = [], jobs, recursive, filesFrom }: Choice) {
  const isListed = filesFrom !== undefined;
  const folders = recursive === true ? "contents" : isListed ? "empty" : "refuse";
  const parents = isListed;
  return { exclude, include, folders, parents, ...(jobs !== undefined && { jobs }) } as const;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** So far; bytes of files that failed count as moved, too. */
interface Progress extends Writable<Required<Sums>> {
  readonly lacking: Lacking;
}

export async function moveTrees(context: Context, options: TreesOptions): Promise<void> {
  const client = await context.client();
  const began = performance.now();
  const counts = { files: 0, folders: 0, bytes: 0, moved: 0, skipped: 0, failed: 0 };
  const sums: Progress = { ...counts, how: "", lacking: new Lacking() };
  try {
    using bar = context.progress.beginTree(options.command, options.title);
    using _counting = knowTotals(context, bar, options.total(client));
    const outcomes = options.move(client, hooksOf(context, options, bar, sums));
    let next: IteratorResult<TreeOutcome, LeftOut>;
    while ((next = await outcomes.next()).done !== true) {
      const outcome = next.value;
      await take(context, options, sums, outcome);
      bar.ended(options.name(outcome));
      bar.files = sums.files + sums.skipped;
      bar.failed = sums.failed;
      if (outcome.skipped) bar.settled(outcome.size);
    }
    noteLeftOut(context, options.command, next.value);
    sums.lacking.note(context, options.command);
  } finally {
    if (context.signal.aborted && sums.files > 0) options.onKept();
    if (context.chatty) context.output.say(summaryText(sums, performance.now() - began));
  }
}

function knowTotals(context: Context, bar: TreeBar, total: number | Count): Disposable | null {
  if (typeof total !== "number") return countBeside(context, bar, total);
  bar.totals = { files: total, bytes: undefined };
  return null;
}

function hooksOf(
  context: Context,
  { command, name, onKept }: TreesOptions,
  bar: TreeBar,
  sums: Progress,
): TreeHooks {
  return {
    signal: context.signal,
    onKept,
    onProgress: (moved, file) => {
      bar.moved(moved, name(file));
      sums.moved = moved;
    },
    onResume: (file, offset, size) => {
      bar.settled(offset);
      context.note(resumed(command, name(file), offset, size));
    },
  };
}

async function take(
  context: Context,
  options: TreesOptions,
  sums: Progress,
  outcome: TreeOutcome,
): Promise<void> {
  if (outcome.error !== undefined) {
    sums.failed += 1;
    return context.fail(options.command, outcome.error, options.name(outcome));
  }
  if (outcome.kind === "DIRECTORY") {
    sums.folders += 1;
    sums.lacking.add(outcome.notDone, options.name(outcome), "DIRECTORY");
    return;
  }
  if (outcome.skipped) sums.skipped += 1;
  else {
    sums.files += 1;
    sums.bytes += outcome.size;
    // The answer to a link does not say whether it is on disk.
    if (outcome.target === undefined) sums.how ||= options.how(outcome);
    sums.lacking.add(outcome.notDone, options.name(outcome));
  }
  if (options.json) await context.output.json(options.facts(outcome));
}

/** Prints one line about names that were left out on purpose, if there are any. */
export function noteLeftOut(
  context: Context,
  command: string,
  { links, others, example }: LeftOut,
): void {
  const parts = [
    ...(links > 0 ? [`${counted(links, "link")} not copied`] : []),
    ...(others > 0 ? [`${others} neither files nor folders`] : []),
  ];
  if (parts.length > 0) {
    context.note(`leat: ${command}: left out: ${parts.join(", ")} (${example} is one)`);
  }
}
