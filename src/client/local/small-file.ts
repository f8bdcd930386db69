/**
 * Small files of a client's tree, read and written at once: a few system calls on the event loop, no
 * promise, no lock, no folder opened. Whatever is out of the ordinary, a name that is taken too, is left
 * to the ordinary way (local-file.ts), which does it slowly or says what is wrong. For clients: a disk
 * that does not follow holds up nobody else.
 *
 * To write a file of 4 KiB takes 15 us so, and 290 us in the ordinary way (docs/decisions/0008).
 */
import { closeSync, constants, readSync, writeSync } from "node:fs";
import type { Folder } from "../../store/resolve/beneath.ts";
import { type Facts, sameThing } from "../../store/system/facts.ts";
import {
  ERRNO,
  linkDescriptor,
  O_CLOEXEC,
  O_TMPFILE,
  openAt,
  statAt,
  statDescriptor,
} from "../../store/system/kernel.ts";
import { setModified } from "../../store/system/posix.ts";
import type { Time } from "../../store/store.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Writes a whole file, not synced, then gives it its name if that is free: a process that is killed
 * leaves nothing.
 * @param mode permission bits, less the umask
 * @param look whether the name is free, before anything is written
 * @returns whether it did; if not, nothing was changed
 */
export function writeSmallFile(
  folder: Folder,
  name: string,
  bytes: Uint8Array,
  { modified, mode }: { readonly modified: Time; readonly mode: number },
  look = false,
): boolean {
  if (folder.fd === undefined) return false;
  if (look && statAt(folder.fd, name) !== -ERRNO.ENOENT) return false;
  const fd = openAt(folder.fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) return false;
  try {
    if (writeSync(fd, bytes, 0, bytes.length, 0) < bytes.length) return false;
    setModified(fd, modified);
    return linkDescriptor(fd, folder.fd, name) === 0;
  } catch {
    return false; // the ordinary way will meet it again, and say so
  } finally {
    closeSync(fd);
  }
}

/** Nobody looks at it. */
const PROBE = new Uint8Array(1);

export interface SmallFile {
  readonly bytes: Uint8Array;
  readonly modified: Time;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Reads a whole regular file; nothing else is opened, and a link is not followed.
 * @param most bytes
 * @returns undefined where it is something else, has more, or changes just now
 */
export function readSmallFile(folder: Folder, name: string, most: number): SmallFile | undefined {
  if (folder.fd === undefined) return undefined;
  const seen = statAt(folder.fd, name);
  if (typeof seen === "number" || seen.kind !== "FILE" || seen.size > most) return undefined;
  // A FIFO that is put in its place meanwhile does not make us wait; only root could put a device there.
  const fd = openAt(folder.fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const bytes = new Uint8Array(seen.size);
    if (readSync(fd, bytes, 0, bytes.length, 0) < bytes.length) return undefined;
    // Files of /proc say that they are empty, and are not.
    if (seen.size === 0 && readSync(fd, PROBE, 0, 1, 0) > 0) return undefined;
    if (!isUnchanged(seen, statDescriptor(fd))) return undefined;
    const { modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = seen;
    return { bytes, modified: { seconds, nanoseconds }, mode: seen.mode };
  } catch {
    return undefined; // the ordinary way will meet it again, and say so
  } finally {
    closeSync(fd);
  }
}

/** Whether what was opened is what was looked at, and still as it was then. */
function isUnchanged(before: Facts, after: Facts | number): boolean {
  return (
    typeof after === "object" &&
    sameThing(after, before) &&
    after.size === before.size &&
    after.changedSeconds === before.changedSeconds &&
    after.changedNanoseconds === before.changedNanoseconds
  );
}
