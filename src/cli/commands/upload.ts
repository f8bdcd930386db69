/** `upload`: files into the library. The server's receipt says what "done" means. */
import { type Command, Option } from "commander";
import type { Client } from "../../client/client.ts";
import type { UploadSource } from "../../client/upload/upload.ts";
import type { TreeOutcome } from "../../client/trees/tree.ts";
import type { KeepOptions, LinksOption } from "../../client/trees/tree.ts";
import { makeFilter, type Patterns } from "../../client/trees/filter.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import { statLocal } from "../program/local-names.ts";
import { notDoneFacts } from "./not-done.ts";
import { type GlobFlags, localNames, noGlob } from "../program/given-names.ts";
import { type Transfer, meansContents, meansFolder, uploads } from "../program/paths.ts";
import { type Bar, resumeAt } from "../terminal/progress.ts";
import { standardInput } from "../terminal/standard-input.ts";
import { type Done, resumed, transferAll } from "./transfers.ts";
import type { Count } from "./tree-totals.ts";
import { checkNames, filesFrom, type FilesFromFlags, from0, listedUploads } from "./files-from.ts";
import { checkChoice, choice, collisionOf, isCompared, type IfExists, moveTrees } from "./trees.ts";
import { exclude, include, jobs, links, noModes, noTimes } from "../program/arguments.ts";
import type { ContextOf } from "./commands.ts";

const STDIN = "-";

interface Flags extends GlobFlags, Patterns, FilesFromFlags, Required<KeepOptions & LinksOption> {
  readonly to?: string;
  readonly ifExists: IfExists;
  readonly json?: boolean;
  readonly jobs?: number;
  readonly discardPartial?: boolean;
  /** `to` as it was typed, where that is HOST:PATH. */
  readonly far?: string;
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("upload [LOCAL...]")
    .usage("[options] <LOCAL...>")
    .description("send files into the library, under their own names unless --to says where")
    .option("-o, --to <REMOTE>", "file or folder in the library; a folder ends in /, or exists")
    .option("-r, --recursive", "folders, too, with everything in them")
    .addOption(
      new Option("--if-exists <WHAT>", "when the name is taken in the library")
        .choices(["fail", "replace", "skip", "newer", "different"])
        .default("fail"),
    )
    .addOption(links())
    .addOption(noTimes())
    .addOption(noModes())
    .option("--discard-partial", "when interrupted, leave nothing on the server to continue")
    .option("--json", "one object a line for each file")
    .addOption(filesFrom())
    .addOption(from0())
    .addOption(exclude())
    .addOption(include())
    .addOption(jobs())
    .addOption(noGlob())
    .addHelpText("after", "\n- sends standard input, and needs --to NAME.")
    .action((locals: string[], flags: Flags) =>
      context().run("upload", (now) => upload(now, locals, flags)),
    );
}

async function upload(context: Context, locals: readonly string[], flags: Flags): Promise<void> {
  const { recursive = false, json = false } = flags;
  if (locals.includes(STDIN)) checkStdin(context, locals, flags);
  checkChoice(flags);
  checkNames("LOCAL", locals, flags);
  if (flags.filesFrom !== undefined) {
    const listed = await listedUploads(context, locals, flags);
    const title = [flags.filesFrom];
    if (context.refuse("upload", listed)) await uploadAll(context, title, flags, listed.all);
    return;
  }
  const names = await localNames(context, "upload", locals, flags);
  if (names.length === 0) return;
  const planned = await uploads(context, names, flags);
  if (!context.refuse("upload", planned)) return;
  if (recursive || isCompared(flags.ifExists))
    return uploadAll(context, locals, flags, planned.all);
  const several = planned.all.length > 1;
  await transferAll(context, {
    command: "upload",
    transfers: planned.all,
    name: ({ local, path }) => (local === STDIN ? path : local),
    run: (transfer, client, bar) => uploadOne(context, transfer, flags, client, bar, several),
    json,
    jobs: flags.jobs,
  });
}

async function uploadAll(
  context: Context,
  locals: readonly string[],
  flags: Flags,
  roots: readonly Transfer[],
): Promise<void> {
  const { ifExists, json = false, times, modes, links } = flags;
  const onKept = () => context.kept(treeContinuation(context, locals, flags, roots));
  await moveTrees(context, {
    command: "upload",
    onKept,
    title: locals.join(" "),
    json,
    total: () => totalOf(roots, flags),
    move: (client, hooks) =>
      client.putTrees(roots, {
        ...choice(flags),
        ifExists,
        times,
        modes,
        links,
        keep: flags.discardPartial !== true,
        ...hooks,
      }),
    name: ({ local }) => local,
    how: synced,
    facts: (outcome) =>
      outcome.target === undefined
        ? factsOf(outcome.path, outcome, outcome.crc32 ?? 0, outcome)
        : { path: outcome.path, link: outcome.target },
  });
}

/** The files of a list are known by their number. */
function totalOf(roots: readonly Transfer[], flags: Flags): number | Count {
  if (flags.recursive !== true) return roots.length;
  return {
    isRemote: false,
    run: async (signal) => {
      const { countLocal } = await import("../../client/trees/tree-count.ts");
      return countLocal(roots, { ...flags, filter: await makeFilter(flags), signal });
    },
  };
}

function checkStdin(context: Context, locals: readonly string[], flags: Flags): void {
  const { to, recursive, ifExists } = flags;
  if (recursive === true) throw new UsageError("- is no folder: upload it without -r");
  if (context.inShell) {
    throw new UsageError("- is standard input, where the commands come from: name a file");
  }
  if (locals.length > 1)
    throw new UsageError("- is standard input: it cannot be sent together with files");
  if (isCompared(ifExists)) {
    throw new UsageError(`standard input has no time: --if-exists ${ifExists} needs a file`);
  }
  if (to === undefined || meansFolder(to)) {
    throw new UsageError("standard input has no name: say --to NAME");
  }
}

/** Files that have arrived would fail otherwise: their names are taken. */
const SKIPPING = "the same command with --if-exists skip continues";

/**
 * How an interrupted run is continued. A folder that was made as `to` exists now, and the same command would
 * send into a folder within it.
 */
function treeContinuation(
  { currentFolder }: Context,
  [local = "", ...others]: readonly string[],
  { to, far = to, ifExists }: Flags,
  [root]: readonly Transfer[],
): string | undefined {
  const isMade =
    to !== undefined && root?.path === currentFolder.resolve(to) && !meansContents(local);
  if (isMade && others.length === 0 && statLocal(local)?.isDirectory() === true) {
    const skip = ifExists === "fail" ? " --if-exists skip" : "";
    return `upload -r ${local.replace(/\/*$/, "/.")} --to ${far}${skip} continues`;
  }
  return ifExists === "fail" ? SKIPPING : undefined;
}

async function uploadOne(
  context: Context,
  { local, path }: Transfer,
  flags: Flags,
  client: Client,
  bar: Bar,
  several: boolean,
): Promise<Done> {
  // Unknown where its size is 0: files as in /proc have more bytes than that.
  bar.total = local === STDIN ? undefined : statLocal(local)?.size || undefined;
  const source: UploadSource = local === STDIN ? standardInput() : Bun.file(local);
  const receipt = await client.put(path, source, {
    ifExists: collisionOf(flags.ifExists),
    ...(flags.times ? {} : { modified: new Date() }),
    ...(flags.modes ? {} : { mode: 0o666 }),
    signal: context.signal,
    onProgress: (bytes) => void (bar.done = bytes),
    onResume: (offset, size) => {
      resumeAt(bar, offset);
      context.note(resumed("upload", local, offset, size));
    },
    keep: flags.discardPartial !== true,
    onKept: () => context.kept(several && flags.ifExists === "fail" ? SKIPPING : undefined),
  });
  const { skipped } = receipt;
  const size = receipt.entry.size;
  return {
    bytes: skipped ? 0 : size,
    earlier: skipped ? 0 : bar.earlier,
    how: synced(receipt),
    notDone: receipt.notDone,
    skipped,
    facts: factsOf(path, receipt.entry, receipt.crc32, receipt),
  };
}

function synced({ durability, notDone }: Pick<TreeOutcome, "durability" | "notDone">): string {
  if (durability === "fsync") return "on disk";
  if (notDone?.sync === true) return "not synced (the server's file system cannot)";
  return "not synced (the server runs with --durability none)";
}

/** For `--json`. */
function factsOf(
  path: string,
  { size, version }: { readonly size: number; readonly version: string },
  crc32: number,
  { skipped, durability, notDone }: Pick<TreeOutcome, "skipped" | "durability" | "notDone">,
): object {
  if (skipped) return { path, size, version, skipped };
  const crc = crc32.toString(16).padStart(8, "0");
  return { path, size, version, crc32: crc, durability, skipped, ...notDoneFacts(notDone) };
}
