/**
 * The facts of a file or folder, as stat(2) gives them. Sizes and times beyond 2^53 - 1, which no frame can
 * carry, are cut to that.
 */

import { constants, type BigIntStats } from "node:fs";

type FactKind = "FILE" | "DIRECTORY" | "LINK" | "OTHER";

export interface Facts {
  readonly kind: FactKind;
  /** Permission bits, at most 0777. */
  readonly mode: number;
  /** Its group id. */
  readonly group: number;
  /** How many names the inode has. */
  readonly links: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes that it takes on the disk, without its name and the like. */
  readonly allocated: number;
  readonly device: number;
  /** The id of its mount; 0 where the system does not give it. */
  readonly mount: number;
  /** The inode number in two halves: it may have 64 bits, a number holds 53. */
  readonly inodeLow: number;
  readonly inodeHigh: number;
  /** mtime, seconds since 1970. */
  readonly modifiedSeconds: number;
  readonly modifiedNanoseconds: number;
  /** ctime, which cannot be set. */
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

/** Facts of node:fs, for systems where kernel.ts does not work. */
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
    allocated: inRange(Number(stats.blocks) * 512),
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

/** Whether both are the same inode. */
export function sameThing(a: Identity, b: Identity): boolean {
  return a.inodeLow === b.inodeLow && a.inodeHigh === b.inodeHigh && a.device === b.device;
}

/** The device and inode, which outlive a restart of the server, as a key of maps. */
export function identityOf({ device, inodeHigh, inodeLow }: Identity): string {
  return `${device},${inodeHigh},${inodeLow}`;
}

type Modified = Pick<Facts, "modifiedSeconds" | "modifiedNanoseconds">;

/** What it takes of a quota. */
export function bytesOf({ kind, size }: Facts): number {
  return kind === "FILE" ? size : 0;
}

/** What a file takes of the disk: no more than its size, and nothing for its holes. */
export function bytesOnDisk({ size, allocated }: Facts): number {
  return Math.min(size, allocated);
}

/** Whether both have the same mtime. */
export function sameModified(a: Modified, b: Modified): boolean {
  return a.modifiedSeconds === b.modifiedSeconds && a.modifiedNanoseconds === b.modifiedNanoseconds;
}

/** Whether both have the same ctime. */
export function sameChanged(a: Facts, b: Facts): boolean {
  return a.changedSeconds === b.changedSeconds && a.changedNanoseconds === b.changedNanoseconds;
}

/** The ctime in milliseconds since 1970. */
export function changedAt({ changedSeconds, changedNanoseconds }: Facts): number {
  return changedSeconds * 1000 + changedNanoseconds / 1e6;
}

/** Cut to the integers that a number holds exactly. */
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
