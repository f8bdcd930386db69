/** Sets the group, the permission bits and the modified time of a file before it is published. */
import { fchmodSync, fchownSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Facts } from "../system/facts.ts";
import { quote } from "../names.ts";
import type { PartialFile } from "./partial.ts";
import { isUnusual, setModified } from "../system/posix.ts";
import type { NotDone, Time } from "../store.ts";
import { ignoreErrors, isUnsupported } from "../system/system-error.ts";

interface Wanted {
  /** The file that it is about to replace, and whose permission bits it gets. */
  readonly existing: Facts | undefined;
  /** Permission bits of a new file, where those of the partial differ. */
  readonly mode: number | undefined;
  readonly modified: Time | undefined;
  /** For messages. */
  readonly path: string;
}

/**
 * @returns what the file system cannot set: that is no reason to refuse the file
 * @throws IO_ERROR, …; PERMISSION_DENIED where more users could read the file than before
 */
export function setModeAndTime(partial: PartialFile, wanted: Wanted): NotDone | undefined {
  const { existing, modified, path } = wanted;
  const mode = existing?.mode ?? wanted.mode;
  if (existing !== undefined) keepGroup(partial, existing);
  const isModeSet = mode === undefined || isDone(() => fchmodSync(partial.fd, mode), path);
  if (!isModeSet && existing !== undefined) mustNotWiden(existing, partial.facts(), path);
  const isTimeSet =
    modified === undefined ||
    (isDone(() => setModified(partial.fd, modified), path) && isKept(partial, modified));
  if (isModeSet && isTimeSet) return undefined;
  return { mode: !isModeSet, modified: !isTimeSet };
}

/** Whether the file system keeps such a time: it takes its first or last one instead. */
function isKept(partial: PartialFile, modified: Time): boolean {
  return !isUnusual(modified) || partial.facts().modifiedSeconds === modified.seconds;
}

/** Set before the permission bits: a change of the group clears some of them. */
function keepGroup(partial: PartialFile, { group }: Facts): void {
  if (partial.facts().group === group) return;
  // Only a member of the group may set it: else the file keeps the group of a new file.
  ignoreErrors(() => fchownSync(partial.fd, -1, group));
}

/** @returns false where the file system cannot do it */
function isDone(set: () => void, path: string): boolean {
  try {
    set();
    return true;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw LeatError.from(error, `cannot set mode and time of ${quote(path)}`);
  }
}

function mustNotWiden(existing: Facts, now: Facts, path: string): void {
  if ((now.mode & ~existing.mode) === 0) return;
  throw new LeatError(
    "PERMISSION_DENIED",
    `${quote(path)} would be open to more users than before: the file system does not let its mode be set`,
  );
}
