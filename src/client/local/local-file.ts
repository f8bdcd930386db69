/**
 * The client's own files: what a download writes and what an upload reads. Paths are those of the
 * local system, links are followed as its user expects.
 *
 * A download comes in through a hidden partial file beside its target, `.NAME.leat-XXXXXX`, so that
 * the target is never there in part and the last step is a rename on one file system. Small files of
 * a tree have no name at all before.
 */

import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { crc32, randomBytes, sha256 } from "../../hash.ts";
import { BLOCK_SIZE, MAX_SEGMENT } from "../../limits.ts";
import type { Folder } from "../../store/resolve/beneath.ts";
import { BlockSums, type Known } from "./block-sums.ts";
import { mayTake } from "../../store/write/collision.ts";
import {
  DiskSink,
  type SinkOptions,
  type SinkTarget,
  type Skipped,
} from "../../store/write/disk-sink.ts";
import { DiskSource } from "../../store/read/disk-source.ts";
import { Versions, versionedEntry } from "../../store/system/entry.ts";
import { factsOf } from "../../store/system/facts.ts";
import { quote } from "../../store/names.ts";
import { givenMode, modeAfter, modeOfNew, partialMode } from "../../store/write/new-mode.ts";
import { openRegular } from "../../store/resolve/open-regular.ts";
import type { TreeSyncs } from "../../store/write/file-syncs.ts";
import { abandon, PartialFile } from "../../store/write/partial.ts";
import { checkFree } from "../../store/write/free-space.ts";
import { isDirectory } from "../../store/system/refusals.ts";
import type { Source } from "../../store/store.ts";
import { hasProc, openPlainFolder } from "../../store/resolve/walk-folder.ts";

/** Until the file is whole, it is its owner's business. */
const PARTIAL_MODE = 0o600;

/** A partial file of an earlier try, locked, and what is known of it: checked. */
export interface FoundPartial {
  readonly partial: PartialFile;
  readonly known: Known;
}

export interface ResumableFile {
  readonly sink: DiskSink;
  /** To be told of each block; undefined where nothing can be continued. */
  readonly sums: BlockSums | undefined;
}

/** How the file ends that has the sums of a partial file's blocks. */
const SUMS = ".sums";

/** Partial names that are tried; one is free unless somebody plays with us. */
const TRIES = 8;

export type { Known, SinkOptions, Skipped };

/** The same for all folders: these versions never leave the machine. */
const versions = new Versions("local files");

export interface LocalFileOptions extends SinkOptions {
  /** The path for messages, if not that to write to. */
  readonly shown?: string | undefined;
}

export interface FileInOptions extends LocalFileOptions {
  /** Puts it on disk together with others. */
  readonly syncs: TreeSyncs;
}

/**
 * A local file to write to.
 * @throws NOT_FOUND (the folder), ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, NO_SPACE,
 *   PERMISSION_DENIED
 * @returns what is there when the collision is "skip" and the name is taken
 */
export function createLocalFile(at: string, options: LocalFileOptions): DiskSink | Skipped {
  const name = checkLocal(at);
  const folder = openParent(at);
  const path = options.shown ?? at;
  try {
    return create(path, name, folder, options) ?? skip(path, name, folder);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * A small file to write into a folder that is open, one of many of a tree. Until it is whole it has no
 * name, where that can be; whether the disk has room for it is not asked first.
 * @param folder open until the Sink has ended
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 * @returns what is there when the collision is "skip" and the name is taken
 */
export function createFileIn(
  folder: Folder,
  name: string,
  options: FileInOptions,
): DiskSink | Skipped {
  const path = options.shown ?? folder.at(name);
  const found = folder.look(name);
  if (found !== undefined && !mayTake(found, options, path, versions)) {
    return { skipped: versionedEntry(name, found, versions) };
  }
  // Before anything is written: it tells of what goes wrong from then on.
  const syncs = options.durability === "fsync" ? options.syncs.of(folder) : undefined;
  return sinkOver(createPartial(folder, name, path, options), { folder, name, path }, options, {
    sync: (partial) => syncs?.sync(partial.fd) ?? partial.sync(),
    [Symbol.dispose]() {}, // the folder is the caller's
  });
}

/**
 * A local file to write to that a later try can continue. When somebody else is fetching the same
 * file to the same place, or there can be no notes, it is one like any other.
 * @param found what an earlier try has left; ours from now on
 */
export function createResumableFile(
  at: string,
  options: LocalFileOptions,
  known: Known,
  found?: FoundPartial,
): ResumableFile | Skipped {
  const name = checkLocal(at);
  const path = options.shown ?? at;
  const folder = found?.partial.folder ?? openParent(at);
  let begun: PartialFile | undefined;
  try {
    if (!mayTake(folder.look(name), options, path, versions)) {
      found?.partial.close();
      return skip(path, name, folder);
    }
    const there = Math.min(known.size, known.sums.length * BLOCK_SIZE);
    if (options.size !== undefined) checkFree(folder, options.size - there, path);
    const resumable = found?.partial ?? takeResumable(folder, name);
    const partial = resumable ?? createPartial(folder, name, path, options);
    if (found === undefined) begun = partial;
    resumable?.rewind(there);
    const sink = sinkOver(partial, { folder, name, path }, options);
    return { sink, sums: resumable && BlockSums.create(sumsPath(folder, name), known) };
  } catch (error) {
    found?.partial.close();
    if (begun !== undefined) abandon(begun);
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * What an earlier try has left beside its target, as far as it is whole; held by its lock. Notes that
 * are missing, cut or make no sense, and bytes that cannot be read, are as good as none.
 */
export async function findPartial(path: string): Promise<FoundPartial | undefined> {
  const name = checkLocal(path);
  let folder: Folder;
  try {
    folder = openParent(path);
  } catch {
    return undefined; // making the file will fail, and tell why
  }
  let partial: PartialFile | undefined;
  try {
    partial = PartialFile.reopen(folder, resumableName(name));
    if (partial !== undefined) {
      const known = BlockSums.read(sumsPath(folder, name), partial.size);
      return { partial, known: await checkBlocks(partial, known) };
    }
  } catch {
    partial?.close();
  }
  folder[Symbol.dispose]();
  return undefined;
}

/** Lets go of what was found; it stays for another time. */
export function leavePartial({ partial }: FoundPartial): void {
  partial.close();
  partial.folder[Symbol.dispose]();
}

/** What is known, less what is not on disk as it should be. */
async function checkBlocks(partial: PartialFile, known: Known): Promise<Known> {
  const { version, size } = known;
  const sums: number[] = [];
  const block = new Uint8Array(known.sums.length === 0 ? 0 : BLOCK_SIZE);
  for (const sum of known.sums) {
    const at = sums.length * BLOCK_SIZE;
    const bytes = block.subarray(0, Math.min(BLOCK_SIZE, size - at));
    if ((await partial.read(bytes, at)) < bytes.length || crc32(bytes) !== sum) break;
    sums.push(sum);
  }
  return { version, size, sums };
}

/** The partial that a later try finds; undefined while somebody else holds it. */
function takeResumable(folder: Folder, name: string): PartialFile | undefined {
  const own = resumableName(name);
  return PartialFile.create(folder, own, PARTIAL_MODE) ?? PartialFile.reopen(folder, own);
}

/**
 * A local file to read from; a FIFO or a device is looked at and not opened.
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openLocalFile(path: string): Source {
  const name = checkLocal(path);
  return new DiskSource(name, openRegular(path, path, { follow: true, proc: hasProc }), versions);
}

/**
 * A file of a local folder to read from, a link not followed.
 * @param path for messages
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openFileIn(folder: Folder, name: string, path: string): Source {
  const file = openRegular(folder.at(name), path, { follow: false, proc: hasProc });
  return new DiskSource(name, file, versions);
}

/** @returns undefined when the name is taken and is to be skipped */
function create(
  path: string,
  name: string,
  folder: Folder,
  options: SinkOptions,
): DiskSink | undefined {
  if (!mayTake(folder.look(name), options, path, versions)) return undefined;
  if (options.size !== undefined) checkFree(folder, options.size, path);
  return sinkOver(createPartial(folder, name, path, options), { folder, name, path }, options);
}

/** @param other what is not as with a file of its own */
function sinkOver(
  partial: PartialFile,
  { folder, name, path }: { folder: Folder; name: string; path: string },
  options: SinkOptions,
  other: Partial<SinkTarget> = {},
): DiskSink {
  const mode = modeOf(options);
  const target = {
    path,
    versions,
    // One without a name has been given the mode of a new file by the system already, nearly.
    mode: partial.isNamed ? () => modeOfNew(folder, mode) : () => modeAfter(partial, mode),
    place: () => ({ folder, name, [Symbol.dispose]() {} }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
    ...other,
  };
  return new DiskSink(partial, target, options);
}

function skip(path: string, name: string, folder: Folder): Skipped {
  using held = folder;
  const facts = held.look(name) ?? factsOf(statSync(path, { bigint: true }));
  return { skipped: versionedEntry(name, facts, versions) };
}

/** 0: the server's store has none. */
const modeOf = ({ mode = 0 }: SinkOptions): number => givenMode(mode);

/** Without a name, where that can be: so whatever happens, nothing is left. */
function createPartial(
  folder: Folder,
  name: string,
  path: string,
  options: SinkOptions,
): PartialFile {
  const unnamed = PartialFile.unnamed(
    folder,
    () => partialName(name),
    partialMode(modeOf(options)),
  );
  if (unnamed !== undefined) return unnamed;
  for (let i = 0; i < TRIES; i++) {
    const partial = PartialFile.create(folder, partialName(name), PARTIAL_MODE);
    if (partial !== undefined) return partial;
  }
  throw new LeatError("INTERNAL", `no name is free for a partial file beside ${quote(path)}`);
}

function partialName(name: string): string {
  return hidden(name, `.leat-${randomBytes(3).toString("hex")}`);
}

/** The same for each try of the same target. */
function resumableName(name: string): string {
  return sumsName(name).slice(0, -SUMS.length);
}

function sumsName(name: string): string {
  const hash = sha256(name).toString("hex").slice(0, 6);
  return hidden(name, `.leat-${hash}${SUMS}`);
}

function sumsPath(folder: Folder, name: string): string {
  return folder.at(sumsName(name));
}

function hidden(name: string, end: string): string {
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
