/**
 * Opens regular files for reading, and nothing else: opening a FIFO blocks, opening a device may do
 * something.
 *
 * Where /proc shows descriptors, a name is first opened with O_PATH, which touches nothing; what it
 * stands for is looked at, and that very inode is opened. So there is no race to win.
 */

import { closeSync, constants, lstatSync, openSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { OpenFile } from "./beneath.ts";
import { Descriptor, descriptorFacts } from "../system/descriptor.ts";
import { type Facts, factsOf, sameThing } from "../system/facts.ts";
import { O_CLOEXEC, O_PATH, openAt } from "../system/kernel.ts";
import { quote } from "../names.ts";
import { isDirectory, linkRefused, notFound, notRegular } from "../system/refusals.ts";
import { isSystemError } from "../system/system-error.ts";

/**
 * For a lease on the file (Samba, NFS) or a FIFO put in its place, an open would wait. On a regular
 * file it changes nothing else.
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
 * Opens for reading what an O_PATH descriptor stands for, whatever its name is.
 * @param descriptors the folder `/proc/self/fd`, open
 */
export function reopen(fd: number, descriptors?: number): number {
  const flags = constants.O_RDONLY | O_NONBLOCK;
  const opened =
    descriptors === undefined ? -1 : openAt(descriptors, String(fd), flags | O_CLOEXEC, 0);
  // Without openat, or to have it said what is wrong.
  return opened >= 0 ? opened : openSync(`/proc/self/fd/${fd}`, flags);
}

function openFound(at: string, path: string, follow: boolean): OpenFile {
  using found = new Descriptor(openSync(at, O_PATH | (follow ? 0 : constants.O_NOFOLLOW)));
  const facts = descriptorFacts(found.fd);
  checkRegular(facts, path);
  return { fd: reopen(found.fd), facts };
}

/** It may be swapped between the look and the open: then it is not served. */
function openAndCompare(at: string, path: string, follow: boolean): OpenFile {
  const look = follow ? statSync : lstatSync;
  const seen = factsOf(look(at, { bigint: true }));
  checkRegular(seen, path);
  const fd = openSync(at, constants.O_RDONLY | O_NONBLOCK | (follow ? 0 : NO_FOLLOW));
  const facts = descriptorFacts(fd);
  if (facts.kind === "FILE" && sameThing(facts, seen)) return { fd, facts };
  closeSync(fd);
  throw new LeatError("CHANGED", `${quote(path)} was replaced while it was opened`);
}
