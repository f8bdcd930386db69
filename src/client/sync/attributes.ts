/** Which attributes of a file are others on both sides, where its contents are the same. */
import type { Attributes } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import { isCopiedTime } from "../local/same-time.ts";
import type { SyncOptions } from "./sync.ts";

export interface AttributeRules extends Pick<SyncOptions, "times"> {
  /** The permission bits that are compared and set: 0 where none are. */
  readonly modeBits: number;
}

/** As far as both are known. */
export function hasSameMode(
  { mode: a }: Pick<Walked, "mode">,
  { mode: b }: Pick<Walked, "mode">,
  { modeBits }: AttributeRules,
): boolean {
  return a === undefined || b === undefined || ((a ^ b) & modeBits) === 0;
}

/** @returns what the target is to get; undefined where it has it */
export function lackingAttributes(
  source: Walked,
  target: Walked,
  rules: AttributeRules,
): Attributes | undefined {
  const mode = hasSameMode(source, target, rules) ? undefined : source.mode;
  const hasTime = rules.times === false || isCopiedTime(source.modified, target.modified);
  const modified = hasTime ? undefined : source.modified;
  return mode === undefined && modified === undefined ? undefined : { mode, modified };
}
