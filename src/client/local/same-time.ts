/** Compares the time of a copy with that of its original. */
import type { Time } from "../../store/store.ts";

/** Nanoseconds below a second that file systems keep: ext4, NTFS, HFS+ by some servers, exFAT. */
const PRECISIONS = [1, 100, 1000, 1_000_000, 10_000_000] as const;

/** Whether the target has the time of the source: its file system may keep times less precisely, and cuts them. */
export function isSameTime(source: Time, target: Time): boolean {
  if (source.seconds !== target.seconds) {
    // FAT keeps every other second. A source of whole seconds may well be another file, a second later.
    const isCut = source.nanoseconds !== 0 && target.nanoseconds === 0 && target.seconds % 2 === 0;
    return isCut && source.seconds - 1 === target.seconds;
  }
  if (target.nanoseconds === 0) return true;
  return PRECISIONS.some(
    (unit) => source.nanoseconds - (source.nanoseconds % unit) === target.nanoseconds,
  );
}

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
