/** Decides what is done about a name, by what both sides have of it. */
import type { Time } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import type { SyncOptions } from "./sync.ts";

/** Which differences a sync removes. */
export type Rules = Pick<
  SyncOptions,
  "delete" | "checksum" | "existing" | "ignoreExisting" | "update"
>;

export type Decision =
  /** The folder is in both. */
  | "enter"
  /** The folder is only in the source. */
  | "make"
  /** The file is new, or another one. */
  | "copy"
  /** The contents of both files have to be compared. */
  | "compare"
  /** The file is the same. */
  | "same"
  /** A rule leaves the file or folder as it is. */
  | "skip"
  /** A link, or neither a file nor a folder. */
  | "leave out"
  /** Only the target has it. */
  | "keep"
  | "remove"
  /** It is a file on one side, and something else on the other. */
  | "conflict"
  | "replace";

export function decide(
  source: Walked | undefined,
  target: Walked | undefined,
  rules: Rules,
): Decision {
  if (source === undefined) return rules.delete === true ? "remove" : "keep";
  if (source.kind === "LINK" || source.kind === "OTHER") return "leave out";
  const isFolder = source.kind === "DIRECTORY";
  if (target === undefined) {
    if (rules.existing === true) return "skip";
    return isFolder ? "make" : "copy";
  }
  if (source.kind !== target.kind) {
    if (rules.ignoreExisting === true) return "skip";
    return rules.delete === true ? "replace" : "conflict";
  }
  return isFolder ? "enter" : decideFile(source, target, rules);
}

function decideFile(source: Walked, target: Walked, rules: Rules): Decision {
  if (rules.ignoreExisting === true) return "skip";
  if (rules.update === true && isNewer(target.modified, source.modified)) return "skip";
  if (source.size !== target.size) return "copy";
  if (rules.checksum === true) return "compare";
  return isSameTime(source.modified, target.modified) ? "same" : "copy";
}

/** Nanoseconds below a second that file systems keep: ext4, NTFS, HFS+ by some servers, exFAT. */
const PRECISIONS = [1, 100, 1000, 1_000_000, 10_000_000] as const;

/**
 * Whether a file of the target may be a copy of one of this time: the file system of the target may keep times less
 * precisely, and cuts them.
 */
export function isSameTime(source: Time, target: Time): boolean {
  if (source.seconds !== target.seconds) {
    // FAT keeps every other second.
    return (
      target.nanoseconds === 0 && target.seconds % 2 === 0 && source.seconds - 1 === target.seconds
    );
  }
  if (target.nanoseconds === 0) return true;
  return PRECISIONS.some(
    (unit) => source.nanoseconds - (source.nanoseconds % unit) === target.nanoseconds,
  );
}

function isNewer(a: Time, b: Time): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds > b.nanoseconds);
}
