/**
 * The lines of a page without an object or a string of each entry, byte for byte as `entriesText` has them: a list of
 * 100,000 names takes a third of the time.
 */
import type { PageRows } from "../../client/calls/page.ts";
import { DIRECTORY, FILE } from "../../wire/entry-tags.ts";
import { PageReader } from "../../wire/page-reader.ts";
import type { Output } from "../terminal/output.ts";
import { secondText } from "../terminal/units.ts";
import type { ListFlags } from "./entries-text.ts";

const DAY = 86_400;
/** From the year 10000 on, a date is longer. */
const FOUR_DIGITS = 253_402_300_800;
/** Bytes of `2026-01-31` and of `2026-01-31T12:03:01Z`. */
const DATE = 10;
const TIME = 20;

const [SPACE, NEWLINE, MINUS, ZERO, SLASH] = [0x20, 0x0a, 0x2d, 0x30, 0x2f] as const;
const [COLON, T, Z] = [0x3a, 0x54, 0x5a] as const;

/** Whether `rowsText` can show them. A terminal is not shown the bytes of a name as they are. */
export function showsRows({ latest }: PageRows, flags: ListFlags, output: Output): boolean {
  if (flags.json === true || output.stdoutIsTerminal) return false;
  return flags.long !== true || (flags.humanReadable !== true && latest < FOUR_DIGITS);
}

export function rowsText({ bytes, count, largest }: PageRows, long: boolean): Uint8Array {
  const width = String(largest).length;
  const besideName = (long ? width + 2 + TIME + 2 : 0) + 2;
  const lines = new Lines(bytes.length + count * besideName);
  const reader = new PageReader(bytes);
  while (reader.next()) {
    if (long) lines.facts(reader, width);
    lines.name(bytes, reader);
  }
  return lines.text;
}

class Lines {
  readonly #bytes: Buffer;
  #at = 0;
  /** The last day, in days since 1970, and its date: files of a folder share days. */
  #day = -1;
  #date = Buffer.alloc(DATE);

  /** @param most bytes that the lines may take */
  constructor(most: number) {
    this.#bytes = Buffer.allocUnsafeSlow(most);
  }

  get text(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  name(from: Uint8Array, { kind, nameStart, nameEnd }: PageReader): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = nameStart; i < nameEnd; i += 1) bytes[at++] = from[i]!;
    if (kind === DIRECTORY) bytes[at++] = SLASH;
    bytes[at++] = NEWLINE;
    this.#at = at;
  }

  facts({ kind, size, seconds }: PageReader, width: number): void {
    const bytes = this.#bytes;
    const start = this.#at;
    bytes.fill(SPACE, start, start + width + 2 + TIME + 2);
    let at = start + width;
    if (kind === FILE) {
      let rest = size;
      do {
        const tenth = Math.floor(rest / 10);
        bytes[--at] = ZERO + (rest - 10 * tenth); // their sum might be beyond 2^53
        rest = tenth;
      } while (rest > 0);
    } else {
      bytes[--at] = MINUS;
    }
    if (seconds < 0) bytes[start + width + 2] = MINUS;
    else this.#time(start + width + 2, seconds);
    this.#at = start + width + 2 + TIME + 2;
  }

  #time(at: number, seconds: number): void {
    const bytes = this.#bytes;
    const day = Math.floor(seconds / DAY);
    if (day !== this.#day) {
      this.#date.write(secondText(seconds).slice(0, DATE), "latin1");
      this.#day = day;
    }
    const date = this.#date;
    for (let i = 0; i < DATE; i += 1) bytes[at + i] = date[i]!;
    const second = seconds - day * DAY;
    const minute = Math.floor(second / 60);
    const hour = Math.floor(minute / 60);
    bytes[at + DATE] = T;
    this.#two(at + 11, hour);
    bytes[at + 13] = COLON;
    this.#two(at + 14, minute - 60 * hour);
    bytes[at + 16] = COLON;
    this.#two(at + 17, second - 60 * minute);
    bytes[at + 19] = Z;
  }

  #two(at: number, part: number): void {
    const tens = Math.floor(part / 10);
    this.#bytes[at] = ZERO + tens;
    this.#bytes[at + 1] = ZERO + part - 10 * tens;
  }
}
