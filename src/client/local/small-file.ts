/**
 * Reads and writes the small files of a client's tree with a few system calls on the event loop: no
 * promise, no lock, no folder opened. Anything unusual, a taken name too, is left to local-file.ts, which
 * can do it or reports the error. For clients only: a slow disk then delays no other user.
 *
 * Writing a file of 4 KiB takes 15 us this way, and 290 us through local-file.ts (docs/decisions/0008).
 */
import type { Folder } from "../../store/resolve/folder.ts";
import { statAt } from "../../store/system/kernel.ts";
import { readAt } from "../../store/read/whole-file.ts";
import type { Time } from "../../store/store.ts";
import { partialName } from "./partial-names.ts";
import { writeWhole } from "../../store/write/whole-file.ts";

/**
 * Writes a whole file, without a sync, then gives it its name if that is free: a process that is killed
 * leaves nothing.
 * @param mode permission bits, less the umask
 * @param checkFirst checks that the name is free before the bytes are written, too
 * @returns whether it was written; if not, nothing was changed
 */
export function writeSmallFile(
  folder: Folder,
  name: string,
  bytes: Uint8Array,
  { modified, mode, replaces }: NewSmallFile,
  checkFirst = false,
): boolean {
  const { fd } = folder;
  if (fd === undefined) return false;
  const temporary = () => ({ folder: fd, name: partialName(name) });
  const file = { name, modified, mode, replacing: replaces ? { temporary } : undefined };
  return writeWhole(fd, file, bytes, checkFirst, () => true) === true;
}

interface NewSmallFile {
  readonly modified: Time | undefined;
  readonly mode: number;
  /** A file that has the name is replaced, and its mode kept. */
  readonly replaces: boolean;
}

export interface SmallFile {
  readonly bytes: Uint8Array;
  readonly modified: Time;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Reads a whole regular file; nothing else is opened, and a link is not followed.
 * @param maxSize in bytes
 * @returns undefined where it is something else, larger, or changing
 */
export function readSmallFile(
  folder: Folder,
  name: string,
  maxSize: number,
): SmallFile | undefined {
  if (folder.fd === undefined) return undefined;
  const seen = statAt(folder.fd, name);
  if (typeof seen === "number" || seen.kind !== "FILE" || seen.size > maxSize) return undefined;
  try {
    const bytes = new Uint8Array(seen.size);
    if (readAt(folder.fd, name, bytes, seen) === undefined) return undefined;
    const { modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = seen;
    return { bytes, modified: { seconds, nanoseconds }, mode: seen.mode };
  } catch {
    return undefined; // local-file.ts will meet the same error, and report it
  }
}
