/** Renames that never replace: exact, of two that race one fails. */

import { linkSync, unlinkSync } from "node:fs";
import { LeatError } from "../errors.ts";
import type { Folder } from "./beneath.ts";
import { AT_FDCWD, ERRNO, RENAME_NOREPLACE, renameat2, systemError } from "./kernel.ts";
import { quote } from "./names.ts";

/** @throws the system's error, EEXIST when the name is taken; UNIMPLEMENTED for a folder without it */
export function renameNoReplace(from: Folder, name: string, to: Folder, newName: string): void {
  const result = renameat2(AT_FDCWD, from.at(name), AT_FDCWD, to.at(newName), RENAME_NOREPLACE);
  if (result === 0) return;
  if (result !== -ERRNO.EINVAL && result !== -ERRNO.ENOSYS) throw systemError(-result, "renameat2");
  // EINVAL: the file system cannot do it (or a folder would go into itself). A link can, for files.
  if (from.look(name)?.kind === "DIRECTORY") {
    throw new LeatError(
      "UNIMPLEMENTED",
      `the folder ${quote(name)} cannot be renamed here without the risk of replacing another`,
    );
  }
  linkSync(from.at(name), to.at(newName));
  unlinkSync(from.at(name));
}
