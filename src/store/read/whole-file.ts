/**
 * Reads small files of a folder, each in as few system calls as can tell that it is whole. Where anything is
 * unusual the caller opens the file the ordinary way (disk-source.ts).
 */
import { closeSync, constants, readSync } from "node:fs";
import type { Library } from "../resolve/library.ts";
import type { PageEntry } from "../store.ts";
import { readPace } from "../system/disk-pace.ts";
import { type Facts, sameChanged, sameThing } from "../system/facts.ts";
import { O_CLOEXEC, openAt, statDescriptor } from "../system/kernel.ts";

/** Non-blocking: a FIFO may have taken the place of the file. Only root could put a device there. */
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

/** For a read that should find nothing. */
const PROBE = new Uint8Array(1);

/** As `Store.readWhole`. @returns the facts of what was read */
export function readWhole(
  library: Library,
  folder: string,
  entry: PageEntry,
  into: Uint8Array,
): Facts | undefined {
  if (!readPace.mayBlock) return undefined;
  try {
    const { fd } = library.folderNow(folder);
    if (fd === undefined) return undefined;
    const facts = readPace.onLoop(() => readAt(fd, entry.name, into));
    return facts !== undefined && isOf(entry, facts) ? facts : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param seen what it was before it is opened; looked up then unless given
 * @returns its facts; undefined where it does not have exactly as many bytes as `into`, or changes meanwhile
 */
export function readAt(
  folder: number,
  name: string,
  into: Uint8Array,
  seen?: Facts,
): Facts | undefined {
  const fd = openAt(folder, name, FLAGS, 0);
  if (fd < 0) return undefined;
  try {
    const facts = seen ?? statDescriptor(fd);
    if (typeof facts === "number" || facts.kind !== "FILE" || facts.size !== into.length)
      return undefined;
    if (readSync(fd, into, 0, into.length, 0) < into.length) return undefined;
    // Files of /proc claim to be empty, and are not.
    if (into.length === 0 && readSync(fd, PROBE, 0, 1, 0) > 0) return undefined;
    const after = statDescriptor(fd);
    return typeof after === "object" && isUnchanged(facts, after) ? facts : undefined;
  } finally {
    closeSync(fd);
  }
}

function isUnchanged(before: Facts, after: Facts): boolean {
  return sameThing(after, before) && after.size === before.size && sameChanged(after, before);
}

function isOf({ modified }: PageEntry, facts: Facts): boolean {
  return (
    facts.modifiedSeconds === modified?.seconds &&
    facts.modifiedNanoseconds === modified.nanoseconds
  );
}
