/** Encodes entries while they are found: making an object of each takes longer than all the rest. */
import { CanonicalWriter } from "./canonical-writer.ts";
import {
  DIRECTORY,
  FILE,
  KIND,
  MODE,
  MODIFIED,
  NAME,
  NANOSECONDS,
  SECONDS,
  SIZE,
} from "./entry-tags.ts";
import { canonical } from "./gen/canonical.ts";
import type { Entry } from "./gen/messages.ts";
import type { Init } from "./plain.ts";
import { withRoom } from "./room.ts";
import { writeVarint } from "./varint.ts";

/** Bytes of a name up to which a usual entry takes fewer than SHORT_ENTRY. */
const SHORT_NAME = 64;
/** What has an entry and little more is shorter than 128 bytes: its length is one byte then. */
const SHORT_ENTRY = 120;
const FIRST_BYTES = 4096;

/** All of an entry but its name. */
export type EntryFacts = Init<Omit<Entry, "name">>;

/** What nearly every file or folder has. */
interface Usual extends EntryFacts {
  readonly size: number;
  readonly mode: number;
  readonly modified: { readonly seconds: number; readonly nanoseconds: number };
}

interface Named {
  bytes: Uint8Array;
  start: number;
  end: number;
  facts: EntryFacts;
}

export class EntryWriter {
  protected encoded: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  protected at = 0;
  /** For entries that are not usual. */
  readonly #writer = new CanonicalWriter();
  /** The entry that is written, kept: one object for all of them. */
  readonly #entry: Named = { bytes: NOTHING, start: 0, end: 0, facts: {} };

  /** Bytes of the entries so far. */
  get bytes(): number {
    return this.at;
  }

  /**
   * Writes an entry of the usual form behind some bytes that are left free: the same as `any`, in a third of the time.
   * @returns its length; 0 where it is not usual
   */
  protected usual(
    head: number,
    from: Uint8Array,
    start: number,
    end: number,
    facts: EntryFacts,
  ): number {
    if (end - start > SHORT_NAME || !isUsual(facts)) return 0;
    this.encoded = withRoom(this.encoded, this.at, head + SHORT_ENTRY);
    const bytes = this.encoded;
    const first = this.at + head;
    let at = first;
    bytes[at++] = NAME;
    bytes[at++] = end - start;
    for (let i = start; i < end; i += 1) bytes[at++] = from[i]!;
    bytes[at++] = KIND;
    bytes[at++] = facts.kind === "FILE" ? FILE : DIRECTORY;
    at = field(bytes, at, SIZE, facts.size);
    const modified = at;
    at = field(bytes, at + 2, SECONDS, facts.modified.seconds);
    at = field(bytes, at, NANOSECONDS, facts.modified.nanoseconds);
    bytes[modified] = MODIFIED;
    bytes[modified + 1] = at - modified - 2;
    bytes[at++] = MODE;
    at = writeVarint(bytes, at, facts.mode);
    this.at = at;
    return at - first;
  }

  /**
   * Writes an entry as a field of a message.
   * @param delimited whether the length of the message stands in front of it
   * @throws INTERNAL when a value does not fit its field
   */
  protected any(
    tag: number,
    field: string,
    delimited: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    facts: EntryFacts,
  ): void {
    const entry = this.#entry;
    entry.bytes = bytes;
    entry.start = start;
    entry.end = end;
    entry.facts = facts;
    this.#writer.begin();
    this.#writer.message(tag, writeEntry, "Entry", entry, field);
    const encoded = this.#writer.finish(delimited);
    this.encoded = withRoom(this.encoded, this.at, encoded.length);
    this.encoded.set(encoded, this.at);
    this.at += encoded.length;
  }
}

function isUsual(facts: EntryFacts): facts is Usual {
  const { kind, size, modified, mode, version, link, target } = facts;
  if (kind !== "FILE" && kind !== "DIRECTORY") return false;
  if ((version ?? "") !== "" || (target ?? "") !== "" || (link ?? false)) return false;
  return (
    isNumber(size, Number.MAX_SAFE_INTEGER) &&
    isNumber(mode, 0xffff_ffff) &&
    isNumber(modified?.seconds, Number.MAX_SAFE_INTEGER) &&
    isNumber(modified?.nanoseconds, 0xffff_ffff)
  );
}

function isNumber(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/** A field with a number, unless that is 0. */
function field(bytes: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  bytes[at] = tag;
  return writeVarint(bytes, at + 1, value);
}

/** The name, and behind it the other fields, which have higher numbers. */
function writeEntry(writer: CanonicalWriter, { bytes, start, end, facts }: Named): void {
  writer.text(NAME, bytes, start, end);
  canonical.Entry.write(writer, facts);
}

const NOTHING = new Uint8Array(0);
