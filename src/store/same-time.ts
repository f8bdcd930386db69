/** Compares the time that a file or folder was to get with the one that it has. */
import type { Time } from "./store.ts";

/** Nanoseconds below a second that file systems keep: ext4, NTFS, HFS+ by some servers, exFAT. */
const PRECISIONS = [1, 100, 1000, 1_000_000, 10_000_000] as const;

/** Whether a file or folder has the time that it was to get, if it was to get one. */
export function hasTime(
  { modified }: { readonly modified?: Time | undefined },
  wanted: Time | undefined,
): boolean {
  return wanted === undefined || (modified !== undefined && isSameTime(wanted, modified));
}

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
