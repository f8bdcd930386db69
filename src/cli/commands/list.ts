/** `list`: what is in a folder. */
import type { Command } from "commander";
import type { ListSummary } from "../../client/options.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Context } from "../context.ts";
import { remoteName } from "../paths.ts";
import { timeText } from "../units.ts";
import type { ContextOf } from "./commands.ts";
import { entryFacts, isFolder } from "./entry.ts";

/** Entries whose sizes are aligned with each other: a listing may be longer than memory is wide. */
const ALIGNED = 1000;

interface Flags {
  readonly all?: boolean;
  readonly long?: boolean;
  readonly json?: boolean;
}

export function addList(program: Command, context: ContextOf): void {
  program
    .command("list [PATH]")
    .alias("ls")
    .description("show what is in the library, or in a folder of it")
    .option("-a, --all", 'names that begin with ".", too')
    .option("-l, --long", "size and time, too")
    .option("--json", "one object a line")
    .action((path: string | undefined, flags: Flags) =>
      context().run("list", (now) => list(now, path ?? "", flags)),
    );
}

async function list(context: Context, typed: string, flags: Flags): Promise<void> {
  const path = remoteName(typed);
  const client = await context.client();
  const entries = client.list(path, { hidden: flags.all === true, signal: context.signal });
  const show = flags.json === true ? showJson : flags.long === true ? showLong : showNames;
  let count = 0;
  let batch: Entry[] = [];
  let next: IteratorResult<Entry, ListSummary>;
  while ((next = await entries.next()).done !== true) {
    count++;
    if (batch.push(next.value) < ALIGNED) continue;
    await show(context, batch);
    batch = [];
  }
  await show(context, batch);
  await context.output.flush();
  tellRest(context, path, count, next.value.skippedNames, flags);
}

async function showNames({ output }: Context, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) await output.line(output.name(shownName(entry)));
}

async function showLong({ output }: Context, entries: readonly Entry[]): Promise<void> {
  const sizes = entries.map((entry) => (entry.kind === "FILE" ? String(entry.size) : "-"));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  for (const [i, entry] of entries.entries()) {
    const time = timeText(entry.modified).padEnd(20);
    await output.line(`${sizes[i]!.padStart(width)}  ${time}  ${output.name(shownName(entry))}`);
  }
}

async function showJson({ output }: Context, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) await output.json(entryFacts(entry));
}

function shownName(entry: Entry): string {
  return isFolder(entry) ? `${entry.name}/` : entry.name;
}

function tellRest(context: Context, path: string, count: number, skipped: number, flags: Flags) {
  if (count === 0) {
    const what = path === "" ? "the library" : `"${path}"`;
    const hidden = flags.all === true ? "" : ', or all its names begin with "." (-a shows them)';
    context.note(`leat: list: ${what} is empty${hidden}`);
  }
  if (skipped > 0) {
    context.note(`leat: list: ${skipped} names are not UTF-8 and cannot be shown`);
  }
}
