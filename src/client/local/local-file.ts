/**
 * Local files: those that downloads write and uploads read. Paths are those of the local system, and
 * links are followed as its user expects.
 *
 * A download is written to a hidden partial file beside its target, `.NAME.leat-XXXXXX`, so that the
 * target is never incomplete and the last step is a rename on one file system. Where the system can do
 * that, a file that no later try can continue has no name until then.
 */

import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import { checkCollision, type Skipped } from "../../store/write/collision.ts";
import { DiskSink } from "../../store/write/disk-sink.ts";
import type { SinkOptions, SinkTarget } from "../../store/write/sink-target.ts";
import { DiskSource } from "../../store/read/disk-source.ts";
import { versionedEntry } from "../../store/system/entry.ts";
import { Versions } from "../../store/system/versions.ts";
import type { Facts } from "../../store/system/facts.ts";
import { quote } from "../../store/names.ts";
import { givenMode, modeAfter, modeOfNew, partialMode } from "../../store/write/new-mode.ts";
import { openRegular } from "../../store/resolve/open-regular.ts";
import { PartialFile } from "../../store/write/partial.ts";
import { checkFree } from "../../store/write/free-space.ts";
import { isDirectory } from "../../store/system/refusals.ts";
import type { Source } from "../../store/store.ts";
import { hasProc, openPlainFolder } from "../../store/resolve/walk-folder.ts";
import { partialName } from "./partial-names.ts";

/** Until the file is whole, only its owner may read it. */
export const PARTIAL_MODE = 0o600;

/** Random names that are tried for a partial file: one of them is free unless another program interferes. */
const TRIES = 8;

export type { Skipped };

/** One key for all folders: these versions never leave the computer. */
export const versions = new Versions("local files");

export interface LocalFileOptions extends SinkOptions {
  /** The path in messages; the path of the file unless given. */
  readonly shown?: string | undefined;
}

/** Where a file is to go. */
export interface LocalPlace {
  readonly folder: Folder;
  /** In the folder. */
  readonly name: string;
  /** For messages. */
  readonly path: string;
}

/**
 * Creates a local file.
 * @throws NOT_FOUND (the folder), ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, NO_SPACE,
 *   PERMISSION_DENIED
 * @returns the entry that has the name, when it is taken and the collision is "skip"
 */
export function createLocalFile(target: string, options: LocalFileOptions): DiskSink | Skipped {
  const place = openPlace(target, options);
  const { folder, name, path } = place;
  try {
    const found = checkCollision(folder.stat(name), options, path, versions);
    if (found !== undefined) return skip(place, found);
    checkFree(folder, options, path);
    return sinkOver(createPartial(place, options), place, options);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * Opens a local file for reading. A FIFO or a device is refused without being opened.
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openLocalFile(path: string): Source {
  const name = checkLocal(path);
  return new DiskSource(name, openRegular(path, path, { follow: true, proc: hasProc }), versions);
}

/** @param other the members in which its target differs from that of a single file */
export function sinkOver(
  partial: PartialFile,
  { folder, name, path }: LocalPlace,
  options: SinkOptions,
  other: Partial<SinkTarget> = {},
): DiskSink {
  const mode = givenMode(options.mode);
  const target = {
    path,
    versions,
    // A file without a name has nearly the mode of a new file already.
    mode: partial.isNamed ? () => modeOfNew(folder, mode) : () => modeAfter(partial, mode),
    place: () => ({ folder, name, [Symbol.dispose]() {} }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
    ...other,
  };
  return new DiskSink(partial, target, options);
}

/** @param place its folder is closed @param facts of the name */
export function skip({ folder, name }: LocalPlace, facts: Facts): Skipped {
  folder[Symbol.dispose]();
  return { skipped: versionedEntry(name, facts, versions) };
}

/** Without a name, where the system can do that: then a crash leaves nothing. */
export function createPartial(
  { folder, name, path }: LocalPlace,
  options: SinkOptions,
): PartialFile {
  const mode = partialMode(givenMode(options.mode));
  const unnamed = PartialFile.unnamed(folder, () => partialName(name), mode);
  if (unnamed !== undefined) return unnamed;
  for (let i = 0; i < TRIES; i++) {
    const partial = PartialFile.create(folder, partialName(name), PARTIAL_MODE, {
      shown: quote(path),
    });
    if (partial !== undefined) return partial;
  }
  throw new LeatError("INTERNAL", `no name is free for a partial file beside ${quote(path)}`);
}

/** @param folder its folder, if that is open already */
export function openPlace(
  target: string,
  { shown = target }: LocalFileOptions,
  folder?: Folder,
): LocalPlace {
  const name = checkLocal(target);
  return { folder: folder ?? openParent(target), name, path: shown };
}

export function openParent(path: string): Folder {
  const parent = dirname(resolve(path));
  try {
    return openPlainFolder(parent);
  } catch (error) {
    throw LeatError.from(error, `cannot write into the folder ${quote(parent)}`);
  }
}

/** @returns the name of the file in its folder */
export function checkLocal(path: string): string {
  if (path === "" || path.includes("\0")) {
    throw new LeatError("INVALID_NAME", `${quote(path)} is not the name of a local file`);
  }
  const name = basename(resolve(path));
  if (path.endsWith("/") || name === "") throw isDirectory(path);
  return name;
}
