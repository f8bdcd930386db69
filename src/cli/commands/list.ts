/** `list`: the entries of a folder. */
import type { Command } from "commander";
import { rowsOf } from "../../client/calls/page.ts";
import { pagesRequest } from "../../client/calls/requests.ts";
import { LeatError } from "../../errors.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Context } from "../program/context.ts";
import { noGlob, remoteNames } from "../program/given-names.ts";
import type { ContextOf } from "./commands.ts";
import { entriesText, type ListFlags } from "./entries-text.ts";
import { isFolder } from "./entry.ts";
import { rowsText, showsRows } from "./rows-text.ts";
import { listTree } from "./list-tree.ts";

export function add(program: Command, context: ContextOf): Command {
  return (
    program
      .command("list [PATH...]")
      .description("show what is in the library or in a folder of it, or a file")
      .option("-a, --all", 'names that begin with ".", too')
      .option("-r, --recursive", "everything below a folder, one path a line")
      .option("-l, --long", "size and time, too")
      .option("-h, --human-readable", "with -l: sizes like 1.21 KiB")
      // As with ls, -h is about sizes.
      .helpOption("--help", "display help for command")
      .option("--json", "one object a line")
      .addOption(noGlob())
      .action((paths: string[], flags: ListFlags) => listNamed(context(), paths, flags))
  );
}

async function listNamed(context: Context, typed: readonly string[], flags: ListFlags) {
  const names = typed.length === 0 ? ["."] : await remoteNames(context, "list", typed, flags);
  if (names.length > 1 && flags.recursive !== true) return listSeveral(context, names, flags);
  return context.each("list", names, (now, each) => list(now, each, flags));
}

async function list(context: Context, typed: string, flags: ListFlags): Promise<void> {
  const path = context.currentFolder.resolve(typed);
  try {
    await (flags.recursive === true
      ? listAll(context, path, typed, flags)
      : listFolder(context, path, flags));
  } catch (thrown) {
    const isFile = thrown instanceof LeatError && thrown.code === "NOT_A_DIRECTORY";
    if (!isFile || typed.endsWith("/") || !(await listFile(context, path, flags))) throw thrown;
  }
}

/** As ls does: the files first, then each folder below its name. In JSON the names are paths. */
async function listSeveral(context: Context, typed: readonly string[], flags: ListFlags) {
  const { output, currentFolder, signal } = context;
  const files: Entry[] = [];
  const folders: string[] = [];
  await context.each("list", typed, async (now, each) => {
    const path = currentFolder.resolve(each);
    const entry = await (await now.client()).stat(path, { signal });
    if (isFolder(entry) || each.endsWith("/")) folders.push(path);
    else files.push({ ...entry, name: path });
  });
  await output.text(entriesText(files, flags, output));
  let isFirst = files.length === 0;
  await context.each("list", folders, async (now, path) => {
    if (flags.json !== true) {
      await output.text(`${isFirst ? "" : "\n"}${output.name(path === "" ? "/" : path)}:\n`);
    }
    isFirst = false;
    await listFolder(now, path, flags, path);
  });
}

async function listAll(context: Context, path: string, typed: string, flags: ListFlags) {
  const { count, skippedNames } = await listTree(context, path, typed, flags);
  noteRest(context, path, count, skippedNames, flags);
}

/** @param within for JSON: the folder that names are prefixed with */
async function listFolder(context: Context, path: string, flags: ListFlags, within = "") {
  const { output } = context;
  const options = { hidden: flags.all === true, signal: context.signal };
  const client = await context.client(pagesRequest(path, options));
  const pages = client.pages(path, options);
  let count = 0;
  let skipped = 0;
  for await (const page of pages) {
    skipped += page.skippedNames;
    const rows = rowsOf(page);
    if (rows !== undefined && showsRows(rows, flags, output)) {
      count += rows.count;
      await output.bytes(rowsText(rows, flags.long === true));
      continue;
    }
    const { entries } = page;
    count += entries.length;
    // A page at a time: waiting for each line takes longer than writing it.
    const inJson = flags.json === true && within !== "";
    const shown = inJson
      ? entries.map((entry) => ({ ...entry, name: `${within}/${entry.name}` }))
      : entries;
    await output.text(entriesText(shown, flags, output));
  }
  await output.flush();
  noteRest(context, path, count, skipped, flags);
}

/** As ls does: a file is shown under the name that was typed. @returns false where it is no file */
async function listFile(context: Context, path: string, flags: ListFlags): Promise<boolean> {
  const { output, signal } = context;
  const client = await context.client();
  try {
    const entry = await client.stat(path, { signal });
    const name = flags.json === true ? entry.name : path;
    const more = flags.recursive === true ? { path } : {};
    await output.text(entriesText([{ ...entry, name, ...more }], flags, output));
    return true;
  } catch (thrown) {
    if (thrown instanceof LeatError && thrown.code === "NOT_A_DIRECTORY") return false;
    throw thrown;
  }
}

function noteRest(
  context: Context,
  path: string,
  count: number,
  skipped: number,
  flags: ListFlags,
) {
  if (count === 0) {
    const what = path === "" ? "the library" : `"${path}"`;
    const hidden = flags.all === true ? "" : ', or all its names begin with "." (-a shows them)';
    context.note(`leat: list: ${what} is empty${hidden}`);
  }
  if (skipped > 0) {
    context.note(`leat: list: ${skipped} names are not UTF-8 and cannot be shown`);
  }
}
