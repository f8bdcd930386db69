/** The group and permission bits and the time that a file gets before its name. */
import { fchmodSync, fchownSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Facts } from "../system/facts.ts";
import { quote } from "../names.ts";
import type { PartialFile } from "./partial.ts";
import { setModified } from "../system/posix.ts";
import type { NotDone, Time } from "../store.ts";
import { isUnsupported } from "../system/system-error.ts";

export interface Wanted {
  /** What it is about to replace: its permission bits stay. */
  readonly existing: Facts | undefined;
  /** Permission bits of a new file, if it was made with others. */
  readonly mode: number | undefined;
  readonly modified: Time | undefined;
  /** For messages. */
  readonly path: string;
}

/**
 * @returns what cannot be set here: that is no reason to lose the contents
 * @throws IO_ERROR, …; PERMISSION_DENIED where others could then read what they could not before
 */
export function setModeAndTime(partial: PartialFile, wanted: Wanted): NotDone | undefined {
  const { existing, modified, path } = wanted;
  const mode = existing?.mode ?? wanted.mode;
  if (existing !== undefined) keepGroup(partial, existing);
  const isModeSet = mode === undefined || done(() => fchmodSync(partial.fd, mode), path);
  if (!isModeSet && existing !== undefined) mustNotWiden(existing, partial.facts(), path);
  const isTimeSet = modified === undefined || done(() => setModified(partial.fd, modified), path);
  if (isModeSet && isTimeSet) return undefined;
  return { mode: !isModeSet, modified: !isTimeSet };
}

/** The group that its group bits are for. Set before them: the system takes some bits away with it. */
function keepGroup(partial: PartialFile, { group }: Facts): void {
  if (partial.facts().group === group) return;
  try {
    fchownSync(partial.fd, -1, group);
  } catch {
    // Only a member of a group may give it: else the file has that of any new file here.
  }
}

function done(set: () => void, path: string): boolean {
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
