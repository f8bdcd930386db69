/** What can be uploaded, and how it leaves. */
import { LeatError } from "../errors.ts";
import type { Outgoing } from "../session/outgoing.ts";
import { openLocalFile } from "../store/local-file.ts";
import type { Source, Time } from "../store/store.ts";
import { OutgoingChunks } from "../transfer/outgoing-chunks.ts";
import { OutgoingSource } from "../transfer/outgoing-source.ts";

/** A file of `Bun.file`, bytes, or anything that gives bytes in chunks. */
export type UploadSource =
  Blob | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** An upload that is ready to be asked for. */
export interface Upload {
  /** Bytes, when known. */
  readonly size: number | undefined;
  readonly modified: Time | undefined;
  /** Its bytes, once the stream is open. Called at most once; else `release`. */
  start(hooks: UploadHooks): Outgoing;
  release(): void;
}

export interface UploadHooks {
  readonly onTaken: (bytes: number) => void;
  readonly onReady: () => void;
  readonly onError: (error: LeatError) => void;
}

/** @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED for a local file */
export async function openUpload(source: UploadSource, sha256: boolean): Promise<Upload> {
  if (isBunFile(source)) return fromFile(source, sha256);
  if (source instanceof Blob) return fromChunks(source.stream(), source.size, sha256);
  if (source instanceof Uint8Array) return fromChunks([source], source.length, sha256);
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
    // A slice has the name of the file, too: its bytes are those that Bun reads of it.
    source[Symbol.dispose]();
    return fromChunks(file.stream(), file.size < size ? file.size : undefined, sha256);
  }
  return uploadOf(source, sha256, path);
}

/** A file that is open; released with the upload. @param path for messages */
export function uploadOf(source: Source, sha256: boolean, path: string): Upload {
  const { size, modified } = source.entry;
  return {
    size,
    modified,
    start: ({ onTaken }) =>
      new OutgoingSource({ source, offset: 0, length: size, sha256, path, onTaken }),
    release: () => source[Symbol.dispose](),
  };
}

function fromChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number | undefined,
  sha256: boolean,
): Upload {
  return {
    size,
    modified: undefined,
    start: (hooks) => new OutgoingChunks({ chunks, sha256, ...hooks }),
    release: () => {},
  };
}
