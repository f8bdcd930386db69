/**
 * The lines of a page without an object or a string of each entry, byte for byte as `entriesText` has them: a list of
 * 100,000 names takes a third of the time.
 */
import type { PageRows } from "../../client/calls/page-rows.ts";
import { DIRECTORY, FILE } from "../../wire/entry-tags.ts";
import type { Output } from "../terminal/output.ts";
import { secondText } from "../terminal/units.ts";
import type { ListFlags } from "./entries-text.ts";

const DAY = 86_400;
/** From the year 10000 on, a date is longer. */
const FOUR_DIGITS = 253_402_300_800;
/** Bytes of `2026-01-31T12:03:01Z`, and of what stands before its hour. */
const TIME = 20;
const HOUR = 11;

const [SPACE, NEWLINE, MINUS, ZERO, SLASH] = [0x20, 0x0a, 0x2d, 0x30, 0x2f] as const;

/** Whether `rowsText` can show them. A terminal is not shown the bytes of a name as they are. */
export function showsRows(
  { latest }: Pick<PageRows, "latest">,
  flags: ListFlags,
  output: Output,
): boolean {
  if (flags.json === true || output.stdoutIsTerminal) return false;
  return flags.long !== true || (flags.humanReadable !== true && latest < FOUR_DIGITS);
}

export function rowsText(rows: PageRows, long: boolean): Uint8Array {
  const { bytes, count, starts, ends, kinds, sizes, seconds } = rows;
  const width = String(rows.largest).length;
  const besideName = long ? width + 2 + TIME + 2 : 0;
  const text = Buffer.allocUnsafeSlow(bytes.length + count * (besideName + 2));
  if (long) text.fill(SPACE);
  const time = new TimeText();
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const kind = kinds[index];
    if (long) {
      let digit = at + width;
      if (kind === FILE) {
        let rest = sizes[index]!;
        do {
          const tenth = Math.floor(rest / 10);
          text[--digit] = ZERO + (rest - 10 * tenth); // their sum might be beyond 2^53
          rest = tenth;
        } while (rest > 0);
      } else {
        text[--digit] = MINUS;
      }
      at += width + 2;
      const second = seconds[index]!;
      if (second < 0) {
        text[at] = MINUS;
      } else {
        const shown = second === time.second ? time.bytes : time.of(second);
        for (let i = 0; i < TIME; i += 1) text[at + i] = shown[i]!;
      }
      at += TIME + 2;
    }
    const end = ends[index]!;
    for (let i = starts[index]!; i < end; i += 1) text[at++] = bytes[i]!;
    if (kind === DIRECTORY) text[at++] = SLASH;
    text[at++] = NEWLINE;
  }
  return text.subarray(0, at);
}

/** The text of the last time: files of a folder share times, and days. */
class TimeText {
  readonly bytes = Buffer.alloc(TIME);
  /** Since 1970. */
  second = -1;
  #day = -1;

  /** @returns the same bytes each time */
  of(second: number): Uint8Array {
    const { bytes } = this;
    this.second = second;
    const day = Math.floor(second / DAY);
    if (day !== this.#day) {
      bytes.write(`${secondText(second)}Z`, "latin1");
      this.#day = day;
      return bytes;
    }
    const rest = second - day * DAY;
    const minute = Math.floor(rest / 60);
    const hour = Math.floor(minute / 60);
    this.#two(HOUR, hour);
    this.#two(HOUR + 3, minute - 60 * hour);
    this.#two(HOUR + 6, rest - 60 * minute);
    return bytes;
  }

  #two(at: number, part: number): void {
    const tens = Math.floor(part / 10);
    this.bytes[at] = ZERO + tens;
    this.bytes[at + 1] = ZERO + part - 10 * tens;
  }
}
