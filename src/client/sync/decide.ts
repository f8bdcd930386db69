/** Decides what is done about a name, by what both sides have of it. */
import type { Walked } from "../local/local-walk.ts";
import { isCopiedTime, isNewer } from "../local/same-time.ts";
import { type AttributeRules, hasSameMode } from "./attributes.ts";
import type { SyncOptions } from "./sync.ts";

/** Which differences a sync removes. */
export type Rules = Pick<
  SyncOptions,
  "delete" | "checksum" | "existing" | "ignoreExisting" | "update"
> &
  AttributeRules;

export type Decision =
  /** The folder is in both. */
  | "enter"
  /** The folder is only in the source. */
  | "make"
  /** The file is new, or another one. */
  | "copy"
  /** The contents of both files have to be compared. */
  | "compare"
  /** The contents are the same, and the mode is another one. */
  | "attributes"
  /** The file is the same. */
  | "same"
  /** A rule leaves the file or folder as it is. */
  | "skip"
  /** The link is new, or another one. */
  | "link"
  /** A link that leads out of the tree, or neither a file nor a folder. */
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
  const isLink = source.kind === "LINK";
  if (source.kind === "OTHER" || (isLink && source.target === undefined)) return "leave out";
  const isFolder = source.kind === "DIRECTORY";
  if (target === undefined) {
    if (rules.existing === true) return "skip";
    if (isLink) return "link";
    return isFolder ? "make" : "copy";
  }
  if (source.kind !== target.kind) {
    if (rules.ignoreExisting === true) return "skip";
    return rules.delete === true ? "replace" : "conflict";
  }
  if (isLink) return decideLink(source, target, rules);
  return isFolder ? "enter" : decideFile(source, target, rules);
}

function decideLink(source: Walked, target: Walked, rules: Rules): Decision {
  if (source.target === target.target) return "same";
  return rules.ignoreExisting === true ? "skip" : "link";
}

function decideFile(source: Walked, target: Walked, rules: Rules): Decision {
  if (rules.ignoreExisting === true) return "skip";
  if (rules.update === true && isNewer(target.modified, source.modified)) return "skip";
  if (source.size !== target.size) return "copy";
  if (rules.checksum === true) return "compare";
  const isSame =
    isCopiedTime(source.modified, target.modified) ||
    // Without times a copy is newer than what it is a copy of.
    (rules.times === false && isNewer(target.modified, source.modified));
  if (!isSame) return "copy";
  return hasSameMode(source, target, rules) ? "same" : "attributes";
}
