/** What a person typed as a name, made into what is asked for; and where a file is to go. */
import { type Stats, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Client } from "../client/client.ts";
import type { TreeRoot } from "../client/tree.ts";
import { LeatError } from "../errors.ts";
import { checkPath, quote } from "../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { LocalError } from "./failures.ts";

/**
 * A name in the library: `./foo` is `foo`, `docs/` is `docs`, `.` and `/` are the library itself.
 * Everything else is taken as it is, and refused here, before anybody is asked.
 * @throws INVALID_NAME
 */
export function remoteName(typed: string): string {
  const tidy = typed.replace(/^(\.\/+)+/, "").replace(/(\/+\.?)+$/, "");
  const name = tidy === "." ? "" : tidy;
  checkPath(name);
  return name;
}

/** Whether what is in a folder is meant, and not the folder: `.`, `photos/.`. */
function meansContents(typed: string): boolean {
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

/**
 * Where downloads go: beside each other under their last segments, or where `to` says.
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder
 */
export function downloads(typed: readonly string[], to: string | undefined): Transfer[] {
  const remotes = typed.map(remoteName);
  const into = localFolder(to, remotes.length > 1);
  const transfers = remotes.map((remote) => {
    // No name could be made of it; and nothing is written to a place that the server chose.
    if (remote === "") throw new LeatError("IS_A_DIRECTORY", "the library itself is a folder");
    return { remote, local: into === undefined ? to! : join(into, lastSegment(remote)) };
  });
  refuseTwins(transfers, ({ local }) => resolve(local));
  return transfers;
}

/** @returns the folder that files go into; undefined when `to` names the file itself */
function localFolder(to: string | undefined, several: boolean): string | undefined {
  if (to === undefined) return ".";
  if (to === "") throw new UsageError("--to is empty: name a file or a folder");
  const found = lookLocal(to);
  if (found?.isDirectory() === true || meansFolder(to)) return to;
  if (several) throw new LocalError(needsFolder(to, found === undefined));
  return undefined;
}

/** @returns what a local path leads to, links followed; undefined when there is nothing */
export function lookLocal(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot look at ${quote(path)}`);
  }
}

/**
 * Where uploads go: into the library under their last segments, or where `to` says.
 * @param connect asked only when the server has to tell whether `to` is a folder
 * @throws NOT_FOUND, NOT_A_DIRECTORY: several need a folder; INVALID_NAME
 */
export async function uploads(
  locals: readonly string[],
  to: string | undefined,
  connect: () => Promise<Client>,
): Promise<Transfer[]> {
  const into = to === undefined ? "" : await remoteFolder(to, locals.length > 1, connect);
  const transfers = locals.map((local) => {
    if (into === undefined) return { local, remote: remoteName(to!) };
    const name = basename(resolve(local));
    return { local, remote: remoteName(into === "" ? name : `${into}/${name}`) };
  });
  refuseTwins(transfers, ({ remote }) => remote);
  return transfers;
}

/** @returns the folder that files go into; undefined when `to` names the file itself */
export async function remoteFolder(
  to: string,
  several: boolean,
  connect: () => Promise<Client>,
): Promise<string | undefined> {
  if (to === "") throw new UsageError("the target is empty: name a file or a folder");
  const remote = remoteName(to);
  if (remote === "" || (meansFolder(to) && !several)) return remote;
  const kind = await kindOf(await connect(), remote);
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
export function treeDownloads(typed: readonly string[], to: string | undefined): TreeRoot[] {
  const paths = typed.map(remoteName);
  const into = localFolder(to, paths.length > 1);
  const roots = paths.map((path, index) => {
    if (into === undefined) return { path, local: to! };
    const contents = path === "" || meansContents(typed[index]!);
    return { path, local: contents ? `${into}/` : join(into, lastSegment(path)) };
  });
  refuseTwins(roots, ({ local }) => resolve(local));
  return roots;
}

/**
 * Where the trees of `upload -r` go, by the same rules. What stands for a folder without naming it
 * (`.`, `photos/.`) sends what is in it.
 */
export async function treeUploads(
  locals: readonly string[],
  to: string | undefined,
  connect: () => Promise<Client>,
): Promise<TreeRoot[]> {
  const into = to === undefined ? "" : await remoteFolder(to, locals.length > 1, connect);
  const roots = locals.map((local) => {
    if (into === undefined) return { local, path: remoteName(to!) };
    const name = meansContents(local) ? "" : basename(resolve(local));
    return { local, path: remoteName([into, name].filter((part) => part !== "").join("/")) };
  });
  refuseTwins(roots, ({ path }) => path);
  return roots;
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
