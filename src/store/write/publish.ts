/**
 * Publishes a partial file: gives it its name. The last check and the change are one synchronous step, so
 * that no other upload of this process comes in between. Among processes the kernel decides: link(2) and
 * RENAME_NOREPLACE fail when the name is taken, rename(2) replaces one whole file by another.
 */

import { linkSync, renameSync, unlinkSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { type CollisionRule, checkCollision } from "./collision.ts";
import { type Facts, sameThing } from "../system/facts.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import { ERRNO, systemError } from "../system/kernel.ts";
import { renameNoReplace } from "./no-replace.ts";
import { quote } from "../names.ts";
import type { PartialFile } from "./partial.ts";
import type { SinkTarget } from "./sink-target.ts";
import { alreadyExists } from "../system/refusals.ts";
import { ignoreErrors, isSystemError } from "../system/system-error.ts";

type Context = Pick<SinkTarget, "path" | "versions">;

/**
 * @param partial afterwards an ordinary file
 * @returns whether it replaced another file
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PRECONDITION_FAILED, CROSS_DEVICE
 */
export function publish(
  partial: PartialFile,
  target: OpenPlace,
  rule: CollisionRule,
  { path, versions }: Context,
): boolean {
  try {
    if (rule.collision !== "replace") {
      takeFreeName(partial, target);
      partial.published(undefined);
      return false;
    }
    const existing = target.folder.stat(target.name);
    checkCollision(existing, rule, path, versions);
    if (existing !== undefined || linkUnnamed(partial, target) !== 0) {
      partial.takeName();
      renameSync(partial.path, target.folder.pathOf(target.name));
    }
    partial.published(existing);
    return existing !== undefined;
  } catch (error) {
    if (isSystemError(error, "EEXIST")) throw takenError(target, rule, { path, versions });
    throw LeatError.from(error, `cannot put ${quote(path)} in its place`);
  }
}

/** The error for a name that is taken: it may not have been checked before. */
function takenError(
  { folder, name }: OpenPlace,
  rule: CollisionRule,
  { path, versions }: Context,
): LeatError {
  checkCollision(folder.stat(name), rule, path, versions);
  return alreadyExists(path); // it existed a moment ago
}

function takeFreeName(partial: PartialFile, target: OpenPlace): void {
  const linked = linkUnnamed(partial, target);
  if (linked === 0) return;
  if (linked === -ERRNO.EEXIST) throw systemError(ERRNO.EEXIST, "linkat");
  partial.takeName();
  const to = target.folder.pathOf(target.name);
  try {
    linkSync(partial.path, to);
  } catch (error) {
    if (!isSystemError(error, ...NO_LINKS)) throw error;
    renameNoReplace(partial.folder, partial.name, target.folder, target.name);
    return;
  }
  // The file is published; the sweep removes a second name that stays among the partial files.
  ignoreErrors(() => unlinkSync(partial.path));
}

/** @returns 0 when it was published so; else a negative errno, and nothing was changed */
function linkUnnamed(partial: PartialFile, { folder, name }: OpenPlace): number {
  return partial.isNamed ? -ERRNO.EOPNOTSUPP : partial.linkTo(folder, name);
}

/** FAT, some network and FUSE file systems have no hard links. */
const NO_LINKS = ["EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EMLINK"];

/** Removes the name of a file that was just published, unless another file has it by now. */
export function withdraw(place: Place, published: Facts, partial: PartialFile): void {
  const named = place.folder.stat(place.name);
  if (named === undefined || !sameThing(named, published)) return;
  unlinkSync(place.folder.pathOf(place.name));
  partial.withdrawn();
}
