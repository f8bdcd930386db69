/**
 * Checks the pages that a server sends of a folder before they are used. Names that only go up, in pages
 * of a bounded size, cannot come twice or without end.
 */
import { LeatError } from "../../errors.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import { NOT_CANONICAL } from "../../wire/canonical-reader.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import { FILE } from "../../wire/entry-tags.ts";
import { PageReader } from "../../wire/page-reader.ts";
import type { ListPage } from "./options.ts";

/** Least bytes of an entry on the wire, besides its name and version: two tags and two lengths. */
const ENTRY_LEAST = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const SLASH = 0x2f;

/** A page that was checked, still encoded: for what needs no object of each entry. */
export interface PageRows {
  /** For a `PageReader`, which reads it without an error. */
  readonly bytes: Uint8Array;
  /** Entries in it. */
  readonly count: number;
  /** The most bytes that a file in it has. */
  readonly largest: number;
  /** The latest modified time, in seconds since 1970. */
  readonly latest: number;
}

/** A page, and its rows if it came in the usual form. */
export interface RowsPage extends ListPage {
  readonly rows: PageRows | undefined;
}

/** The rows of a page of a client. */
export function rowsOf(page: ListPage): PageRows | undefined {
  return (page as Partial<RowsPage>).rows;
}

export class PageOrder {
  readonly #path: string;
  #last: string | undefined;

  /** @param path of the folder, for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /** Checks the next page. @throws PROTOCOL_ERROR */
  check(entries: readonly Entry[], isLast: boolean): void {
    let bytes = 0;
    for (const { name, version } of entries) {
      if (name === "" || name.includes("/")) throw this.#wrong(`${quote(name)}, which is no name`);
      const last = this.#last;
      if (last !== undefined && !isBefore(last, name)) {
        throw this.#wrong(`${quote(name)} behind ${quote(last)}: names go up`);
      }
      this.#last = name;
      bytes += ENTRY_LEAST + name.length + version.length;
    }
    if (bytes > PAGE_BYTES) throw this.#wrong(`a page of more than ${PAGE_BYTES} bytes`);
    if (entries.length === 0 && !isLast) throw this.#wrong("an empty page, and says more follow");
  }

  /**
   * Checks a page as it came.
   * @returns undefined: `check` has to, because its form is not the usual one or something is wrong
   */
  rows(bytes: Uint8Array, isLast: boolean): PageRows | undefined {
    try {
      return bytes.length > PAGE_BYTES ? undefined : this.#rows(bytes, isLast);
    } catch (thrown) {
      if (thrown === NOT_CANONICAL) return undefined;
      throw thrown;
    }
  }

  #rows(bytes: Uint8Array, isLast: boolean): PageRows | undefined {
    const reader = new PageReader(bytes);
    // Every name is behind an empty one.
    let before: Uint8Array = encoder.encode(this.#last ?? "");
    let start = 0;
    let end = before.length;
    let count = 0;
    let largest = 0;
    let latest = 0;
    for (; reader.next(); count += 1) {
      const { nameStart, nameEnd } = reader;
      if (!isBehind(bytes, nameStart, nameEnd, before, start, end)) return undefined;
      before = bytes;
      start = nameStart;
      end = nameEnd;
      if (reader.kind === FILE && reader.size > largest) largest = reader.size;
      if (reader.seconds > latest) latest = reader.seconds;
    }
    if (count === 0) return isLast ? { bytes, count, largest, latest } : undefined;
    this.#last = decoder.decode(bytes.subarray(start, end));
    return { bytes, count, largest, latest };
  }

  #wrong(what: string): LeatError {
    const where = this.#path === "" ? "the library" : quote(this.#path);
    return new LeatError("PROTOCOL_ERROR", `the server lists ${what} (in ${where})`);
  }
}

/** Whether bytes[start, end) is a name and, in the order of bytes, behind the other one. */
function isBehind(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === SLASH) return false;
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let i = 0; i < length; i += 1) {
    const difference = bytes[start + i]! - other[otherStart + i]!;
    if (difference !== 0) return difference > 0;
  }
  return end - start > otherEnd - otherStart;
}

/** Whether a name is before another in the order of their UTF-8 bytes. */
export function isBefore(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const one = a.charCodeAt(i);
    const other = b.charCodeAt(i);
    if (one !== other) return rank(one) < rank(other);
  }
  return a.length < b.length;
}

/** In the order of UTF-8, surrogates come behind all characters of one UTF-16 unit. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
