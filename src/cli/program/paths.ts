/** What a person typed as a name, made into what is asked for; and where a file is to go. */
import { basename, join, resolve } from "node:path";
import type { Client } from "../../client/client.ts";
import type { TreeRoot } from "../../client/trees/tree.ts";
import { LeatError } from "../../errors.ts";
import { checkPath, quote } from "../../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { LocalError } from "./failures.ts";
import { checkLocal, checkParent, lookLocal } from "./local-names.ts";
import type { Place } from "./place.ts";

/**
 * A name in the library, from the library itself on: `./foo` is `foo`, `docs/` is `docs`, `.` and `/` are
 * the library. Everything else is taken as it is, and refused here, before anybody is asked.
 * @throws INVALID_NAME
 */
export function remoteName(typed: string): string {
  const tidy = typed.replace(/^(\.\/+)+/, "").replace(/(\/+\.?)+$/, "");
  const name = tidy === "." ? "" : tidy;
  checkPath(name);
  return name;
}

/** Whether what is in a folder is meant, and not the folder: `.`, `photos/.`. */
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

export interface Transfer {
  readonly local: string;
  readonly remote: string;
}

/** The names that were typed: those that can be moved, and why the others cannot, which stops nothing. */
export interface Planned<T> {
  readonly all: readonly T[];
  readonly refused: readonly LeatError[];
}

/** How names are read, and who is asked about them. */
export interface Names {
  readonly place: Place;
  /** Asked only when the server has to tell whether a target is a folder. */
  client(): Promise<Client>;
}

/** @param target what two may not share @throws what `plan` throws that is no LeatError */
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
 * Where downloads go: beside each other under their last segments, or where `to` says.
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder
 */
export function downloads(
  { place }: Names,
  typed: readonly string[],
  to: string | undefined,
): Planned<Transfer> {
  const into = localFolder(to, typed.length > 1);
  const plan = (each: string): Transfer => {
    const remote = place.name(each);
    // No name could be made of it; and nothing is written to a place that the server chose.
    if (remote === "") throw new LeatError("IS_A_DIRECTORY", "the library itself is a folder");
    return { remote, local: into === undefined ? to! : join(into, lastSegment(remote)) };
  };
  return planEach(typed, plan, ({ local }) => resolve(local));
}

/** @returns the folder that files go into; undefined when `to` names the file itself */
function localFolder(to: string | undefined, several: boolean): string | undefined {
  if (to === undefined) return ".";
  if (to === "") throw new UsageError("--to is empty: name a file or a folder");
  const found = lookLocal(to);
  if (found?.isDirectory() === true || meansFolder(to)) return to;
  if (several) throw new LocalError(needsFolder(to, found === undefined));
  if (found === undefined) checkParent(to);
  return undefined;
}

/**
 * Where uploads go: into the folder at hand under their last segments, or where `to` says.
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder; INVALID_NAME
 */
export async function uploads(
  names: Names,
  locals: readonly string[],
  to: string | undefined,
): Promise<Planned<Transfer>> {
  const into = await remoteFolder(names, to ?? ".", locals.length > 1);
  const plan = (local: string): Transfer => {
    checkLocal(local);
    if (into === undefined) return { local, remote: names.place.name(to!) };
    return { local, remote: inFolder(into, basename(resolve(local))) };
  };
  return planEach(locals, plan, ({ remote }) => remote);
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
  const remote = names.place.name(to);
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
    // The request itself will tell what is wrong with the way there.
    if (thrown instanceof LeatError && thrown.code === "NOT_FOUND") return undefined;
    throw thrown;
  }
}

function needsFolder(to: string, missing: boolean): LeatError {
  const why = missing ? "there is none of that name" : "it is not one";
  return new LeatError(
    missing ? "NOT_FOUND" : "NOT_A_DIRECTORY",
    `several files need a folder, and ${quote(to)} will not do: ${why}`,
  );
}

/**
 * Where the trees of `get -r` go: each below its own name, or becomes `to` where nothing is there
 * yet. The library itself has no name: what is in it goes where the folder itself would.
 */
export function treeDownloads(
  { place }: Names,
  typed: readonly string[],
  to: string | undefined,
): Planned<TreeRoot> {
  const into = localFolder(to, typed.length > 1);
  const plan = (each: string): TreeRoot => {
    const path = place.name(each);
    if (into === undefined) return { path, local: to! };
    const contents = path === "" || meansContents(each);
    return { path, local: contents ? `${into}/` : join(into, lastSegment(path)) };
  };
  return planEach(typed, plan, ({ local }) => resolve(local));
}

/**
 * Where the trees of `upload -r` go, by the same rules. What stands for a folder without naming it
 * (`.`, `photos/.`) sends what is in it.
 */
export async function treeUploads(
  names: Names,
  locals: readonly string[],
  to: string | undefined,
): Promise<Planned<TreeRoot>> {
  const into = await remoteFolder(names, to ?? ".", locals.length > 1);
  const plan = (local: string): TreeRoot => {
    checkLocal(local);
    if (into === undefined) return { local, path: names.place.name(to!) };
    return { local, path: meansContents(local) ? into : inFolder(into, basename(resolve(local))) };
  };
  return planEach(locals, plan, ({ path }) => path);
}

/** The second would silently take the place of the first. */
function refuseTwins<T>(transfers: readonly T[], target: (transfer: T) => string): void {
  const seen = new Set<string>();
  for (const transfer of transfers) {
    const place = target(transfer);
    if (seen.has(place)) {
      throw new UsageError(`two of these would become ${quote(place)}: name one by itself`);
    }
    seen.add(place);
  }
}
