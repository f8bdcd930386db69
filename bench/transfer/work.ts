/** The files that are moved, and how many at once. */
import { GiB, KiB, MiB } from "../../src/limits.ts";
import { sizeText } from "../support/figures.ts";

export interface Work {
  readonly files: number;
  /** Bytes of each. */
  readonly size: number;
  /** How many are on their way at once, one measurement each. */
  readonly streams: readonly number[];
  /** Runs that count, of each competitor in turn. One that does not comes before. */
  readonly rounds: number;
}

export const FULL: readonly Work[] = [
  { files: 1, size: GiB, streams: [1], rounds: 5 },
  { files: 64, size: MiB, streams: [1, 8, 64], rounds: 5 },
  { files: 5000, size: 4 * KiB, streams: [1, 8, 64, 256], rounds: 5 },
];

export const QUICK: readonly Work[] = [
  { files: 1, size: 256 * MiB, streams: [1], rounds: 3 },
  { files: 64, size: MiB, streams: [1, 8, 64], rounds: 3 },
  { files: 1000, size: 4 * KiB, streams: [1, 8, 64, 256], rounds: 3 },
];

/** Whether opening and closing a file costs more than moving its bytes. */
export function isSmall({ size }: Work): boolean {
  return size < 64 * KiB;
}

/** "64 × 1 MiB", "1 GiB". */
export function workText({ files, size }: Work): string {
  const each = sizeText(size);
  return files === 1 ? each : `${files.toLocaleString("en")} × ${each}`;
}
