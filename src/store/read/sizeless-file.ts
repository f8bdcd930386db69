/**
 * Files whose size is 0 although they have bytes: those of /proc, of cgroups, of some FUSE file systems. A
 * transfer needs the size first, so such a file is read to its end, and these bytes are kept until they
 * are sent: the next read might give others.
 */
import { LeatError } from "../../errors.ts";
import { createSha256 } from "../../hash.ts";
import { DATA_PAYLOAD, RETRY_AFTER, UNSIZED_BUDGET, UNSIZED_FILE } from "../../limits.ts";
import { quote } from "../names.ts";
import type { MaybePromise, Source, StoreEntry } from "../store.ts";

/** Bytes that are kept, of all such files. */
let kept = 0;

/** For a read that finds whether a file has bytes: some can only be read by whole pages. */
const PROBE = new Uint8Array(4096);

/**
 * @param source disposed when this fails, or returns another one
 * @returns itself, unless it has more bytes than its size
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
    return new BytesSource(entry, bytes);
  } finally {
    kept -= pieces.length * DATA_PAYLOAD;
  }
}

/** Takes bytes from the budget. @returns them */
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

class BytesSource implements Source {
  readonly synchronous = true;
  readonly entry: StoreEntry;
  #bytes: Uint8Array;

  constructor(entry: StoreEntry, bytes: Uint8Array) {
    kept += bytes.length;
    this.#bytes = bytes;
    // Its times do not change with its bytes: the version has to depend on the bytes.
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
