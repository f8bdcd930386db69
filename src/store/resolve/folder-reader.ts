/**
 * Reads the names in a folder, unsorted, with pauses for the event loop: a folder may have millions.
 * fs.readdir would block the loop while it makes an object of each.
 */

import { constants, openSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { Descriptor } from "../system/descriptor.ts";
import {
  hasDirectoryEntries,
  O_CLOEXEC,
  openAt,
  readDirectoryEntries,
  systemError,
} from "../system/kernel.ts";
import { quote } from "../names.ts";
import { pause } from "../../next-turn.ts";

export interface NameTaker {
  /** Takes the raw name at `bytes[start, end)`, which is valid until it returns. */
  take(bytes: Uint8Array, start: number, end: number): void;
  /** Called after every some hundred names: longer work is done here. */
  settle(): Promise<void>;
}

/** Names of an array between two pauses. */
const SLICE = 4096;

/** The same of all folders of this process together: a millisecond, with what is done about them. */
const TURN_NAMES = 512;
/** As many names take as long as a folder that has none. */
const FOLDER_NAMES = 32;

let namesOfTurn = 0;

/** Offsets in struct linux_dirent64. */
const RECORD_LENGTH = 16;
const NAME = 19;

/**
 * @param path of the folder, for node:fs
 * @param shown its name, for messages
 * @param by `plainly`: fs.readdir, where the system has nothing better; `fd`: a descriptor of the folder, O_PATH
 * @throws PERMISSION_DENIED, IO_ERROR, RESOURCE_EXHAUSTED
 */
export async function readFolder(
  path: string,
  shown: string,
  taker: NameTaker,
  { plainly = !hasDirectoryEntries, fd }: { plainly?: boolean; fd?: number } = {},
): Promise<void> {
  try {
    await (plainly ? readArray(path, taker) : readEntries(path, taker, fd));
  } catch (error) {
    throw LeatError.from(error, `cannot list ${quote(shown)}`);
  }
}

/** By getdents64(2). */
async function readEntries(path: string, taker: NameTaker, at?: number): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const opened = at === undefined ? -1 : openAt(at, ".", flags | O_CLOEXEC, 0);
  using folder = new Descriptor(opened < 0 ? openSync(`${path}/.`, flags) : opened);
  namesOfTurn += FOLDER_NAMES;
  for (;;) {
    const entries = readDirectoryEntries(folder.fd);
    if (typeof entries === "number") throw systemError(-entries, "getdents64");
    if (entries.length === 0) return;
    namesOfTurn += takeEntries(entries, taker);
    await taker.settle();
    if (namesOfTurn < TURN_NAMES) continue;
    namesOfTurn = 0;
    await pause();
  }
}

/** @returns how many names it took */
function takeEntries(entries: Uint8Array, taker: NameTaker): number {
  let at = 0;
  let count = 0;
  while (at < entries.length) {
    const start = at + NAME;
    const end = entries.indexOf(0, start);
    if (!isDots(entries, start, end)) taker.take(entries, start, end);
    count += 1;
    at += (entries[at + RECORD_LENGTH] ?? 0) + (entries[at + RECORD_LENGTH + 1] ?? 0) * 256;
  }
  return count;
}

/** Whether this is "." or "..". */
function isDots(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 2 || bytes[start] !== 0x2e) return false;
  return end - start === 1 || bytes[start + 1] === 0x2e;
}

/** Where the system has no getdents64. */
async function readArray(path: string, taker: NameTaker): Promise<void> {
  const { readdir } = await import("node:fs/promises");
  const names = await readdir(`${path}/.`, { encoding: "buffer" });
  for (const [index, name] of names.entries()) {
    taker.take(name, 0, name.length);
    if (index % SLICE !== SLICE - 1) continue;
    await taker.settle();
    await pause();
  }
}
