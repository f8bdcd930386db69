/** Compares the time of a copy with that of its original. */
import { isSameTime } from "../../store/same-time.ts";
import type { Time } from "../../store/store.ts";

/**
 * Where the times of file systems begin and end, in seconds: ext4, XFS and others of 32 bits; NFS; FAT; ext4 with large
 * inodes; XFS with large times.
 */
const FIRST: readonly number[] = [-(2 ** 31), 0, 315_532_800];
const LAST: readonly number[] = [
  2 ** 31 - 1,
  2 ** 32 - 1,
  4_354_819_198,
  2 ** 34 - 2 ** 31 - 1,
  16_299_260_424,
];

/** As `isSameTime`; or the time of the source is one that the target's file system cannot keep: it has its first or last one. */
export function isCopiedTime(source: Time, target: Time): boolean {
  if (isSameTime(source, target)) return true;
  const bounds = source.seconds < target.seconds ? FIRST : LAST;
  return bounds.includes(target.seconds);
}

export function isNewer(a: Time, b: Time): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds > b.nanoseconds);
}
