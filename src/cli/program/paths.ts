/** Names as a person typed them, and where files go. */
import { basename, join, resolve } from "node:path";
import type { Client } from "../../client/client.ts";
import type { TreeRoot } from "../../client/trees/tree.ts";
import { LeatError } from "../../errors.ts";
import { checkPath, quote } from "../../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { LocalError } from "./failures.ts";
import { checkLocal, checkParent, statLocal } from "./local-names.ts";
import type { CurrentFolder } from "./current-folder.ts";

/**
 * A name in the library, from the library itself on: `./foo` is `foo`, `docs/` is `docs`, `.` and `/` are
 * the library. Other names are taken as they are, and refused before the server is asked.
 * @throws INVALID_NAME
 */
export function remoteName(typed: string): string {
  const tidy = withoutEnd(typed.replace(/^(\.\/+)+/, ""));
  const name = tidy === "." ? "" : tidy;
  checkPath(name);
  return name;
}

/** Without the slashes at its end, and dots behind them. A regular expression would try the ways to part many slashes. */
export function withoutEnd(name: string): string {
  let end = name.length;
  for (;;) {
    if (name.endsWith("/", end)) end -= 1;
    else if (name.endsWith("/.", end)) end -= 2;
    else return name.slice(0, end);
  }
}

/** Whether the contents of a folder are meant, and not the folder: `.`, `photos/.`. */
export function meansContents(typed: string): boolean {
  return /(^|\/)\.{1,2}\/*$/.test(typed);
}

/** Whether a folder is meant: `docs/`, `.`, `/`. */
export function meansFolder(typed: string): boolean {
  return typed.endsWith("/") || typed === "." || typed === "..";
}

/** "" for the library itself. */
export function lastSegment(remote: string): string {
  return remote.slice(remote.lastIndexOf("/") + 1);
}

/** The flags that say where files go. */
interface Target {
  readonly to?: string;
  readonly recursive?: boolean;
}

/** The names that can be moved, and the errors of those that cannot, which do not stop the others. */
export interface Planned<T> {
  readonly all: readonly T[];
  readonly refused: readonly LeatError[];
}

/** A name in the library and a path on this machine: one is the source, the other the target. */
export type Transfer = TreeRoot;

/** `Context` is one. */
interface Names {
  readonly currentFolder: CurrentFolder;
  /** Called only when the server has to be asked whether a target is a folder. */
  client(): Promise<Client>;
}

/** @param target two names may not have the same one @throws errors of `plan` that are no LeatError */
export function planEach<T>(
  typed: readonly string[],
  plan: (typed: string) => T,
  target?: (planned: T) => string,
): Planned<T> {
  const all: T[] = [];
  const refused: LeatError[] = [];
  for (const each of typed) {
    try {
      all.push(plan(each));
    } catch (thrown) {
      if (!(thrown instanceof LeatError)) throw thrown;
      refused.push(thrown);
    }
  }
  if (target !== undefined) refuseTwins(all, target);
  return { all, refused };
}

/**
 * Where downloads go: beside each other under their last segments, or where `to` says. Of a tree that has no
 * name, as the library itself or `photos/.`, the contents go where the folder itself would.
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder
 */
export function downloads(
  { currentFolder }: Names,
  typed: readonly string[],
  { to, recursive = false }: Target,
): Planned<Transfer> {
  const into = localFolder(to, typed.length > 1);
  const plan = (each: string): Transfer => {
    const path = currentFolder.resolve(each);
    // It has no name to be written under, and a name that the server chose is not used.
    if (path === "" && !recursive)
      throw new LeatError("IS_A_DIRECTORY", "the library itself is a folder");
    const contents = recursive && (path === "" || meansContents(each));
    const place = contents ? undefined : lastSegment(path);
    if (into === undefined) return { path, local: to!, place };
    return { path, local: place === undefined ? `${into}/` : join(into, place), place };
  };
  return planEach(typed, plan, ({ local }) => resolve(local));
}

/** @returns the folder that files go into; undefined when `to` names the file itself @throws NOT_FOUND */
function localFolder(to: string | undefined, several: boolean): string | undefined {
  if (to === undefined) return ".";
  if (to === "") throw new UsageError("--to is empty: name a file or a folder");
  const found = statLocal(to);
  if (found?.isDirectory() === true) return to;
  if (meansFolder(to)) {
    if (found === undefined) throw new LocalError(noFolder(to));
    return to;
  }
  if (several) throw new LocalError(needsFolder(to, found === undefined));
  if (found === undefined) checkParent(to);
  return undefined;
}

/**
 * Where uploads go: into the current folder under their last segments, or where `to` says. Of a tree that is
 * given without its name (`.`, `photos/.`) the contents go where the folder itself would.
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder; INVALID_NAME
 */
export async function uploads(
  names: Names,
  locals: readonly string[],
  { to, recursive = false }: Target,
): Promise<Planned<Transfer>> {
  const into = await remoteFolder(names, to ?? ".", locals.length > 1);
  const plan = (local: string): Transfer => {
    checkLocal(local);
    const place = recursive && meansContents(local) ? undefined : basename(resolve(local));
    if (into === undefined) return { local, path: names.currentFolder.resolve(to!), place };
    return { local, path: place === undefined ? into : inFolder(into, place), place };
  };
  return planEach(locals, plan, ({ path }) => path);
}

/** @throws INVALID_NAME */
export function inFolder(folder: string, name: string): string {
  return remoteName(folder === "" ? name : `${folder}/${name}`);
}

/** @returns the folder that files go into; undefined when `to` names the file itself */
export async function remoteFolder(
  names: Names,
  to: string,
  several: boolean,
): Promise<string | undefined> {
  if (to === "") throw new UsageError("the target is empty: name a file or a folder");
  const remote = names.currentFolder.resolve(to);
  if (remote === "" || (meansFolder(to) && !several)) return remote;
  const kind = await kindOf(await names.client(), remote);
  if (kind === "DIRECTORY") return remote;
  if (several) throw needsFolder(to, kind === undefined);
  return undefined;
}

async function kindOf(client: Client, remote: string): Promise<string | undefined> {
  try {
    return (await client.stat(remote)).kind;
  } catch (thrown) {
    // Where a folder on the way is missing, the transfer itself reports it.
    if (thrown instanceof LeatError && thrown.code === "NOT_FOUND") return undefined;
    throw thrown;
  }
}

function noFolder(to: string): LeatError {
  return new LeatError("NOT_FOUND", `there is no folder ${quote(to)} here: make it first`);
}

function needsFolder(to: string, missing: boolean): LeatError {
  const why = missing ? "there is none of that name" : "it is not one";
  return new LeatError(
    missing ? "NOT_FOUND" : "NOT_A_DIRECTORY",
    `several files need a folder, and ${quote(to)} will not do: ${why}`,
  );
}

/** The second would silently replace the first. */
function refuseTwins<T>(planned: readonly T[], target: (planned: T) => string): void {
  const seen = new Set<string>();
  for (const each of planned) {
    const name = target(each);
    if (seen.has(name)) {
      throw new UsageError(`two of these would become ${quote(name)}: name one by itself`);
    }
    seen.add(name);
  }
}
