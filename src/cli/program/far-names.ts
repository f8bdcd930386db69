/**
 * `HOST:PATH` in `get`, `upload` and `sync`, as rsync and scp users type it: a colon before the first slash. It stands for
 * `--server ssh://HOST/FOLDER` with a name in that folder; or, where HOST is a bookmark, for a name in its library.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { parseAddress } from "../../client/connection/address.ts";
import { LeatError } from "../../errors.ts";
import { isPattern } from "../../client/trees/glob-pattern.ts";
import { quote } from "../../store/names.ts";
import { takeBookmark } from "./bookmarks.ts";
import { UsageError } from "./exit-codes.ts";
import { expandHome } from "./local-names.ts";
import { meansContents } from "./paths.ts";

interface FarName {
  readonly typed: string;
  /** `HOST` or `USER@HOST`. */
  readonly who: string;
  readonly path: string;
}

/** As rsync splits it; nothing before the colon is no host. */
const FORM = /^((?:[^@/:]*@)?(?:\[[^\]/]*\]|[^@/:[\]]+)):(.*)$/s;

/** Takes the server, and the names in it, from the arguments of a command, if they have it. @throws UsageError */
export async function takeFarNames(program: Command, command: Command): Promise<void> {
  // In the library of a server that is given, a name may have a colon.
  const source = program.getOptionValueSource("server");
  const isGiven = source !== undefined && source !== "default";
  if (command.name() === "sync") return await takeSync(program, command, source === "cli");
  if (isGiven) return;
  if (command.name() === "get") await takeGet(program, command);
  if (command.name() === "upload") await takeUpload(program, command);
}

async function takeGet(program: Command, command: Command): Promise<void> {
  const typed: readonly string[] = command.processedArgs[0];
  const far = typed.flatMap((each) => farName(each) ?? []);
  if (far.length === 0) return;
  const other = typed.find((each) => farName(each) === undefined);
  if (other !== undefined) {
    const what = `${quote(other)} is no HOST:PATH, and ${quote(far[0]!.typed)} is one`;
    throw new UsageError(`${what}; -o says where files go on this machine`);
  }
  const glob = command.getOptionValue("glob") !== false;
  command.processedArgs[0] = await take(program, far, { glob });
  command.setOptionValue("far", typed);
}

async function takeUpload(program: Command, command: Command): Promise<void> {
  const locals: readonly string[] = command.processedArgs[0];
  const to: unknown = command.getOptionValue("to");
  const isList = command.getOptionValue("filesFrom") !== undefined;
  const isLast = to === undefined && locals.length > (isList ? 0 : 1);
  const typed = isLast ? locals.at(-1) : to;
  const far = typeof typed === "string" ? farName(typed) : undefined;
  if (far === undefined) return;
  if (isLast) {
    mustBeFar(far, `--to ${far.typed}`);
    command.processedArgs[0] = locals.slice(0, -1);
  }
  const [name] = await take(program, [far], { isTarget: true });
  command.setOptionValue("to", name);
  command.setOptionValue("far", far.typed);
}

async function takeSync(program: Command, command: Command, isTyped: boolean): Promise<void> {
  const ends: readonly string[] = command.processedArgs;
  if (ends.some((each) => each.startsWith(":"))) return;
  const [source, target] = ends.map(farName);
  const far = source ?? target;
  if (far === undefined) return;
  if (source !== undefined && target !== undefined) {
    throw new UsageError("one of the two folders is on this machine; here both are HOST:PATH");
  }
  if (isTyped) {
    throw new UsageError(
      `--server and ${quote(far.typed)} name two servers: name the folder of the one as :FOLDER, or leave --server out`,
    );
  }
  mustBeFar(far, `ssh://${far.who}/FOLDER as --server, and the folder as :FOLDER`);
  const backups: unknown = command.getOptionValue("backupDir");
  const keeps = target !== undefined && typeof backups === "string" ? farName(backups) : undefined;
  if (target !== undefined && backups !== undefined && keeps === undefined) {
    throw new UsageError(`--backup-dir is on the side of TARGET: as ${far.who}:FOLDER`);
  }
  const all = keeps === undefined ? [far] : [far, keeps];
  const [name, kept] = await take(program, all, { isTarget: target !== undefined });
  command.processedArgs[source === undefined ? 1 : 0] = `:${name}`;
  if (kept !== undefined) command.setOptionValue("backupDir", `:${kept}`);
}

/** @returns undefined for any other name @throws UsageError for what could be meant otherwise */
function farName(typed: string): FarName | undefined {
  const [, who = "", path = ""] = FORM.exec(typed) ?? [];
  if (who === "") return undefined;
  const say = (what: string): UsageError => new UsageError(`${quote(typed)} ${what}`);
  if (path.startsWith("//") || who === "unix") throw say("is an address: --server names it");
  if (path.startsWith(":")) throw say("is for an rsync daemon: leat has --server HOST");
  if (/^\d+$/.test(path)) {
    throw say(`could be a port: write --server ${typed}, or ${who}:./${path} for a file`);
  }
  if (/^~[^/]/.test(path)) throw say("is in the home folder of another user: write its whole path");
  if (path.split("/").includes("..")) throw say('has a "..": write the path without it');
  return { typed, who, path };
}

/** Something of this machine may have this name. */
function mustBeFar({ typed }: FarName, otherwise: string): void {
  if (!existsSync(expandHome(typed))) return;
  const what = `${quote(typed)} is on this machine, and could be HOST:PATH as well`;
  throw new UsageError(`${what}: write ./${typed}, or ${otherwise}`);
}

interface HowTaken {
  /** Something is written there, and not beside it where the path ends in a slash. */
  readonly isTarget?: boolean;
  /** Names may be patterns. */
  readonly glob?: boolean;
}

/** Sets the server. @returns the names in its library */
async function take(program: Command, far: readonly FarName[], how: HowTaken): Promise<string[]> {
  const { who, typed } = far[0]!;
  const other = far.find((each) => each.who !== who);
  if (other !== undefined) {
    throw new UsageError(`${quote(typed)} and ${quote(other.typed)} are on two hosts: name one`);
  }
  program.setOptionValueWithSource("server", who, "cli");
  await takeBookmark(program);
  if (program.getOptionValueSource("server") !== "cli") return far.map(({ path }) => path || ".");
  const { folder, names } = served(far, how);
  const address = `ssh://${who}/${folder.replaceAll("%", "%25")}`;
  try {
    parseAddress(address);
  } catch (thrown) {
    throw new UsageError(`${quote(typed)}: ${LeatError.from(thrown).message}`);
  }
  program.setOptionValueWithSource("server", address, "cli");
  return names;
}

/** The folder that is served: the innermost that all paths are in. It exists, if any of them does. */
function served(far: readonly FarName[], { isTarget = false, glob = false }: HowTaken) {
  const isAbsolute = far[0]!.path.startsWith("/");
  if (far.some(({ path }) => path.startsWith("/") !== isAbsolute)) {
    throw new UsageError(
      "some of these paths begin in the home folder, and some with a slash: name them apart",
    );
  }
  const paths = far.map(({ path }) => {
    const segments = path
      .replace(/^~(?=\/|$)/, "")
      .split("/")
      .filter((each) => each !== "" && each !== ".");
    // A slash says that the folder is there: what is received is kept in it meanwhile.
    const isServed = isTarget && path.endsWith("/");
    return {
      segments,
      above: segments.slice(0, isServed ? undefined : -1),
      isContents: meansContents(path),
    };
  });
  let { length } = paths[0]!.above;
  for (const { above } of paths) {
    const same = above.findIndex((each, index) => each !== paths[0]!.above[index]);
    const plain = glob ? above.findIndex(isPattern) : -1;
    length = Math.min(length, above.length, ...[same, plain].filter((index) => index >= 0));
  }
  const within = paths[0]!.above.slice(0, length);
  // In the address, a ~ at the start is the home folder.
  const start = isAbsolute ? (within[0] === "~" ? ["."] : []) : ["~"];
  const folder = [...start, ...within].join("/");
  const names = paths.map(({ segments, isContents }) => {
    const name = segments.slice(length).join("/");
    if (name === "") return ".";
    return isContents ? `${name}/.` : name;
  });
  return { folder, names };
}
