/** Changes the permission bits and the modified time of a file or folder that exists, and not what is in it. */
import { chmodSync, closeSync, constants, openSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Attributes } from "../store.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { type Facts, factsOf } from "../system/facts.ts";
import { O_CLOEXEC, O_PATH, openAt } from "../system/kernel.ts";
import { setModifiedAt } from "../system/posix.ts";
import { linkRefused, notFound, notRegular } from "../system/refusals.ts";
import { isUnsupported } from "../system/system-error.ts";
import { umask } from "./new-mode.ts";

/** The permission bits that can be set: those that a new file can have. */
export const modeBits = (): number => 0o777 & ~umask();

/**
 * Sets what is given of a name in a folder; a link is refused. The bits above 0777 stay.
 * @param path for messages
 * @param check is called with what has the name before anything is changed; what it throws is thrown
 * @returns the facts afterwards: they show what the file system, and the rights of this program, have made of it
 * @throws NOT_FOUND, PERMISSION_DENIED, NOT_A_REGULAR_FILE, IO_ERROR, …
 */
export function setAttributesAt(
  folder: Folder,
  name: string,
  path: string,
  { modified, mode }: Attributes,
  check: (facts: Facts) => void = () => {},
): Facts {
  const found = folder.stat(name);
  if (found === undefined) throw notFound(path);
  mayBeSet(found, path);
  try {
    using inode = openInode(folder, name);
    mayBeSet(inode.facts(), path);
    check(inode.facts());
    // The time first: without the right to search a folder its path leads nowhere.
    if (modified !== undefined) unlessUnsupported(() => setModifiedAt(inode.path, modified));
    if (mode !== undefined) {
      const bits = mode & modeBits();
      unlessUnsupported(() => chmodSync(inode.path, (statSync(inode.path).mode & 0o7000) | bits));
    }
    return inode.facts();
  } catch (error) {
    throw LeatError.from(error, `cannot set mode and time of ${quote(path)}`);
  }
}

/** @throws PERMISSION_DENIED, NOT_A_REGULAR_FILE */
function mayBeSet({ kind }: Facts, path: string): void {
  if (kind === "LINK") throw linkRefused(path);
  if (kind === "OTHER") throw notRegular(path);
}

interface Inode extends Disposable {
  /** Leads to it, whatever has its name by now, as far as the system can do that. */
  readonly path: string;
  facts(): Facts;
}

/** It need not be readable. */
function openInode(folder: Folder, name: string): Inode {
  const flags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (folder.fd === undefined) {
    const path = folder.pathOf(name);
    closeSync(openSync(path, constants.O_RDONLY | flags)); // a link ends here
    const facts = (): Facts => factsOf(statSync(path, { bigint: true }));
    return { path, facts, [Symbol.dispose]() {} };
  }
  const opened = openAt(folder.fd, name, O_PATH | O_CLOEXEC | constants.O_NOFOLLOW, 0);
  const fd = opened < 0 ? openSync(folder.pathOf(name), O_PATH | constants.O_NOFOLLOW) : opened;
  const held = new Descriptor(fd);
  return {
    path: `/proc/self/fd/${fd}`,
    facts: () => descriptorFacts(held.fd),
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

/** What a file system cannot keep is no failure: the facts show it. */
function unlessUnsupported(set: () => void): void {
  try {
    set();
  } catch (error) {
    if (!isUnsupported(error) || isDenied(error)) throw error;
  }
}

/** The file is another user's. */
function isDenied(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["EPERM", "EACCES"].includes(String(error.code))
  );
}
