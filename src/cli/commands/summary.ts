/** How much was moved, in words. */
import { KiB } from "../../limits.ts";
import { bytesText, counted, durationText } from "../terminal/units.ts";

/** Of smaller files the rate is in files: bytes would say less. */
const SMALL_FILE = 64 * KiB;

export interface Moved {
  /** Of the files. */
  readonly bytes: number;
  /** The part of them that was moved in this time; an earlier run has moved the rest. */
  readonly moved: number;
  readonly files: number;
}

export interface Sums extends Moved {
  readonly folders?: number;
  readonly skipped: number;
  readonly failed?: number;
  /** `verified`, `on disk`, … */
  readonly how: string;
}

/** `12 files, 2 folders  1.00 GiB in 1.2 s, 870 MiB/s, verified; 3 skipped; 1 failed` */
export function summaryText(sums: Sums, milliseconds: number): string {
  const { files, folders, skipped, failed = 0, how } = sums;
  const moved = [movedText(sums, milliseconds), ...(how === "" ? [] : [how])];
  return [
    `${filesText(files, folders)}  ${moved.join(", ")}`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join("; ");
}

/** `1.00 GiB in 1.2 s, 870 MiB/s`; `1.00 GiB, of which 200 MiB in 1.2 s, 167 MiB/s` */
export function movedText({ bytes, moved, files }: Moved, milliseconds: number): string {
  const part = moved < bytes ? `, of which ${bytesText(moved)}` : "";
  const rate = rateText(Math.min(moved, bytes), milliseconds, files);
  return `${bytesText(bytes)}${part} in ${durationText(milliseconds)}${rate}`;
}

/** `, 870 MiB/s`; of many small files `, 950 files/s`; nothing when the time was too short to measure. */
function rateText(bytes: number, milliseconds: number, files: number): string {
  if (milliseconds < 100 || bytes === 0) return "";
  if (files > 1 && bytes / files < SMALL_FILE) {
    return `, ${Math.round((files * 1000) / milliseconds)} files/s`;
  }
  return `, ${bytesText((bytes * 1000) / milliseconds)}/s`;
}

/** `12 files, 2 folders`; no folders are not named */
export function filesText(files: number, folders = 0): string {
  return [counted(files, "file"), ...(folders > 0 ? [counted(folders, "folder")] : [])].join(", ");
}
