/**
 * Reads the names in a folder, in the order of the disk, in slices that leave the event loop room:
 * a folder may have millions. fs.readdir would hold the loop while it makes an object of each.
 */

import { closeSync, constants, openSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { LeatError } from "../../errors.ts";
import { hasDirectoryEntries, readDirectoryEntries, systemError } from "../system/kernel.ts";
import { quote } from "../names.ts";
import { pause } from "../system/pause.ts";

export interface NameTaker {
  /** The raw name at `bytes[start, end)`; good until it returns. */
  take(bytes: Uint8Array, start: number, end: number): void;
  /** Called between slices, some hundred names each: the place for longer work. */
  settle(): Promise<void>;
}

/** Names of an array between two looks at the event loop. */
const SLICE = 4096;

/** Offsets in struct linux_dirent64. */
const RECORD_LENGTH = 16;
const NAME = 19;

export interface ReadOptions {
  /** By fs.readdir, where there is no better way. */
  readonly plainly?: boolean;
}

/**
 * @param path of the folder, for node:fs
 * @param shown its name, for messages
 * @throws PERMISSION_DENIED, IO_ERROR, RESOURCE_EXHAUSTED
 */
export async function readFolder(
  path: string,
  shown: string,
  taker: NameTaker,
  { plainly = !hasDirectoryEntries }: ReadOptions = {},
): Promise<void> {
  try {
    await (plainly ? readArray(path, taker) : readEntries(path, taker));
  } catch (error) {
    throw LeatError.from(error, `cannot list ${quote(shown)}`);
  }
}

/** By getdents64(2). */
async function readEntries(path: string, taker: NameTaker): Promise<void> {
  const fd = openSync(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (;;) {
      const entries = readDirectoryEntries(fd);
      if (typeof entries === "number") throw systemError(-entries, "getdents64");
      if (entries.length === 0) return;
      takeEntries(entries, taker);
      await taker.settle();
      await pause();
    }
  } finally {
    closeSync(fd);
  }
}

function takeEntries(entries: Uint8Array, taker: NameTaker): void {
  let at = 0;
  while (at < entries.length) {
    const start = at + NAME;
    const end = entries.indexOf(0, start);
    if (!isDots(entries, start, end)) taker.take(entries, start, end);
    at += (entries[at + RECORD_LENGTH] ?? 0) + (entries[at + RECORD_LENGTH + 1] ?? 0) * 256;
  }
}

/** "." and "..". */
function isDots(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 2 || bytes[start] !== 0x2e) return false;
  return end - start === 1 || bytes[start + 1] === 0x2e;
}

/** Where getdents64 is not at hand. */
async function readArray(path: string, taker: NameTaker): Promise<void> {
  const names = await readdir(`${path}/.`, { encoding: "buffer" });
  for (const [index, name] of names.entries()) {
    taker.take(name, 0, name.length);
    if (index % SLICE !== SLICE - 1) continue;
    await taker.settle();
    await pause();
  }
}
