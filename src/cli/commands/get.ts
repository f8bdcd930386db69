/** `get`: files from the library, whole and verified. */
import { lstatSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Client } from "../../client/client.ts";
import { downloadRequest, type FirstRequest, getRequest } from "../../client/calls/requests.ts";
import type { Saved } from "../../client/download/options.ts";
import { type ErrorCode, LeatError } from "../../errors.ts";
import type { DurabilityLevel } from "../../store/store.ts";
import type { KeepOptions, LinksOption } from "../../client/trees/tree.ts";
import { makeFilter, type Patterns } from "../../client/trees/filter.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import { LocalError } from "../program/failures.ts";
import { statLocal } from "../program/local-names.ts";
import { notDoneFacts } from "./not-done.ts";
import { type GlobFlags, noGlob, remoteNames } from "../program/given-names.ts";
import { type Transfer, downloads, planEach } from "../program/paths.ts";
import { type Bar, resumeAt } from "../terminal/progress.ts";
import { type Done, resumed, transferAll } from "./transfers.ts";
import type { Count } from "./tree-totals.ts";
import {
  checkNames,
  filesFrom,
  type FilesFromFlags,
  from0,
  listedDownloads,
} from "./files-from.ts";
import { checkChoice, choice, collisionOf, isCompared, type IfExists, moveTrees } from "./trees.ts";
import { exclude, include, jobs, links, noModes, noTimes } from "../program/arguments.ts";
import type { ContextOf } from "./commands.ts";

interface Flags extends GlobFlags, Patterns, FilesFromFlags, Required<KeepOptions & LinksOption> {
  readonly to?: string;
  readonly ifExists: IfExists;
  readonly durability: DurabilityLevel;
  readonly json?: boolean;
  readonly jobs?: number;
  readonly allowGrowth?: boolean;
  /** The names as they were typed, where these are HOST:PATH. */
  readonly far?: readonly string[];
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("get [REMOTE...]")
    .usage("[options] <REMOTE...>")
    .description("fetch files, under their own names unless --to says where")
    .option("-o, --to <LOCAL>", "file or folder to write to; - writes to stdout")
    .option("-r, --recursive", "folders, too, with everything in them")
    .addOption(
      new Option("--if-exists <WHAT>", "when the local name is taken")
        .choices(["fail", "replace", "skip", "newer", "different"])
        .default("replace"),
    )
    .addOption(
      new Option("--durability <LEVEL>", "fsync: done means on disk")
        .choices(["fsync", "none"])
        .default("fsync"),
    )
    .option("--allow-growth", "of a file that grows meanwhile, what was there at the start")
    .addOption(links())
    .addOption(noTimes())
    .addOption(noModes())
    .option("--json", "one object a line for each file")
    .addOption(filesFrom())
    .addOption(from0())
    .addOption(exclude())
    .addOption(include())
    .addOption(jobs())
    .addOption(noGlob())
    .action((remotes: string[], flags: Flags) =>
      context().run("get", (now) => get(now, remotes, flags)),
    );
}

async function get(context: Context, typed: readonly string[], flags: Flags): Promise<void> {
  const { to, recursive = false, json = false } = flags;
  const toStdout = to === "-";
  if (toStdout && recursive) throw new UsageError("-r writes files, and --to - none: choose one");
  if (toStdout && json) {
    throw new UsageError("--json and --to - would both write to stdout: choose one");
  }
  checkChoice(flags);
  checkNames("REMOTE", typed, flags);
  if (flags.filesFrom !== undefined) {
    const listed = await listedDownloads(context, typed, flags);
    if (context.refuse("get", listed)) await getAll(context, [flags.filesFrom], flags, listed.all);
    return;
  }
  const names = await remoteNames(context, "get", typed, flags);
  if (names.length === 0) return;
  const planned = toStdout
    ? planEach(names, (each) => ({ path: context.currentFolder.resolve(each), local: "-" }))
    : downloads(context, names, flags);
  if (!context.refuse("get", planned)) return;
  if (recursive || (isCompared(flags.ifExists) && !toStdout))
    return getAll(context, typed, flags, planned.all);
  const getOne = toStdout ? writeToStdout : saveAsFile;
  await transferAll(context, {
    command: "get",
    transfers: planned.all,
    name: ({ path }) => path,
    run: (transfer, client, bar) => getOne(context, transfer, flags, client, bar),
    ahead: (first) => firstRequest(first, flags),
    json,
    jobs: flags.jobs,
    inOrder: toStdout,
  });
}

async function getAll(
  context: Context,
  typed: readonly string[],
  flags: Flags,
  roots: readonly Transfer[],
): Promise<void> {
  const {
    to,
    ifExists,
    durability,
    allowGrowth = false,
    json = false,
    times,
    modes,
    links,
  } = flags;
  const onKept = () => context.kept(continuation(flags.far ?? typed, to, roots));
  await moveTrees(context, {
    command: "get",
    onKept,
    title: typed.join(" "),
    json,
    total: (client) => totalOf(client, roots, flags),
    move: (client, hooks) =>
      client.getTrees(roots, {
        ...choice(flags),
        ifExists,
        durability,
        allowGrowth,
        times,
        modes,
        links,
        ...hooks,
      }),
    name: ({ path }) => path,
    how: verified,
    facts: ({ path, local, size, version, skipped, notDone, target }) => {
      if (skipped) return { path, file: local, skipped };
      if (target !== undefined) return { path, file: local, link: target };
      return { path, file: local, size, version, skipped, ...notDoneFacts(notDone) };
    },
  });
}

/** The files of a list are known by their number. */
function totalOf(client: Client, roots: readonly Transfer[], flags: Flags): number | Count {
  if (flags.recursive !== true) return roots.length;
  return {
    isRemote: true,
    run: async (signal) => {
      const { countRemote } = await import("../../client/trees/tree-count.ts");
      return countRemote(client, roots, { ...flags, filter: await makeFilter(flags), signal });
    },
  };
}

/**
 * How an interrupted run is continued. A folder that was made as `to` exists now, and the same command would
 * write into a folder within it.
 * @returns undefined where the same command does it
 */
function continuation(
  [remote]: readonly string[],
  to: string | undefined,
  roots: readonly Transfer[],
) {
  if (to === undefined || remote === undefined || roots.length > 1) return undefined;
  if (roots[0]?.local !== to || statLocal(to)?.isDirectory() !== true) return undefined;
  return `get -r ${remote.replace(/\/*$/, "/.")} --to ${to} continues`;
}

function verified({ durability, notDone }: Omit<Saved, "skipped">): string {
  if (durability === "fsync") return "verified, on disk";
  return `verified, not synced${notDone?.sync === true ? " (the file system here cannot)" : ""}`;
}

async function saveAsFile(
  context: Context,
  { path, local }: Transfer,
  flags: Flags,
  client: Client,
  bar: Bar,
): Promise<Done> {
  const { durability, allowGrowth = false, times, modes } = flags;
  const ifExists = collisionOf(flags.ifExists);
  if (ifExists === "skip" && isTaken(local)) {
    const facts = { path, file: local, skipped: true };
    return { bytes: 0, how: "verified", skipped: true, facts };
  }
  let answered = false;
  try {
    const { entry, ...saved } = await client.download(path, local, {
      ifExists,
      durability,
      allowGrowth,
      times,
      modes,
      signal: context.signal,
      onBegin: ({ size }) => {
        answered = true;
        bar.total = size;
      },
      onProgress: (bytes) => void (bar.done = bytes),
      onResume: (offset, size) => {
        resumeAt(bar, offset);
        context.note(resumed("get", path, offset, size));
      },
      onKept: () => context.kept(),
    });
    const { size, version } = entry;
    const { notDone } = saved;
    const facts = { path, file: local, size, version, skipped: false, ...notDoneFacts(notDone) };
    const how = verified(saved);
    return { bytes: size, earlier: bar.earlier, how, skipped: false, facts, notDone };
  } catch (thrown) {
    // After the server's answer it is the local name that is missing, or taken.
    const code = thrown instanceof LeatError ? thrown.code : undefined;
    throw answered && code !== undefined && LOCAL.has(code) ? new LocalError(thrown) : thrown;
  }
}

const LOCAL = new Set<ErrorCode>(["NOT_FOUND", "ALREADY_EXISTS", "IS_A_DIRECTORY"]);

async function writeToStdout(
  { signal, output }: Context,
  { path }: Transfer,
  { allowGrowth = false }: Flags,
  client: Client,
  bar: Bar,
): Promise<Done> {
  const onProgress = (bytes: number): void => void (bar.done = bytes);
  await using download = await client.get(path, { signal, allowGrowth, onProgress });
  bar.total = download.length;
  for await (const bytes of download) await output.bytes(bytes);
  return { bytes: download.length, how: "verified", skipped: false, facts: {} };
}

/** @returns undefined where there may be none: the local name is taken */
function firstRequest({ path, local }: Transfer, flags: Flags): FirstRequest | undefined {
  if (local === "-") return getRequest(path, flags);
  return flags.ifExists === "skip" ? undefined : downloadRequest(path, local, flags);
}

/** A link to nothing takes the name, too. */
function isTaken(local: string): boolean {
  try {
    return lstatSync(local, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // writing reports the error
  }
}
