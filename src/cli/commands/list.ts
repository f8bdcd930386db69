/** `list`: the entries of a folder. */
import type { Command } from "commander";
import { LeatError } from "../../errors.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Context } from "../program/context.ts";
import { jsonLine, type Output } from "../terminal/output.ts";
import { bytesText, timeText } from "../terminal/units.ts";
import type { ContextOf } from "./commands.ts";
import { entryFacts, isFolder } from "./entry.ts";

interface Flags {
  readonly all?: boolean;
  readonly long?: boolean;
  readonly humanReadable?: boolean;
  readonly json?: boolean;
}

export function addList(program: Command, context: ContextOf): void {
  program
    .command("list [PATH...]")
    .alias("ls")
    .description("show what is in the library or in a folder of it, or a file")
    .option("-a, --all", 'names that begin with ".", too')
    .option("-l, --long", "size and time, too")
    .option("-h, --human-readable", "with -l: sizes like 1.21 KiB")
    // As with ls, -h is about sizes.
    .helpOption("--help", "display help for command")
    .option("--json", "one object a line")
    .action((paths: string[], flags: Flags) =>
      paths.length < 2
        ? context().run("list", (now) => list(now, paths[0] ?? ".", flags))
        : listSeveral(context(), paths, flags),
    );
}

async function list(context: Context, typed: string, flags: Flags): Promise<void> {
  const path = context.currentFolder.resolve(typed);
  try {
    await listFolder(context, path, flags);
  } catch (thrown) {
    const isFile = thrown instanceof LeatError && thrown.code === "NOT_A_DIRECTORY";
    if (!isFile || typed.endsWith("/") || !(await listFile(context, path, flags))) throw thrown;
  }
}

/** As ls does: the files first, then each folder below its name. In JSON the names are paths. */
async function listSeveral(context: Context, typed: readonly string[], flags: Flags) {
  const { output, currentFolder, signal } = context;
  const files: Entry[] = [];
  const folders: string[] = [];
  await context.each("list", typed, async (now, each) => {
    const path = currentFolder.resolve(each);
    const entry = await (await now.client()).stat(path, { signal });
    if (isFolder(entry) || each.endsWith("/")) folders.push(path);
    else files.push({ ...entry, name: path });
  });
  await output.text(textOf(files, flags, output));
  let isFirst = files.length === 0;
  await context.each("list", folders, async (now, path) => {
    if (flags.json !== true) {
      await output.text(`${isFirst ? "" : "\n"}${output.name(path === "" ? "/" : path)}:\n`);
    }
    isFirst = false;
    await listFolder(now, path, flags, path);
  });
}

/** @param within for JSON: the folder that names are prefixed with */
async function listFolder(context: Context, path: string, flags: Flags, within = "") {
  const { output } = context;
  const client = await context.client();
  const pages = client.pages(path, { hidden: flags.all === true, signal: context.signal });
  let count = 0;
  let skipped = 0;
  for await (const { entries, skippedNames } of pages) {
    count += entries.length;
    skipped += skippedNames;
    // A page at a time: waiting for each line takes longer than writing it.
    const inJson = flags.json === true && within !== "";
    const shown = inJson
      ? entries.map((entry) => ({ ...entry, name: `${within}/${entry.name}` }))
      : entries;
    await output.text(textOf(shown, flags, output));
  }
  await output.flush();
  noteRest(context, path, count, skipped, flags);
}

/** As ls does: a file is shown under the name that was typed. @returns false where it is no file */
async function listFile(context: Context, path: string, flags: Flags): Promise<boolean> {
  const { output, signal } = context;
  const client = await context.client();
  try {
    const entry = await client.stat(path, { signal });
    const name = flags.json === true ? entry.name : path;
    await output.text(textOf([{ ...entry, name }], flags, output));
    return true;
  } catch (thrown) {
    if (thrown instanceof LeatError && thrown.code === "NOT_A_DIRECTORY") return false;
    throw thrown;
  }
}

function textOf(entries: readonly Entry[], flags: Flags, output: Output): string {
  if (flags.json === true) return entries.map((entry) => jsonLine(entryFacts(entry))).join("");
  const names = entries.map((entry) => output.name(entry.name + (isFolder(entry) ? "/" : "")));
  if (flags.long !== true) return names.map((name) => `${name}\n`).join("");
  const sizeText = flags.humanReadable === true ? bytesText : String;
  const sizes = entries.map(({ kind, size }) => (kind === "FILE" ? sizeText(size) : "-"));
  // Aligned within a page: the whole listing may be larger than memory.
  const width = sizes.reduce((most, { length }) => Math.max(most, length), 0);
  const line = ({ modified }: Entry, index: number): string =>
    `${sizes[index]!.padStart(width)}  ${timeText(modified).padEnd(20)}  ${names[index]}\n`;
  return entries.map(line).join("");
}

function noteRest(context: Context, path: string, count: number, skipped: number, flags: Flags) {
  if (count === 0) {
    const what = path === "" ? "the library" : `"${path}"`;
    const hidden = flags.all === true ? "" : ', or all its names begin with "." (-a shows them)';
    context.note(`leat: list: ${what} is empty${hidden}`);
  }
  if (skipped > 0) {
    context.note(`leat: list: ${skipped} names are not UTF-8 and cannot be shown`);
  }
}
