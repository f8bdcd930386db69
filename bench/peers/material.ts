/** The files that are moved, and whether they arrived. */
import { closeSync, mkdirSync, openSync, readSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MiB } from "../../src/limits.ts";
import type { Files } from "./competitor.ts";

/** The small file that every library has. */
export const ONE = { path: "one", name: "f000000" } as const;

/** Makes a folder of random files, all of one size. */
export function makeFiles(library: string, path: string, count: number, size: number): Files {
  const folder = join(library, path);
  mkdirSync(folder);
  const names = Array.from({ length: count }, (_, index) => `f${String(index).padStart(6, "0")}`);
  const bytes = new Uint8Array(Math.min(size, MiB));
  for (const name of names) {
    const file = openSync(join(folder, name), "wx");
    for (let at = 0; at < size; at += bytes.length) {
      const length = Math.min(bytes.length, size - at);
      for (let part = 0; part < length; part += 65536) {
        crypto.getRandomValues(bytes.subarray(part, Math.min(length, part + 65536)));
      }
      writeSync(file, bytes, 0, length);
    }
    closeSync(file);
  }
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
  const there = readdirSync(folder);
  if (there.length !== files.names.length) {
    throw new Error(`${there.length} of ${files.names.length} files arrived`);
  }
  const buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(MiB), Buffer.allocUnsafe(MiB)];
  for (const name of files.names) {
    if (!same(join(files.folder, name), join(folder, name), buffers)) {
      throw new Error(`${name} arrived with other bytes`);
    }
  }
}

function same(one: string, other: string, [first, second]: [Buffer, Buffer]): boolean {
  const files = [openSync(one, "r"), openSync(other, "r")] as const;
  try {
    while (true) {
      const length = readSync(files[0], first);
      if (readSync(files[1], second) !== length) return false;
      if (length === 0) return true;
      if (first.compare(second, 0, length, 0, length) !== 0) return false;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}
