/**
 * Local files: those that downloads write and uploads read. Paths are those of the local system, and
 * links are followed as its user expects.
 *
 * A download is written to a hidden partial file beside its target, `.NAME.leat-XXXXXX`, so that the
 * target is never incomplete and the last step is a rename on one file system. Where the system can do
 * that, a file that no later try can continue has no name at all before.
 */

import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { crc32, randomBytes, sha256 } from "../../hash.ts";
import { BLOCK_SIZE, MAX_SEGMENT } from "../../limits.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import { BlockSums, type Known } from "./block-sums.ts";
import { mayUseName } from "../../store/write/collision.ts";
import { DiskSink, type Skipped } from "../../store/write/disk-sink.ts";
import type { SinkOptions, SinkTarget } from "../../store/write/sink-target.ts";
import { DiskSource } from "../../store/read/disk-source.ts";
import { versionedEntry } from "../../store/system/entry.ts";
import { Versions } from "../../store/system/versions.ts";
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

/** Until the file is whole, only its owner may read it. */
const PARTIAL_MODE = 0o600;

/** A partial file of an earlier try, locked, and its blocks whose checksums match. */
export interface FoundPartial {
  readonly partial: PartialFile;
  readonly known: Known;
}

export interface ResumableFile {
  readonly sink: DiskSink;
  /** Takes the CRC of each verified block; undefined where no later try can continue the file. */
  readonly sums: BlockSums | undefined;
}

/** The end of the name of the file with the block sums of a partial file. */
const SUMS = ".sums";

/** Random names that are tried for a partial file: one of them is free unless another program interferes. */
const TRIES = 8;

export type { Known, SinkOptions, Skipped };

/** One key for all folders: these versions never leave the machine. */
const versions = new Versions("local files");

export interface LocalFileOptions extends SinkOptions {
  /** The path in messages; the path of the file unless given. */
  readonly shown?: string | undefined;
}

export interface FileInOptions extends LocalFileOptions {
  /** Puts it on disk together with other files. */
  readonly syncs: TreeSyncs;
}

/**
 * Creates a local file.
 * @throws NOT_FOUND (the folder), ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, NO_SPACE,
 *   PERMISSION_DENIED
 * @returns the entry that has the name, when it is taken and the collision is "skip"
 */
export function createLocalFile(target: string, options: LocalFileOptions): DiskSink | Skipped {
  const name = checkLocal(target);
  const folder = openParent(target);
  const path = options.shown ?? target;
  try {
    return create(path, name, folder, options) ?? skip(path, name, folder);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * Creates a small file of a tree in an open folder. It has no name before it is whole, where the system
 * can do that. The free space of the disk is not checked first.
 * @param folder stays open until the sink has ended
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 * @returns the entry that has the name, when it is taken and the collision is "skip"
 */
export function createFileIn(
  folder: Folder,
  name: string,
  options: FileInOptions,
): DiskSink | Skipped {
  const path = options.shown ?? folder.pathOf(name);
  const found = folder.stat(name);
  if (found !== undefined && !mayUseName(found, options, path, versions)) {
    return { skipped: versionedEntry(name, found, versions) };
  }
  // Before anything is written: it detects write errors only from then on.
  const syncs = options.durability === "fsync" ? options.syncs.of(folder) : undefined;
  return sinkOver(createPartial(folder, name, path, options), { folder, name, path }, options, {
    sync: (partial) => syncs?.sync(partial.fd) ?? partial.sync(),
    [Symbol.dispose]() {}, // the folder is the caller's
  });
}

/**
 * Creates a local file that a later try can continue. While another process downloads to the same
 * target, or where the block sums cannot be written, it is a file as `createLocalFile` makes it.
 * @param found the partial file of an earlier try; owned by the result from now on
 */
export function createResumableFile(
  target: string,
  options: LocalFileOptions,
  known: Known,
  found?: FoundPartial,
): ResumableFile | Skipped {
  const name = checkLocal(target);
  const path = options.shown ?? target;
  const folder = found?.partial.folder ?? openParent(target);
  let begun: PartialFile | undefined;
  try {
    if (!mayUseName(folder.stat(name), options, path, versions)) {
      found?.partial.close();
      return skip(path, name, folder);
    }
    const verified = Math.min(known.size, known.sums.length * BLOCK_SIZE);
    if (options.size !== undefined) checkFree(folder, options.size - verified, path);
    const resumable = found?.partial ?? takeResumable(folder, name);
    const partial = resumable ?? createPartial(folder, name, path, options);
    if (found === undefined) begun = partial;
    resumable?.rewind(verified);
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
 * Finds the partial file of an earlier try beside its target, locks it and verifies its blocks. Block
 * sums that are missing or damaged, and blocks that cannot be read, count as not there.
 */
export async function findPartial(path: string): Promise<FoundPartial | undefined> {
  const name = checkLocal(path);
  let folder: Folder;
  try {
    folder = openParent(path);
  } catch {
    return undefined; // creating the file will report the error
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

/** Closes a partial file that was found, and leaves it for another try. */
export function leavePartial({ partial }: FoundPartial): void {
  partial.close();
  partial.folder[Symbol.dispose]();
}

/** The known blocks, up to the first whose bytes on disk have another CRC. */
async function checkBlocks(partial: PartialFile, known: Known): Promise<Known> {
  const { version, size } = known;
  const sums: number[] = [];
  const block = new Uint8Array(known.sums.length === 0 ? 0 : BLOCK_SIZE);
  for (const sum of known.sums) {
    const offset = sums.length * BLOCK_SIZE;
    const bytes = block.subarray(0, Math.min(BLOCK_SIZE, size - offset));
    if ((await partial.read(bytes, offset)) < bytes.length || crc32(bytes) !== sum) break;
    sums.push(sum);
  }
  return { version, size, sums };
}

/** The partial file that a later try finds; undefined while another process has it. */
function takeResumable(folder: Folder, name: string): PartialFile | undefined {
  const own = resumableName(name);
  return PartialFile.create(folder, own, PARTIAL_MODE) ?? PartialFile.reopen(folder, own);
}

/**
 * Opens a local file for reading. A FIFO or a device is refused without being opened.
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openLocalFile(path: string): Source {
  const name = checkLocal(path);
  return new DiskSource(name, openRegular(path, path, { follow: true, proc: hasProc }), versions);
}

/**
 * Opens a file of a local folder for reading. A link is not followed.
 * @param path for messages
 * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
 */
export function openFileIn(folder: Folder, name: string, path: string): Source {
  const file = openRegular(folder.pathOf(name), path, { follow: false, proc: hasProc });
  return new DiskSource(name, file, versions);
}

/** @returns undefined when the name is taken and is to be skipped */
function create(
  path: string,
  name: string,
  folder: Folder,
  options: SinkOptions,
): DiskSink | undefined {
  if (!mayUseName(folder.stat(name), options, path, versions)) return undefined;
  if (options.size !== undefined) checkFree(folder, options.size, path);
  return sinkOver(createPartial(folder, name, path, options), { folder, name, path }, options);
}

/** @param other the parts in which its target differs from that of a single file */
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
    // A file without a name was created with nearly the mode of a new file already.
    mode: partial.isNamed ? () => modeOfNew(folder, mode) : () => modeAfter(partial, mode),
    place: () => ({ folder, name, [Symbol.dispose]() {} }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
    ...other,
  };
  return new DiskSink(partial, target, options);
}

function skip(path: string, name: string, folder: Folder): Skipped {
  using held = folder;
  const facts = held.stat(name) ?? factsOf(statSync(path, { bigint: true }));
  return { skipped: versionedEntry(name, facts, versions) };
}

/** 0: the store of the server has no modes. */
const modeOf = ({ mode = 0 }: SinkOptions): number => givenMode(mode);

/** Without a name, where the system can do that: then a crash leaves nothing. */
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

/** The name of the partial file, the same for each try of one target. */
function resumableName(name: string): string {
  return sumsName(name).slice(0, -SUMS.length);
}

function sumsName(name: string): string {
  const hash = sha256(name).toString("hex").slice(0, 6);
  return hidden(name, `.leat-${hash}${SUMS}`);
}

function sumsPath(folder: Folder, name: string): string {
  return folder.pathOf(sumsName(name));
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
