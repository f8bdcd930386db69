/**
 * The client's own files: what a download writes and what an upload reads. Paths are those of the
 * local system, links are followed as its user expects.
 *
 * A download comes in through a hidden partial file beside its target, `.NAME.leat-XXXXXX`, so that
 * the target is never there in part and the last step is a rename on one file system.
 */

import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../errors.ts";
import { MAX_SEGMENT } from "../limits.ts";
import type { Folder } from "./beneath.ts";
import { mayTake } from "./collision.ts";
import { DiskSink, type SinkOptions, type Skipped } from "./disk-sink.ts";
import { DiskSource } from "./disk-source.ts";
import { Versions, versionedEntry } from "./entry.ts";
import { factsOf } from "./facts.ts";
import { quote } from "./names.ts";
import { openRegular } from "./open-regular.ts";
import { PartialFile } from "./partial.ts";
import { checkFree } from "./free-space.ts";
import { isDirectory } from "./refusals.ts";
import type { Sink, Source } from "./store.ts";
import { hasProc, openPlainFolder } from "./walk-folder.ts";

/** Until the file is whole, it is its owner's business. */
const PARTIAL_MODE = 0o600;

/** Read once: asking for the umask sets it for a moment, for all threads. */
const umask = process.umask();

/** Partial names that are tried; one is free unless somebody plays with us. */
const TRIES = 8;

/** The same for all folders: these versions never leave the machine. */
const versions = new Versions("local files");

/**
 * A local file to write to.
 * @throws NOT_FOUND (the folder), ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, NO_SPACE,
 *   PERMISSION_DENIED
 * @returns what is there when the collision is "skip" and the name is taken
 */
export function createLocalFile(path: string, options: SinkOptions): Sink | Skipped {
  const name = checkLocal(path);
  const folder = openParent(path);
  try {
    return create(path, name, folder, options) ?? skip(path, name, folder);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * A local file to read from; a FIFO or a device is looked at and not opened.
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openLocalFile(path: string): Source {
  const name = checkLocal(path);
  return new DiskSource(name, openRegular(path, path, { follow: true, proc: hasProc }), versions);
}

/** @returns undefined when the name is taken and is to be skipped */
function create(
  path: string,
  name: string,
  folder: Folder,
  options: SinkOptions,
): Sink | undefined {
  if (!mayTake(folder.look(name), options, path, versions)) return undefined;
  if (options.size !== undefined) checkFree(folder, options.size, path);
  const target = {
    path,
    versions,
    mode: 0o666 & ~umask,
    place: () => ({ folder, name, [Symbol.dispose]() {} }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
  return new DiskSink(createPartial(folder, name, path), target, options);
}

function skip(path: string, name: string, folder: Folder): Skipped {
  using held = folder;
  const facts = held.look(name) ?? factsOf(statSync(path, { bigint: true }));
  return { skipped: versionedEntry(name, facts, versions) };
}

function createPartial(folder: Folder, name: string, path: string): PartialFile {
  for (let i = 0; i < TRIES; i++) {
    const partial = PartialFile.create(folder, partialName(name), PARTIAL_MODE);
    if (partial !== undefined) return partial;
  }
  throw new LeatError("INTERNAL", `no name is free for a partial file beside ${quote(path)}`);
}

function partialName(name: string): string {
  const end = `.leat-${randomBytes(3).toString("hex")}`;
  let start = name;
  while (Buffer.byteLength(`.${start}${end}`) > MAX_SEGMENT) {
    // Whole characters, so that what is left is still UTF-8.
    start = Array.from(start).slice(0, -1).join("");
  }
  return `.${start}${end}`;
}

function openParent(path: string): Folder {
  const parent = dirname(resolve(path));
  try {
    return openPlainFolder(parent);
  } catch (error) {
    throw LeatError.from(error, `cannot write into the folder ${quote(parent)}`);
  }
}

/** @returns the name of the file in its folder */
function checkLocal(path: string): string {
  if (path === "" || path.includes("\0")) {
    throw new LeatError("INVALID_NAME", `${quote(path)} is not the name of a local file`);
  }
  const name = basename(resolve(path));
  if (path.endsWith("/") || name === "") throw isDirectory(path);
  return name;
}
