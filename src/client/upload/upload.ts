/** The sources of uploads, and how their bytes are sent. */
import { LeatError } from "../../errors.ts";
import type { FinishInit, Outgoing } from "../../session/outgoing.ts";
import { openLocalFile } from "../local/local-file.ts";
import type { Prefix, Source, Time } from "../../store/store.ts";
import { OutgoingBytes } from "../../transfer/outgoing-bytes.ts";
import { OutgoingChunks } from "../../transfer/outgoing-chunks.ts";
import { OutgoingSource } from "../../transfer/outgoing-source.ts";
import { Digest } from "../../transfer/digest.ts";
import { crc32 } from "../../hash.ts";
import { DATA_PAYLOAD } from "../../limits.ts";
import { readInTurns } from "../../transfer/read-in-turns.ts";
import { atOnce } from "../../transfer/source-calls.ts";
import { guardedChunks, wholeSource } from "../../transfer/source-chunks.ts";

/** A file of `Bun.file`, bytes, or anything that gives bytes in chunks. */
export type UploadSource =
  Blob | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A source that is open, for one try. */
export interface Upload {
  /** Bytes, when known. */
  readonly size: number | undefined;
  /** Bytes that it takes on the disk, where it has holes. */
  readonly allocated?: number | undefined;
  readonly modified: Time | undefined;
  /** Permission bits, where it is a file. */
  readonly mode: number | undefined;
  /** CRC-32 of its first bytes. @throws CHANGED when there are fewer */
  prefix(length: number): Promise<number>;
  /** Size and CRC-32 of all of it; reads it once more. */
  whole(): Promise<FinishInit>;
  /** Sends the bytes behind a prefix, when the stream is open. Called at most once; else `release`. */
  start(from: Prefix, hooks: UploadHooks): Outgoing;
  /** Closes the source. Harmless when that was done already. */
  release(): void;
}

export interface UploadHooks {
  readonly onTaken: (bytes: number) => void;
  readonly onReady: () => void;
  readonly onError: (error: LeatError) => void;
}

/** @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED for a local file */
async function openUpload(source: UploadSource, sha256: boolean): Promise<Upload> {
  if (isBunFile(source)) return fromFile(source, sha256);
  if (source instanceof Blob) return fromBlob(source, source.size, sha256);
  if (source instanceof Uint8Array) return fromBytes(source, sha256);
  // Callers without types: a string is iterable, too, and a path is not its contents.
  const given: unknown = source;
  if (typeof given === "object" && given !== null && isIterable(given)) {
    return fromChunks(source, undefined, sha256);
  }
  throw new LeatError(
    "INVALID_ARGUMENT",
    "put takes a file of Bun.file, a Blob, a Uint8Array, a stream, or something that yields bytes",
  );
}

/** Opens the source of an upload for each of its tries. */
export interface UploadOrigin {
  /** @throws NOT_FOUND, IS_A_DIRECTORY, … for a local file */
  open(): Upload | Promise<Upload>;
  /** Whether it can be opened more than once. */
  readonly replayable: boolean;
}

export function originOf(source: UploadSource, sha256: boolean): UploadOrigin {
  const replayable = source instanceof Blob || source instanceof Uint8Array;
  return { open: () => openUpload(source, sha256), replayable };
}

/** @param length of its first bytes; of all unless given */
async function digestOf(source: Source, length = Number.POSITIVE_INFINITY): Promise<Digest> {
  const digest = new Digest(false);
  const take = (bytes: Uint8Array): void => digest.update(bytes);
  const takeZeros = (zeros: number): void => digest.zeros(zeros);
  await readInTurns(source, { offset: 0, length }, take, undefined, takeZeros);
  return digest;
}

async function prefixOf(source: Source, length: number): Promise<number> {
  const digest = await digestOf(source, length);
  if (digest.bytes === length) return digest.crc32;
  throw new LeatError("CHANGED", `${source.entry.name} has less than ${length} bytes now`);
}

function isIterable(value: object): boolean {
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

function isBunFile(source: UploadSource): source is Bun.BunFile {
  return (
    source instanceof Blob &&
    "name" in source &&
    typeof source.name === "string" &&
    !(source instanceof File)
  );
}

async function fromFile(file: Bun.BunFile, sha256: boolean): Promise<Upload> {
  const path = file.name!;
  const source = await openLocalFile(path);
  const { size } = source.entry;
  if (file.size !== size) {
    // A slice of the file: only Bun knows which bytes these are.
    const chunks = guardedChunks(file.stream(), source, path);
    return {
      ...fromBlob(file, file.size < size ? file.size : undefined, sha256, chunks),
      release: () => source[Symbol.dispose](),
    };
  }
  return uploadOf(source, sha256, path);
}

/**
 * A file that is open; released with the upload, or when this fails.
 * @param path for messages
 * @throws what reading it throws
 */
export function uploadOf(source: Source, sha256: boolean, path: string): Upload {
  const { size, modified, mode } = source.entry;
  if (size <= PAGE && !hasSize(source)) return fromUnsized(source, sha256, path);
  return {
    size,
    allocated: source.allocated,
    modified,
    mode,
    prefix: (length) => prefixOf(source, length),
    whole: async () => ({ size, crc32: await prefixOf(source, size) }),
    start: (from, { onTaken, onReady }) =>
      new OutgoingSource({
        source,
        offset: from.length,
        length: size - from.length,
        prefix: from,
        sha256,
        path,
        onTaken,
        onHole: onTaken,
        onReady,
        patient: true,
      }),
    release: () => source[Symbol.dispose](),
  };
}

/** Files of /proc claim a size of 0 and those of /sys one page, whatever is in them. */
const PAGE = 4096;

function hasSize(source: Source): boolean {
  const { size } = source.entry;
  try {
    // Some can be read only by the page, or not at all.
    return atOnce(source.read(new Uint8Array(2 * PAGE), 0)) === size;
  } catch (thrown) {
    source[Symbol.dispose]();
    throw thrown;
  }
}

/** Each try sends all of it, as it is then. */
function fromUnsized(source: Source, sha256: boolean, path: string): Upload {
  return {
    ...fromChunks(wholeSource(source, DATA_PAYLOAD, path), undefined, sha256),
    modified: source.entry.modified,
    mode: source.entry.mode,
    whole: async () => (await digestOf(source)).finish(),
    release: () => source[Symbol.dispose](),
  };
}

function fromBytes(bytes: Uint8Array, sha256: boolean): Upload {
  return {
    ...fromChunks([], bytes.length, sha256),
    whole: () => Promise.resolve({ size: bytes.length, crc32: crc32(bytes) }),
    start: (_from, { onTaken }) => new OutgoingBytes({ bytes, sha256, onTaken }),
  };
}

function fromBlob(
  blob: Blob,
  size: number | undefined,
  sha256: boolean,
  chunks: AsyncIterable<Uint8Array> = blob.stream(),
): Upload {
  return {
    ...fromChunks(chunks, size, sha256),
    whole: async () => {
      const digest = new Digest(false);
      for await (const bytes of blob.stream()) digest.update(bytes);
      return digest.finish();
    },
  };
}

/** A source that can be read only once: it is not tried again. */
function fromChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number | undefined,
  sha256: boolean,
): Upload {
  return {
    size,
    modified: undefined,
    mode: undefined,
    // Never equal to a CRC: such an upload does not continue a part that the server has.
    prefix: (length) => Promise.resolve(length === 0 ? 0 : Number.NaN),
    whole: () =>
      Promise.reject(
        new LeatError(
          "CHANGED",
          "the source can be read only once: it cannot be compared with the receipt",
        ),
      ),
    start: (_from, hooks) => new OutgoingChunks({ chunks, sha256, ...hooks }),
    release: () => {},
  };
}
