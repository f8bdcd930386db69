/** Downloads that a later try can continue: a partial file, and the checksums of its verified blocks. */

import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32OfZeros } from "../../crc32.ts";
import { crc32 } from "../../hash.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import { checkCollision, type Skipped } from "../../store/write/collision.ts";
import type { DiskSink } from "../../store/write/disk-sink.ts";
import { checkFree } from "../../store/write/free-space.ts";
import { quote } from "../../store/names.ts";
import { abandon, PartialFile } from "../../store/write/partial.ts";
import { BlockSums, type Known } from "./block-sums.ts";
import {
  checkLocal,
  createPartial,
  type LocalFileOptions,
  type LocalPlace,
  openParent,
  openPlace,
  PARTIAL_MODE,
  sinkOver,
  skip,
  versions,
} from "./local-file.ts";
import { resumableName, sumsName } from "./partial-names.ts";

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
  const place = openPlace(target, options, found?.partial.folder);
  const { folder, name, path } = place;
  let begun: PartialFile | undefined;
  try {
    const taken = checkCollision(folder.stat(name), options, path, versions);
    if (taken !== undefined) {
      found?.partial.close();
      return skip(place, taken);
    }
    const verified = Math.min(known.size, known.sums.length * BLOCK_SIZE);
    checkFree(folder, options, path, verified);
    const resumable = found?.partial ?? takeResumable(place);
    const partial = resumable ?? createPartial(place, options);
    if (found === undefined) begun = partial;
    resumable?.rewind(verified);
    const sink = sinkOver(partial, place, options);
    return { sink, sums: resumable && BlockSums.create(folder.pathOf(sumsName(name)), known) };
  } catch (error) {
    found?.partial.close();
    if (begun !== undefined) abandon(begun);
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Whether an earlier try has left a partial file, which this one may continue. */
export function isBegun(path: string): boolean {
  return existsSync(join(dirname(path), resumableName(basename(path))));
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
      const known = BlockSums.read(folder.pathOf(sumsName(name)), partial.size);
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
  let holeEnd = 0;
  for (const sum of known.sums) {
    const offset = sums.length * BLOCK_SIZE;
    const bytes = block.subarray(0, Math.min(BLOCK_SIZE, size - offset));
    if (offset >= holeEnd) holeEnd = offset + partial.holeAt(offset);
    if (offset + bytes.length <= holeEnd) {
      if (sum !== crc32OfZeros(bytes.length)) break;
    } else if ((await partial.read(bytes, offset)) < bytes.length || crc32(bytes) !== sum) break;
    sums.push(sum);
  }
  return { version, size, sums };
}

/** The partial file that a later try finds; undefined while another process has it. */
function takeResumable({ folder, name, path }: LocalPlace): PartialFile | undefined {
  const own = resumableName(name);
  const created = PartialFile.create(folder, own, PARTIAL_MODE, { shown: quote(path) });
  return created ?? PartialFile.reopen(folder, own);
}
