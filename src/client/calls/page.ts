/**
 * Checks the pages that a server sends of a folder before they are used. Names that only go up, in pages
 * of a bounded size, cannot come twice or without end.
 */
import { LeatError } from "../../errors.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import type { Entry, EntryPage } from "../../wire/gen/messages.ts";
import { ReceivedPage } from "../../wire/received-page.ts";
import type { ListPage } from "./options.ts";
import { PageRows } from "./page-rows.ts";

/** Least bytes of an entry on the wire, besides its name and version: two tags and two lengths. */
const ENTRY_LEAST = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A page, and its rows if it came in the usual form: they are valid until the next page is asked for. */
export interface RowsPage extends ListPage {
  readonly rows: PageRows | undefined;
}

/** The rows of a page of a client. */
export function rowsOf(page: ListPage): PageRows | undefined {
  return (page as Partial<RowsPage>).rows;
}

/** Checks a page that has come: others may come before it is used. @throws PROTOCOL_ERROR: it has more than PAGE_BYTES */
export function checkPageSize(page: EntryPage): void {
  if (leastBytes(page) <= PAGE_BYTES) return;
  const message = `the server lists a page of more than ${PAGE_BYTES} bytes`;
  throw new LeatError("PROTOCOL_ERROR", message);
}

function leastBytes(page: EntryPage): number {
  if (page instanceof ReceivedPage) return page.bytes.length;
  let bytes = 0;
  for (const { name, version } of page.entries) bytes += ENTRY_LEAST + name.length + version.length;
  return bytes;
}

export class PageOrder {
  readonly #path: string;
  #rows: PageRows | undefined;
  #last: string | undefined;

  /** @param path of the folder, for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /** Checks the next page. @throws PROTOCOL_ERROR */
  check(entries: readonly Entry[], isLast: boolean): void {
    for (const { name } of entries) {
      if (name === "" || name.includes("/")) throw this.#wrong(`${quote(name)}, which is no name`);
      const last = this.#last;
      if (last !== undefined && !isBefore(last, name)) {
        throw this.#wrong(`${quote(name)} behind ${quote(last)}: names go up`);
      }
      this.#last = name;
    }
    if (entries.length === 0 && !isLast) throw this.#wrong("an empty page, and says more follow");
  }

  /**
   * Checks a page as it came.
   * @returns its rows, valid until the next call; undefined: `check` has to, because its form is not the usual one or
   *   something is wrong
   */
  rows(bytes: Uint8Array, isLast: boolean): PageRows | undefined {
    const rows = (this.#rows ??= new PageRows());
    // Every name is behind an empty one.
    if (bytes.length > PAGE_BYTES || !rows.read(bytes, encoder.encode(this.#last ?? "")))
      return undefined;
    if (rows.count === 0) return isLast ? rows : undefined;
    this.#last = decoder.decode(rows.name(rows.count - 1));
    return rows;
  }

  #wrong(what: string): LeatError {
    const where = this.#path === "" ? "the library" : quote(this.#path);
    return new LeatError("PROTOCOL_ERROR", `the server lists ${what} (in ${where})`);
  }
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
