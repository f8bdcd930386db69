/**
 * Files that say they have no bytes, and have some: those of /proc, of cgroups, of some FUSE file
 * systems. A size has to be said before the bytes, so such a file is read to its end and kept until it
 * is sent: as it was at that moment, for it may be another one with each read.
 */
import { LeatError } from "../../errors.ts";
import { createSha256 } from "../../hash.ts";
import { DATA_PAYLOAD, RETRY_AFTER, UNSIZED_BUDGET, UNSIZED_FILE } from "../../limits.ts";
import { quote } from "../names.ts";
import type { MaybePromise, Source, StoreEntry } from "../store.ts";

/** Bytes of all that are kept. */
let kept = 0;

/** Where the first bytes go of a file that says it has none: some are read by the page, or not at all. */
const PROBE = new Uint8Array(4096);

/**
 * @param source ours from now on
 * @returns itself, unless there is more in it than it says
 * @throws what reading it throws; TOO_LARGE, RESOURCE_EXHAUSTED
 */
export function withItsSize(source: Source): MaybePromise<Source> {
  if (source.entry.size > 0) return source;
  try {
    if (source.read(PROBE, 0) === 0) return source;
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
  return readToEnd(source);
}

async function readToEnd(file: Source): Promise<Source> {
  using source = file;
  const { entry } = source;
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    while (true) {
      const piece = new Uint8Array(reserve(DATA_PAYLOAD, entry, size));
      pieces.push(piece);
      await source.fetch?.(size, piece.length);
      const read = await source.read(piece, size);
      size += read;
      if (read < piece.length) break;
    }
    const bytes = Buffer.concat(pieces, size);
    return new KeptSource(entry, bytes);
  } finally {
    kept -= pieces.length * DATA_PAYLOAD;
  }
}

/** @returns the bytes, taken from the budget */
function reserve(bytes: number, { name }: StoreEntry, size: number): number {
  if (size + bytes > UNSIZED_FILE) {
    const message = `${quote(name)} says it has no bytes, and has more than ${size}, which are not sent`;
    throw new LeatError("TOO_LARGE", message);
  }
  if (kept + bytes > UNSIZED_BUDGET) {
    const message = `no memory is left for one more file like ${quote(name)}, which does not say its size`;
    throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
  }
  kept += bytes;
  return bytes;
}

class KeptSource implements Source {
  readonly synchronous = true;
  readonly entry: StoreEntry;
  #bytes: Uint8Array;

  constructor(entry: StoreEntry, bytes: Uint8Array) {
    kept += bytes.length;
    this.#bytes = bytes;
    // Its times stand still whatever is in it: two reads are one version only if they gave the same.
    const version = createSha256();
    version.update(entry.version);
    version.update(bytes);
    this.entry = {
      ...entry,
      size: bytes.length,
      version: version.digest().toString("base64url", 0, VERSION_BYTES),
    };
  }

  read(into: Uint8Array, position: number): number {
    const bytes = this.#bytes.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  currentVersion(): string {
    return this.entry.version;
  }

  [Symbol.dispose](): void {
    kept -= this.#bytes.length;
    this.#bytes = NOTHING;
  }
}

const VERSION_BYTES = 16;
const NOTHING = new Uint8Array(0);
