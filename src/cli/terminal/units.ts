/** Numbers as a person reads them. */
import type { Timestamp } from "../../wire/gen/messages.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `12 B`, `1.21 KiB`, `870 MiB` */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 would be written as 1024.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${UNITS[unit]}`;
}

/** `1 file`, `2 files` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `3 ms`, `1.2 s`, `2 min 5 s`, `1 h 20 min` */
export function durationText(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.max(1, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `0:07`, `12:03`, `1:20:00`: for what is left, so that it does not jump about. */
export function clockText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** `2026-01-31T12:03:01Z`; "-" when there is none. */
export function timeText(time: Timestamp | undefined): string {
  if (time === undefined) return "-";
  const text = `${secondText(time.seconds)}Z`;
  if (Math.abs(time.seconds) < Number.MAX_SAFE_INTEGER) return text;
  return `${text} or ${time.seconds < 0 ? "earlier" : "later"}`; // more cannot be said on the wire
}

const DAY = 86_400;
/** Seconds up to which `Date` goes, to the year 275760. */
const DATE_MOST = 8.64e12;
/** Seconds of 400 years: the calendar repeats. */
const CYCLE = 146_097 * DAY;

/** The day that was asked for last: files of a folder share days, and for each file a Date would take half of its line's time. */
let lastDay = 0;
let lastDate = "1970-01-01";

/** `2026-01-31T12:03:01`; years beyond 9999 as ISO 8601 extends them: `+292271-02-03T…`. */
export function secondText(seconds: number): string {
  const day = Math.floor(seconds / DAY);
  if (day !== lastDay) {
    lastDate = dateText(day * DAY);
    lastDay = day;
  }
  const second = seconds - day * DAY;
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  return `${lastDate}T${two(hour)}:${two(minute - 60 * hour)}:${two(second - 60 * minute)}`;
}

function dateText(seconds: number): string {
  const cycles = Math.abs(seconds) <= DATE_MOST ? 0 : Math.trunc(seconds / CYCLE);
  const text = new Date((seconds - cycles * CYCLE) * 1000).toISOString();
  const rest = text.slice(text.indexOf("-", 1), text.indexOf("T"));
  const year = text.slice(0, text.indexOf("-", 1));
  if (cycles === 0) return year + rest;
  const whole = Number(year) + cycles * 400;
  return `${whole < 0 ? "-" : "+"}${String(Math.abs(whole)).padStart(6, "0")}${rest}`;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, part) => String(part).padStart(2, "0"));
const two = (part: number): string => TWO_DIGITS[part]!;

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}
