/** Makes symbolic links in an open folder. */
import { renameSync, symlinkSync, unlinkSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import { readLink } from "../resolve/read-link.ts";
import type { Collision } from "../store.ts";
import { alreadyExists, isDirectory } from "../system/refusals.ts";
import { ignoreErrors, isSystemError } from "../system/system-error.ts";
import type { Usage } from "../usage.ts";

export interface NewLink {
  readonly name: string;
  readonly target: string;
  readonly collision: Collision;
  /** It may be there already. */
  readonly again?: boolean | undefined;
  /** For messages. */
  readonly path: string;
  /** It counts there. */
  readonly usage?: Usage | undefined;
}

/**
 * With "replace" only another link is replaced.
 * @returns false where the name was taken, and the collision is "skip"
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, …
 */
export function makeLink(folder: Folder, link: NewLink): boolean {
  const { name, target, collision, again = false, path } = link;
  try {
    symlinkSync(target, folder.pathOf(name));
    countNew(link, () => unlinkSync(folder.pathOf(name)));
    return true;
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw LeatError.from(error, `cannot make ${quote(path)}`);
  }
  if ((again || collision === "replace") && readLink(folder, name) === target) return true;
  if (collision === "skip") return false;
  if (collision === "fail") throw alreadyExists(path);
  replace(folder, link);
  return true;
}

/** @throws QUOTA_EXCEEDED, when it is removed */
function countNew({ usage }: NewLink, remove: () => void): void {
  try {
    usage?.take(0, 1);
  } catch (error) {
    ignoreErrors(remove);
    throw error;
  }
}

/** Under a name of its own first, so that there is a link at any time. */
function replace(folder: Folder, { name, target, path }: NewLink): void {
  const kind = folder.stat(name)?.kind;
  if (kind === "DIRECTORY") throw isDirectory(path);
  if (kind !== "LINK" && kind !== undefined) {
    throw new LeatError(
      "ALREADY_EXISTS",
      `${quote(path)} is not a link and is not replaced by one`,
    );
  }
  const other = folder.pathOf(`.leat-${crypto.randomUUID()}`);
  try {
    symlinkSync(target, other);
    renameSync(other, folder.pathOf(name));
  } catch (error) {
    ignoreErrors(() => unlinkSync(other));
    throw LeatError.from(error, `cannot replace ${quote(path)}`);
  }
}
