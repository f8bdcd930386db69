/** A list page of the usual form stays as it came: to make an object of each entry takes longer than all the rest. */
import { ENTRIES } from "./entry-tags.ts";
import { FRAME_STREAM } from "./frame.ts";
import type { Entry, EntryPage } from "./gen/messages.ts";
import { decodeMessage } from "./plain.ts";
import { readVarint, varintLength } from "./varint.ts";

/** Tags of Frame.response and Response.list. */
const HEADS = [(5 << 3) | 2, (1 << 3) | 2] as const;

/** Stands where an EntryPage was decoded. */
export class ReceivedPage {
  /** The encoded entries, which nobody has looked at yet. */
  readonly bytes: Uint8Array;
  readonly cursor: string | undefined;
  readonly skippedNames: number;
  #entries: Entry[] | undefined;

  /** @param rest what stands behind the entries */
  constructor(bytes: Uint8Array, { cursor, skippedNames }: EntryPage) {
    this.bytes = bytes;
    this.cursor = cursor;
    this.skippedNames = skippedNames;
  }

  /** @throws LeatError PROTOCOL_ERROR when the bytes are no EntryPage */
  get entries(): Entry[] {
    return (this.#entries ??= decodeMessage("EntryPage", this.bytes).entries);
  }
}

/** @returns undefined unless the frame `bytes[from, to)` is a list page, its heads as every encoder writes them */
export function receivedPage(
  bytes: Uint8Array,
  from: number,
  to: number,
): { stream: number; page: ReceivedPage } | undefined {
  if (bytes[from] !== FRAME_STREAM) return undefined;
  const stream = readVarint(bytes, from + 1, to);
  if (stream <= 0 || stream > 0xffff_ffff) return undefined;
  let at = from + 1 + varintLength(stream);
  for (const tag of HEADS) {
    const length = bytes[at] === tag ? readVarint(bytes, at + 1, to) : -1;
    if (length < 0) return undefined;
    at += 1 + varintLength(length);
    if (at + length !== to) return undefined;
  }
  const page = split(bytes, at, to);
  return page && { stream, page };
}

/** Parts the entries from what stands behind them. */
function split(bytes: Uint8Array, from: number, to: number): ReceivedPage | undefined {
  let at = from;
  while (at < to && bytes[at] === ENTRIES) {
    const short = bytes[at + 1]!;
    const length = short < 128 ? short : readVarint(bytes, at + 1, to);
    if (length < 0) return undefined;
    at += length + (length < 128 ? 2 : 1 + varintLength(length));
  }
  const rest = at > to ? undefined : restOf(bytes, at, to);
  return rest && new ReceivedPage(bytes.slice(from, at), rest);
}

function restOf(bytes: Uint8Array, at: number, to: number): EntryPage | undefined {
  if (at === to) return NO_REST;
  try {
    const rest = decodeMessage("EntryPage", bytes, at, to);
    return rest.entries.length === 0 ? rest : undefined;
  } catch {
    return undefined;
  }
}

const NO_REST: EntryPage = { entries: [], skippedNames: 0 };
