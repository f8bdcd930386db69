/**
 * Opens regular files for reading, and nothing else: opening a FIFO blocks, and opening a device may have
 * an effect.
 *
 * Where /proc shows descriptors, a name is first opened with O_PATH, which has no effect. If it is a
 * regular file, that very inode is opened: no race can put another file in its place.
 */

import { closeSync, constants, lstatSync, openSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { OpenFile } from "./resolver.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { type Facts, factsOf, sameThing } from "../system/facts.ts";
import { O_CLOEXEC, O_PATH, openAt } from "../system/kernel.ts";
import { quote } from "../names.ts";
import { isDirectory, linkRefused, notFound, notRegular } from "../system/refusals.ts";
import { isSystemError } from "../system/system-error.ts";

/**
 * An open would wait for a lease on the file (Samba, NFS), or for a FIFO that was put in its place. The
 * flag changes nothing else on a regular file.
 */
const { O_NONBLOCK } = constants;

/** macOS: no component of the path may be a link. Elsewhere the last one alone is guarded. */
const NO_FOLLOW = process.platform === "darwin" ? 0x2000_0000 : constants.O_NOFOLLOW;

export interface OpenOptions {
  /** Whether a link as the last component is followed. */
  readonly follow: boolean;
  /** Whether /proc shows descriptors. */
  readonly proc: boolean;
}

/**
 * @param at path for node:fs
 * @param path for messages
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED (a link), CHANGED
 */
export function openRegular(at: string, path: string, { follow, proc }: OpenOptions): OpenFile {
  try {
    return proc ? openFound(at, path, follow) : openAndCompare(at, path, follow);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) throw notFound(path);
    throw LeatError.from(error, `cannot open ${quote(path)}`);
  }
}

/** @throws IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED (a link) */
export function checkRegular({ kind }: Facts, path: string): void {
  if (kind === "DIRECTORY") throw isDirectory(path);
  if (kind === "LINK") throw linkRefused(path);
  if (kind !== "FILE") throw notRegular(path);
}

/**
 * Opens the file of an O_PATH descriptor for reading, whatever its name is by now.
 * @param descriptors the folder `/proc/self/fd`, open
 */
export function reopen(fd: number, descriptors?: number): number {
  const flags = constants.O_RDONLY | O_NONBLOCK;
  const opened =
    descriptors === undefined ? -1 : openAt(descriptors, String(fd), flags | O_CLOEXEC, 0);
  // Where openat is missing; and where it failed, this throws the error.
  return opened >= 0 ? opened : openSync(`/proc/self/fd/${fd}`, flags);
}

function openFound(at: string, path: string, follow: boolean): OpenFile {
  using found = new Descriptor(openSync(at, O_PATH | (follow ? 0 : constants.O_NOFOLLOW)));
  const facts = descriptorFacts(found.fd);
  checkRegular(facts, path);
  return { fd: reopen(found.fd), facts };
}

/** Another file may take its place between the stat and the open: then it is refused. */
function openAndCompare(at: string, path: string, follow: boolean): OpenFile {
  const stat = follow ? statSync : lstatSync;
  const seen = factsOf(stat(at, { bigint: true }));
  checkRegular(seen, path);
  const fd = openSync(at, constants.O_RDONLY | O_NONBLOCK | (follow ? 0 : NO_FOLLOW));
  const facts = descriptorFacts(fd);
  if (facts.kind === "FILE" && sameThing(facts, seen)) return { fd, facts };
  closeSync(fd);
  throw new LeatError("CHANGED", `${quote(path)} was replaced while it was opened`);
}
