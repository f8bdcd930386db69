/** The files that are moved, and whether they arrived. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { randomFile, sameContents } from "../support/files.ts";
import type { Files } from "./competitor.ts";

/** The small file that every library has. */
export const ONE = { path: "one", name: "f000000" } as const;

/** Makes a folder of random files, all of one size. */
export function makeFiles(library: string, path: string, count: number, size: number): Files {
  const folder = join(library, path);
  mkdirSync(folder);
  const names = Array.from({ length: count }, (_, index) => `f${String(index).padStart(6, "0")}`);
  for (const name of names) randomFile(join(folder, name), size);
  return { folder, path, names, whole: true };
}

/** Shares out the files to so many clients. */
export function share(files: Files, clients: number): Files[] {
  if (clients === 1) return [files];
  return Array.from({ length: clients }, (_, client) => ({
    ...files,
    names: files.names.filter((_name, index) => index % clients === client),
    whole: false,
  }));
}

/** @throws Error when `folder` has not the same files with the same bytes, or has more */
export function compare(files: Files, folder: string): void {
  const there = readdirSync(folder).length;
  if (there !== files.names.length) {
    throw new Error(`${there} of ${files.names.length} files arrived`);
  }
  const wrong = files.names.find(
    (name) => !sameContents(join(files.folder, name), join(folder, name)),
  );
  if (wrong !== undefined) throw new Error(`${wrong} arrived with other bytes`);
}
