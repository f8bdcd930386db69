/** `sync`: makes one folder like another. The name of the one in the library begins with a colon. */
import { type Command, Option } from "commander";
import type { Client } from "../../client/client.ts";
import type { TreeRoot } from "../../client/trees/tree.ts";
import type { Removals, SyncDownOptions, SyncOutcome, SyncRest } from "../../client/sync/sync.ts";
import type { DurabilityLevel } from "../../store/store.ts";
import type { KeepOptions, LinksOption } from "../../client/trees/tree.ts";
import { exclude, include, links, noModes, noTimes, wholeNumber } from "../program/arguments.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import { checkLocal, expandHome } from "../program/local-names.ts";
import { askYes } from "../terminal/question.ts";
import { printable } from "../terminal/terminal-text.ts";
import type { ContextOf } from "./commands.ts";
import { counted } from "../terminal/units.ts";
import { SyncReport } from "./sync-report.ts";
import { type Count, countBeside } from "./tree-totals.ts";

/** Begins the name of the folder in the library. */
const LIBRARY = ":";

interface Flags extends Required<KeepOptions & LinksOption> {
  readonly delete?: boolean;
  readonly maxDelete?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly exclude?: readonly string[];
  readonly include?: readonly string[];
  readonly checksum?: boolean;
  readonly existing?: boolean;
  readonly ignoreExisting?: boolean;
  readonly update?: boolean;
  readonly backupDir?: string;
  readonly durability: DurabilityLevel;
  readonly json?: boolean;
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("sync <SOURCE> <TARGET>")
    .description("make folder TARGET like folder SOURCE; one of them is in the library, as :FOLDER")
    .option("--delete", "remove what is only in TARGET")
    .addOption(
      new Option("--max-delete <N>", "with --delete: remove nothing if it would be more").argParser(
        wholeNumber(0),
      ),
    )
    .option("-y, --yes", "remove without asking")
    .option("-n, --dry-run", "change nothing, and print what would be done")
    .addOption(exclude())
    .addOption(include())
    .option("-c, --checksum", "compare files of the same size by their contents")
    .option("-u, --update", "leave files alone that are newer in TARGET")
    .option("--existing", "only files that TARGET has already")
    .option("--ignore-existing", "only files that TARGET does not have")
    .option(
      "--backup-dir <DIR>",
      "move files here that are replaced or removed, named as TARGET is",
    )
    .addOption(
      new Option("--durability <LEVEL>", "fsync: done means on disk")
        .choices(["fsync", "none"])
        .default("fsync"),
    )
    .addOption(links())
    .addOption(noTimes())
    .addOption(noModes())
    .option("--json", "one object a line for each file that is changed, and a summary")
    .addHelpText(
      "after",
      "\n: alone is the whole library: sync . : sends the current folder there.",
    )
    .action((source: string, target: string, flags: Flags) =>
      context().run("sync", (now) => sync(now, source, target, flags)),
    );
}

async function sync(context: Context, from: string, to: string, flags: Flags): Promise<void> {
  const { path, local, isDown } = sidesOf(context, from, to);
  if (flags.maxDelete !== undefined && flags.delete !== true) {
    throw new UsageError("--max-delete bounds what --delete removes: add --delete");
  }
  context.kept();
  const client = await context.client();
  const report = new SyncReport(context, isDown, flags);
  using bar = context.progress.beginTree("sync", `${from} ${to}`);
  using _counting = countBeside(context, bar, countOf(client, { path, local }, isDown, flags));
  let unchanged = 0;
  const options: SyncDownOptions = {
    ...flags,
    ...(flags.backupDir !== undefined && {
      backupDir: backupsOf(context, flags.backupDir, isDown),
    }),
    confirmDelete: (what) => {
      bar[Symbol.dispose]();
      const { path: remote, local: here } = what.example;
      return mayRemove(context, { ...what, example: isDown ? here : remote }, flags, to);
    },
    onProgress: (moved, file) => {
      bar.moved(moved, file.path);
      report.moved = moved;
    },
    onResume: (_file, offset) => bar.settled(offset),
    // Only for the bar: it would be called for every file that is the same.
    ...(context.progress.isShown && {
      onUnchanged: (bytes: number) => {
        unchanged += 1;
        bar.files += 1;
        bar.settled(bytes);
      },
    }),
    signal: context.signal,
  };
  const outcomes = isDown
    ? client.syncDownOutcomes(path, local, options)
    : client.syncUpOutcomes(local, path, options);
  try {
    let next: IteratorResult<SyncOutcome, SyncRest>;
    while ((next = await outcomes.next()).done !== true) {
      await report.take(next.value);
      bar.ended(next.value.path);
      bar.files = unchanged + report.files;
      bar.failed = report.failed;
    }
    await report.end(next.value);
  } finally {
    bar[Symbol.dispose]();
    report.sum();
  }
}

/** Everything in SOURCE: what is the same in TARGET counts as done. */
function countOf(
  client: Client,
  root: TreeRoot,
  isDown: boolean,
  { links, exclude = [], include = [] }: Flags,
): Count {
  return {
    isRemote: isDown,
    run: async (signal) => {
      const { makeSyncFilter } = await import("../../client/sync/filter.ts");
      const { countLocal, countRemote } = await import("../../client/trees/tree-count.ts");
      const filter = await makeSyncFilter(root.local, { exclude, include });
      const options = { links, filter, signal };
      return isDown ? countRemote(client, [root], options) : countLocal([root], options);
    },
  };
}

/** @throws UsageError unless exactly one of them is in the library */
function sidesOf(
  { currentFolder }: Context,
  from: string,
  to: string,
): TreeRoot & { readonly isDown: boolean } {
  const isDown = from.startsWith(LIBRARY);
  if (isDown === to.startsWith(LIBRARY)) {
    const which = isDown ? "both are" : "neither is";
    throw new UsageError(`one of the two folders is in the library, as :FOLDER; here ${which}`);
  }
  const [remote, typed] = isDown ? [from, to] : [to, from];
  checkLocal(typed);
  const path = currentFolder.resolve(remote.slice(LIBRARY.length) || ".");
  const local = expandHome(typed).replace(/(?<=.)\/+$/, "");
  return { path, local, isDown };
}

/** @throws UsageError unless the folder of backups is on the side of TARGET */
function backupsOf({ currentFolder }: Context, typed: string, isDown: boolean): string {
  if (typed.startsWith(LIBRARY) === isDown) {
    const where = isDown ? "on this machine" : "in the library, as :FOLDER";
    throw new UsageError(`--backup-dir is on the side of TARGET: ${where}`);
  }
  if (!isDown) return currentFolder.resolve(typed.slice(LIBRARY.length));
  checkLocal(typed);
  return expandHome(typed);
}

/** Asks a person at a terminal; without one the flag is enough. */
async function mayRemove(
  context: Context,
  { files, folders, example }: Omit<Removals, "example"> & { readonly example: string },
  { yes = false }: Flags,
  target: string,
): Promise<boolean> {
  if (yes || !context.output.stderrIsTerminal) return true;
  const counts = [
    ...(files > 0 ? [counted(files, "file")] : []),
    ...(folders > 0 ? [counted(folders, "folder")] : []),
  ];
  const what = `${counts.join(" and ")} of ${printable(target)} (${printable(example)} is one)`;
  if (context.ask === undefined) {
    context.note(`leat: sync: ${what} would be removed; --yes removes without asking`);
    return false;
  }
  return await askYes(`remove ${what}? [y/N] `, context.ask);
}
