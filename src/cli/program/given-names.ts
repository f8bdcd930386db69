/** The names that a command is given. A pattern, as in a shell, stands for all that it matches. */
import { Option } from "commander";
import { isPattern } from "../../client/trees/glob-pattern.ts";
import { LeatError } from "../../errors.ts";
import { GLOB_MATCHES } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import { type Context, isConnectionFailure } from "./context.ts";
import { forEach } from "./for-each.ts";

export { isPattern };

export interface GlobFlags {
  /** Whether names may be patterns. */
  readonly glob: boolean;
  /** Folders are taken with everything in them. */
  readonly recursive?: boolean;
}

/** A name as it could have been typed. */
interface Match {
  readonly name: string;
  readonly isFolder: boolean;
}

type Add = (match: Match) => void;

/** The flag that turns patterns off. */
export const noGlob = (): Option =>
  new Option("--no-glob", "take *, ?, [ and { in names as they are");

/** Runs a command for each of its names in the library: one that fails does not stop the others. */
export async function eachName(
  context: Context,
  command: string,
  typed: readonly string[],
  flags: GlobFlags,
  step: (context: Context, name: string) => Promise<void>,
): Promise<void> {
  await context.each(command, await remoteNames(context, command, typed, flags), step);
}

/**
 * Names in the library. What exists by a name comes before what it matches as a pattern.
 * @returns them, as if typed; a name that cannot be looked for, or matches nothing, was reported
 */
export async function remoteNames(
  context: Context,
  command: string,
  typed: readonly string[],
  flags: GlobFlags,
): Promise<string[]> {
  const look = async (name: string, add: Add): Promise<boolean> => {
    const path = context.currentFolder.resolve(name);
    if (await exists(context, path)) return false;
    await matches(context, command, name, path, add);
    return true;
  };
  return expand(context, command, typed, flags, look);
}

/** As `remoteNames`, on this machine. */
export function localNames(
  context: Context,
  command: string,
  typed: readonly string[],
  flags: GlobFlags,
): Promise<string[]> {
  const look = async (name: string, add: Add): Promise<boolean> => {
    const { localMatches } = await import("./local-matches.ts");
    return localMatches(name, add);
  };
  return expand(context, command, typed, flags, look);
}

/** @param look adds what a pattern matches. @returns false where it is a name */
async function expand(
  context: Context,
  command: string,
  typed: readonly string[],
  { glob, recursive = false }: GlobFlags,
  look: (name: string, add: Add) => Promise<boolean>,
): Promise<string[]> {
  const all = new Set<string>();
  for (const name of typed) {
    if (!glob || !isPattern(name)) {
      all.add(name);
      continue;
    }
    const found: Match[] = [];
    try {
      const isLooked = await look(name, (match) => {
        if (found.push(match) > GLOB_MATCHES) throw tooMany(name);
      });
      if (!isLooked) all.add(name);
      else if (found.length === 0) throw noMatch(name);
    } catch (thrown) {
      context.fail(command, thrown, name);
      if (isConnectionFailure(thrown)) return [];
      continue;
    }
    for (const each of recursive ? outermost(found) : found) all.add(each.name);
  }
  return [...all];
}

/** Without what is in a folder that is among them. */
function outermost(found: readonly Match[]): Match[] {
  const folders = new Set(found.flatMap(({ name, isFolder }) => (isFolder ? [name] : [])));
  return found.filter(({ name }) => {
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      if (folders.has(name.slice(0, end))) return false;
    }
    return true;
  });
}

async function exists(context: Context, path: string): Promise<boolean> {
  const client = await context.client();
  try {
    await client.stat(path, { signal: context.signal });
    return true;
  } catch (thrown) {
    const { code } = LeatError.from(thrown);
    if (code === "NOT_FOUND" || code === "NOT_A_DIRECTORY") return false;
    throw thrown;
  }
}

async function matches(
  context: Context,
  command: string,
  typed: string,
  path: string,
  add: Add,
): Promise<void> {
  const { signal, currentFolder } = context;
  const client = await context.client();
  const onError = (error: LeatError, folder: string): void => context.fail(command, error, folder);
  const foldersOnly = typed.endsWith("/");
  const start = typed.startsWith("/") ? "" : currentFolder.path;
  const { skippedNames } = await forEach(client.glob(path, { signal, onError }), (entry) => {
    const isFolder = entry.kind === "DIRECTORY";
    if (foldersOnly && !isFolder) return;
    add({ name: nameFrom(start, entry.path, typed), isFolder: isFolder && !entry.link });
  });
  if (skippedNames > 0) {
    context.note(
      `leat: ${command}: ${skippedNames} names are not UTF-8, and no pattern matches them`,
    );
  }
}

/** A path as it could be typed where the pattern was. */
function nameFrom(folder: string, path: string, typed: string): string {
  if (!typed.startsWith("/")) {
    if (folder === "") return path;
    if (path.startsWith(`${folder}/`)) return path.slice(folder.length + 1);
  }
  return `/${path}`;
}

function noMatch(typed: string): LeatError {
  return new LeatError("NOT_FOUND", `nothing matches ${quote(typed)}`);
}

function tooMany(typed: string): LeatError {
  return new LeatError("TOO_LARGE", `more than ${GLOB_MATCHES} names match ${quote(typed)}`);
}
