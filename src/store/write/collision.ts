/** Whether a file may have its name, by its collision rule: checked when a put starts and when it commits. */

import { LeatError } from "../../errors.ts";
import type { Versions } from "../system/versions.ts";
import type { Facts } from "../system/facts.ts";
import { quote } from "../names.ts";
import { alreadyExists, isDirectory } from "../system/refusals.ts";
import type { Collision, StoreEntry } from "../store.ts";

/** The answer to a file that is skipped: the entry that has the name. */
export interface Skipped {
  readonly skipped: StoreEntry;
}

export interface CollisionRule {
  readonly collision: Collision;
  readonly ifMatch?: string | undefined;
}

/**
 * @param existing the facts of the name now
 * @returns `existing` where the new file is skipped; undefined where it may have the name
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PRECONDITION_FAILED
 */
export function checkCollision(
  existing: Facts | undefined,
  rule: CollisionRule,
  path: string,
  versions: Versions,
): Facts | undefined {
  if (existing?.kind === "DIRECTORY") throw isDirectory(path);
  if (rule.collision === "replace") {
    checkReplaceable(existing, rule.ifMatch, path, versions);
    return undefined;
  }
  if (existing === undefined || rule.collision === "skip") return existing;
  throw alreadyExists(path);
}

function checkReplaceable(
  existing: Facts | undefined,
  ifMatch: string | undefined,
  path: string,
  versions: Versions,
): void {
  if (existing !== undefined && existing.kind !== "FILE") {
    const what = existing.kind === "LINK" ? "a link" : "not a regular file";
    throw new LeatError("NOT_A_REGULAR_FILE", `${quote(path)} is ${what} and is not replaced`);
  }
  if (ifMatch !== undefined) checkVersion(existing, ifMatch, path, versions);
}

/** @throws PRECONDITION_FAILED */
export function checkVersion(
  existing: Facts | undefined,
  ifMatch: string,
  path: string,
  versions: Versions,
): void {
  if (existing === undefined) {
    throw new LeatError("PRECONDITION_FAILED", `${quote(path)} does not exist any more`);
  }
  if (existing.kind !== "FILE" || versions.of(existing) !== ifMatch) {
    throw new LeatError("PRECONDITION_FAILED", `${quote(path)} has another version than asked for`);
  }
}
