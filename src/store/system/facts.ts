/**
 * What the file system knows of one thing, in numbers: everything the store decides by. Sizes and times
 * beyond 2^53 - 1, which no frame can carry, stop there.
 */

import { constants, type BigIntStats } from "node:fs";

export type FactKind = "FILE" | "DIRECTORY" | "LINK" | "OTHER";

export interface Facts {
  readonly kind: FactKind;
  /** Permission bits, at most 0777. */
  readonly mode: number;
  /** The number of its group. */
  readonly group: number;
  /** Names the inode has. */
  readonly links: number;
  /** Bytes. */
  readonly size: number;
  readonly device: number;
  /** The mount it was reached through; 0 where the system does not tell. */
  readonly mount: number;
  /** The inode number in two halves: it may have 64 bits, a number holds 53. */
  readonly inodeLow: number;
  readonly inodeHigh: number;
  /** mtime, seconds since 1970. */
  readonly modifiedSeconds: number;
  readonly modifiedNanoseconds: number;
  /** ctime: nobody can set it back. */
  readonly changedSeconds: number;
  readonly changedNanoseconds: number;
}

export function kindOfMode(mode: number): FactKind {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return "FILE";
    case constants.S_IFDIR:
      return "DIRECTORY";
    case constants.S_IFLNK:
      return "LINK";
    default:
      return "OTHER";
  }
}

/** Facts from node:fs, for systems where kernel.ts has none. */
export function factsOf(stats: BigIntStats): Facts {
  const mode = Number(stats.mode);
  const modified = split(stats.mtimeNs);
  const changed = split(stats.ctimeNs);
  return {
    kind: kindOfMode(mode),
    mode: mode & 0o777,
    group: Number(stats.gid),
    links: Number(stats.nlink),
    size: inRange(Number(stats.size)),
    device: Number(stats.dev),
    mount: 0,
    inodeLow: Number(stats.ino & 0xffff_ffffn),
    inodeHigh: Number((stats.ino >> 32n) & 0xffff_ffffn),
    modifiedSeconds: modified.seconds,
    modifiedNanoseconds: modified.nanoseconds,
    changedSeconds: changed.seconds,
    changedNanoseconds: changed.nanoseconds,
  };
}

type Identity = Pick<Facts, "device" | "inodeLow" | "inodeHigh">;

/** Whether both are the same thing on disk, whatever its name. */
export function sameThing(a: Identity, b: Identity): boolean {
  return a.inodeLow === b.inodeLow && a.inodeHigh === b.inodeHigh && a.device === b.device;
}

/** Cut to what a number tells exactly, and a frame can carry. */
export function inRange(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return value < -Number.MAX_SAFE_INTEGER ? -Number.MAX_SAFE_INTEGER : value;
}

const SECOND = 1_000_000_000n;

function split(nanoseconds: bigint): { seconds: number; nanoseconds: number } {
  // Before 1970 the quotient rounds toward zero; the remainder of a Time is never negative.
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { seconds: inRange(Number((nanoseconds - rest) / SECOND)), nanoseconds: Number(rest) };
}
